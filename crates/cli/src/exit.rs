//! How the program can end. Scripts and pipelines rely on these numbers: they never change their meaning.

use std::process::ExitCode;

use keysweep_core::assessment::Conclusion;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was assessed and no key is long-term inactive; or another verb did its work, as [`VERBS`] says.
    Clean,
    /// It failed: there is no assessment, or it could not be written, or not delivered.
    Failed,
    /// The command line, the environment or the configuration file is wrong. Nothing was called.
    Usage,
    /// Everything was assessed and there are long-term inactive keys.
    LongTermKeys,
    /// `keysweep diff`: everything was assessed in both scans, and something changed.
    Changes,
    /// Something could not be assessed; there may be long-term inactive keys too.
    Incomplete,
    /// A plan was refused: nothing was deleted.
    Refused,
    /// A plan was applied, and some of its keys are still there.
    PartlyDone,
    /// It was stopped by Ctrl-C (SIGINT) or SIGTERM.
    Interrupted,
}

impl Exit {
    /// Every way to end, by number.
    pub const ALL: [Self; 9] = [
        Self::Clean,
        Self::Failed,
        Self::Usage,
        Self::LongTermKeys,
        Self::Changes,
        Self::Incomplete,
        Self::Refused,
        Self::PartlyDone,
        Self::Interrupted,
    ];

    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::LongTermKeys | Self::Changes => 3,
            Self::Incomplete => 4,
            Self::Refused => 5,
            Self::PartlyDone => 6,
            Self::Interrupted => 130,
        }
    }

    /// Its name in the documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::LongTermKeys => "long-term keys",
            Self::Changes => "changes",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
            Self::PartlyDone => "partly done",
            Self::Interrupted => "interrupted",
        }
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Clean => {
                "Everything was assessed and no key is long-term inactive. Of other verbs: see the table below."
            }
            Self::Failed => {
                "keysweep failed: there is no assessment, or it could not be written, or not all of it was delivered (`--to`); then the report is there, and the text says how to send it again."
            }
            Self::Usage => {
                "The command line, the environment or the configuration file is wrong. Nothing was called."
            }
            Self::LongTermKeys => "Everything was assessed and there are long-term inactive keys.",
            Self::Changes => {
                "Of `keysweep diff`: everything was assessed in both scans, and something changed."
            }
            Self::Incomplete => {
                "Something could not be assessed: the report says what, why, and what to do. There may be long-term inactive keys too. Of `keysweep plan` and `keysweep clean`: the text says where; the plan and what was due in it are done all the same. Of `keysweep doctor` and `keysweep evidence import`: something does not work, or was not read."
            }
            Self::Refused => {
                "A plan, an approval or an apply was refused: the plan was changed, is stale, is not approved, or a rule objects, or the exemptions cannot be read. Nothing was deleted; the text says what to do."
            }
            Self::PartlyDone => {
                "A plan was applied, and some of its keys are still there: the table says which, why, and what to do."
            }
            Self::Interrupted => {
                "Stopped by Ctrl-C (SIGINT) or SIGTERM. The report holds what was done until then."
            }
        }
    }
}

/// How a verb can end.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The verb.
    pub verb: &'static str,
    /// What 0 says of it.
    pub clean: &'static str,
    /// Every way, in the order of the codes.
    pub exits: &'static [Exit],
}

/// What any verb can end with that makes or reads something.
const PLAIN: &[Exit] = &[Exit::Clean, Exit::Failed, Exit::Usage];
/// The same, where Ctrl-C is heeded.
const STOPPABLE: &[Exit] = &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Interrupted];
const LOOKING: &[Exit] = &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Incomplete, Exit::Interrupted];
const AGREEING: &[Exit] = &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Refused, Exit::Interrupted];
const PLANNING: &[Exit] =
    &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Incomplete, Exit::Refused, Exit::Interrupted];
const DELETING: &[Exit] =
    &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Refused, Exit::PartlyDone, Exit::Interrupted];
/// Scanning, planning and deleting in one.
const CLEANING: &[Exit] = &[
    Exit::Clean,
    Exit::Failed,
    Exit::Usage,
    Exit::Incomplete,
    Exit::Refused,
    Exit::PartlyDone,
    Exit::Interrupted,
];

/// Every verb, by name. The program asserts in debug builds, with which the tests run, that no verb ends otherwise.
pub static VERBS: &[Ends] = &[
    Ends { verb: "apply", clean: "every key of the plan is gone", exits: DELETING },
    Ends { verb: "approve", clean: "the plan is approved", exits: AGREEING },
    Ends {
        verb: "clean",
        clean: "everything was assessed, and all that was due is gone, or nothing was due, or it was a dry run; 4 where that is so and something could not be assessed",
        exits: CLEANING,
    },
    Ends { verb: "completions", clean: "the script is written", exits: PLAIN },
    Ends {
        verb: "demo",
        clean: "the findings are the truth of the simulation; it has long-term inactive keys all the same",
        exits: STOPPABLE,
    },
    Ends {
        verb: "diff",
        clean: "both scans assessed everything, and nothing changed",
        exits: &[Exit::Clean, Exit::Failed, Exit::Usage, Exit::Changes, Exit::Incomplete, Exit::Interrupted],
    },
    Ends {
        verb: "doctor",
        clean: "all that was looked at works; 4 where something does not",
        exits: LOOKING,
    },
    Ends {
        verb: "evidence",
        clean: "all was read, understood and noted; 4 where something was not",
        exits: LOOKING,
    },
    Ends {
        verb: "exempt",
        clean: "it is done; `exempt check` ends so for exempt keys and for others; 5 where the file of exemptions cannot be read",
        exits: AGREEING,
    },
    Ends { verb: "explain", clean: "the explanation is written, whatever the verdict is", exits: STOPPABLE },
    Ends { verb: "history", clean: "the list is written", exits: STOPPABLE },
    Ends {
        verb: "journal",
        clean: "it is written and, with `--verify`, nothing in it was changed",
        exits: STOPPABLE,
    },
    Ends { verb: "man", clean: "the page is written", exits: PLAIN },
    Ends {
        verb: "plan",
        clean: "everything was assessed, the plan is made, and no rule objects to it; 4 where that is so and something could not be assessed",
        exits: PLANNING,
    },
    Ends { verb: "policies", clean: "they are written and, with `--check`, right", exits: PLAIN },
    Ends { verb: "receipts", clean: "they are written", exits: STOPPABLE },
    Ends {
        verb: "report",
        clean: "the report is written and delivered, whatever is in it",
        exits: STOPPABLE,
    },
    Ends {
        verb: "revert",
        clean: "every key that the run switched off is on again, or it was a dry run",
        exits: DELETING,
    },
    Ends { verb: "rules", clean: "they are written", exits: PLAIN },
    Ends {
        verb: "scan",
        clean: "everything was assessed and no key is long-term inactive",
        exits: &[
            Exit::Clean,
            Exit::Failed,
            Exit::Usage,
            Exit::LongTermKeys,
            Exit::Incomplete,
            Exit::Interrupted,
        ],
    },
    Ends { verb: "simulate", clean: "it was stopped by Ctrl-C", exits: STOPPABLE },
    Ends { verb: "state", clean: "it is done and, with `check`, the store is sound", exits: STOPPABLE },
];

impl Ends {
    /// How this verb can end; `None` for what is no verb.
    pub fn of(verb: &str) -> Option<&'static Self> {
        VERBS.iter().find(|ends| ends.verb == verb)
    }

    /// Whether it can end so.
    pub fn has(&self, exit: Exit) -> bool {
        self.exits.contains(&exit)
    }
}

impl From<Conclusion> for Exit {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Clean => Self::Clean,
            Conclusion::LongTermKeys => Self::LongTermKeys,
            Conclusion::Incomplete => Self::Incomplete,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
