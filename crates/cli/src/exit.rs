//! How the program can end. Scripts and pipelines rely on these numbers: they never change their meaning.

use std::process::ExitCode;

use keysweep_core::assessment::Conclusion;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was assessed and no key is long-term inactive; or a verb other than `scan` did its work.
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
            Self::Clean => "Everything was assessed and no key is long-term inactive.",
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
                "Something could not be assessed: the report says what, why, and what to do. There may be long-term inactive keys too."
            }
            Self::Refused => {
                "A plan, an approval or an apply was refused: the plan was changed, is stale, is not approved, or a rule objects. Nothing was deleted; the text says what to do."
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
