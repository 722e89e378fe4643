//! The command line. The flags of `scan` are made from the table of settings by [`crate::setting_flags`]; the other verbs
//! declare theirs here or in their own files.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, CommandFactory, Parser, Subcommand, ValueEnum};
use keysweep_core::account::{AccountId, Partition};
use keysweep_core::delivery::Destination;
use keysweep_core::key::UserName;
use keysweep_core::time::{SignedDuration, Span};
use keysweep_report::{Format, Style};

use crate::setting_flags::{AccessArgs, DeliveryArgs, ScanArgs};
use crate::settings::Color;
use crate::state::StateArgs;
use crate::terminal::style;
use crate::verb::simulate::SimulateArgs;
use crate::verb::{apply, approve, clean, evidence, exempt, journal, plan, policies, revert};

/// Finds the IAM access keys that have stayed inactive for too long, with evidence.
///
/// An inactive access key cannot call AWS, but one call of iam:UpdateAccessKey turns it on again, with all the
/// permissions of its user. keysweep finds these keys in one account or in a whole organization, proves since when each
/// has been inactive, and says what it could not assess. Scans only read; keys are deleted only by a plan that was approved.
#[derive(Debug, Parser)]
#[command(name = "keysweep", version, max_term_width = 110, after_help = AFTER_HELP, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const AFTER_HELP: &str = "\
Exit codes: 0 complete and clean, 1 failed, 2 usage, 3 long-term inactive keys, 4 incomplete, 5 plan refused, 6 plan partly \
done, 130 interrupted.

Begin with `keysweep demo`: it needs no AWS account.";

const SCAN_AFTER_HELP: &str = "\
Every setting can also stand in keysweep.toml (threshold = \"45d\") or in the environment (KEYSWEEP_THRESHOLD=45d); a flag \
wins over the environment, and that over the file. Credentials are found as every AWS tool finds them.

Exit codes: 0 complete and clean, 1 failed, 2 usage, 3 long-term inactive keys, 4 incomplete, 130 interrupted.";

const CLEAN_UP_AFTER_HELP: &str = "\
The way of a clean-up: `keysweep scan`, `keysweep plan`, `keysweep approve plan.json --by NAME`, `keysweep apply plan.json`. \
docs/SAFETY.md says what is promised.

Exit codes: 0 all done, 1 failed, 2 usage, 5 refused (nothing was deleted), 6 some planned keys are still there, 130 \
interrupted.";

const PLAN_AFTER_HELP: &str = "\
The way of a clean-up: `keysweep scan`, `keysweep plan`, `keysweep approve plan.json --by NAME`, `keysweep apply plan.json`. \
docs/SAFETY.md says what is promised.

Exit codes: 0 done, 1 failed, 2 usage, 4 done, and something could not be assessed, 5 refused (rules object), 130 interrupted.";

const AGREE_AFTER_HELP: &str = "\
The way of a clean-up: `keysweep scan`, `keysweep plan`, `keysweep approve plan.json --by NAME`, `keysweep apply plan.json`. \
docs/SAFETY.md says what is promised.

Exit codes: 0 done, 1 failed, 2 usage, 5 refused (rules object, or the plan is not as it was made), 130 interrupted.";

const CLEAN_AFTER_HELP: &str = "\
What may be deleted unattended stands in the section [clean_up] of the configuration file, and nowhere else: without \
auto_approve nothing is. A key is deleted when it has been in published plans for the grace (7 days); the first run in an \
account deletes nothing there. docs/SAFETY.md says what is promised.

Exit codes: 0 all done, or nothing was due, 1 failed, 2 usage, 4 so it is, and something could not be assessed, 5 refused (nothing was deleted), 6 some planned keys are \
still there, 130 interrupted.";

const REVERT_AFTER_HELP: &str = "\
A key is reactivated only where AWS confirmed that the run deactivated it, and nobody else has set its status since. Deleted \
keys cannot be brought back. `keysweep journal` lists the runs; docs/SAFETY.md says what a revert can and cannot do.

Exit codes: 0 all done, or nothing to do, 1 failed, 2 usage, 5 refused (nothing was changed), 6 some keys are still \
Inactive, 130 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Delete and deactivate the keys of an approved plan, each after one more look
    #[command(after_help = CLEAN_UP_AFTER_HELP)]
    Apply(apply::ApplyArgs),
    /// Agree to a plan, exactly as it is
    #[command(after_help = AGREE_AFTER_HELP)]
    Approve(approve::ApproveArgs),
    /// Scan, plan and delete without anybody attending, within the limits of the configuration file
    #[command(after_help = CLEAN_AFTER_HELP)]
    Clean(clean::CleanArgs),
    /// Assess a simulated organization of 50 accounts: a few seconds, no AWS account needed
    Demo(DemoArgs),
    /// Tell what differs between two scans: keys that came, went, or crossed the threshold
    #[command(after_help = DIFF_AFTER_HELP)]
    Diff(DiffArgs),
    /// Say before a scan whether it will work, and what mends what will not; changes nothing
    #[command(after_help = DOCTOR_AFTER_HELP)]
    Doctor(DoctorArgs),
    /// Keep keys out of clean-up, list what is kept out, and say whether a key is
    Exempt(exempt::ExemptVerb),
    /// Take in evidence that no scan can see
    Evidence(EvidenceArgs),
    /// Say why a key has the verdict that it has, step by step, with its timeline
    Explain(ExplainArgs),
    /// List the scans that were made: what each covered, found and took
    History(HistoryArgs),
    /// Show what clean-ups did, step by step, and check that nothing of it was changed
    Journal(journal::JournalArgs),
    /// Write a receipt for each key that a clean-up deleted or switched
    Receipts(journal::ReceiptsArgs),
    /// Find the long-term inactive access keys of an account or an organization
    #[command(after_help = SCAN_AFTER_HELP)]
    Scan(ScanArgs),
    /// Say which keys would be deleted and why, and why all others would not; nothing is deleted
    #[command(after_help = PLAN_AFTER_HELP)]
    Plan(plan::PlanArgs),
    /// Write the least-privilege IAM policies that keysweep needs
    #[command(after_help = POLICIES_AFTER_HELP)]
    Policies(PoliciesArgs),
    /// Write the report of a scan that is in the store, in any format
    Report(ReportArgs),
    /// Reactivate what a clean-up deactivated; without --yes, say which keys that would be
    #[command(after_help = REVERT_AFTER_HELP)]
    Revert(revert::RevertArgs),
    /// List the rules that findings are instances of, with severities and controls, or show one
    Rules(RulesArgs),
    /// Serve a simulated AWS organization on this machine, for any AWS tool
    Simulate(SimulateArgs),
    /// Look after the store, where scans are kept: check it, move it, remove what is old
    State(StateVerb),
    /// Write the completion script of a shell to standard output
    Completions(CompletionsArgs),
    /// Write a man page to standard output, or all of them to a directory
    Man(ManArgs),
}

/// The command line of `keysweep demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Where the reports are written
    #[arg(long, value_name = "DIRECTORY", default_value = "keysweep-demo")]
    pub directory: PathBuf,
    /// The seed of the simulated organization: the same seed, the same organization
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub seed: u64,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

const DOCTOR_AFTER_HELP: &str = "\
It takes the settings of `keysweep scan` that decide who calls what, from the same flags, \
variables and file. docs/DOCTOR.md says what is looked at.

Exit codes: 0 all that was looked at works, 1 failed, 2 usage, 4 something does not, 130 stopped.";

/// The command line of `keysweep doctor`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct DoctorArgs {
    /// With --org, how many accounts are looked at, beside the caller's own and the management account
    #[arg(long, value_name = "ACCOUNTS", default_value_t = 5, conflicts_with = "all")]
    pub sample: usize,
    /// With --org, look at every account that a scan would enter
    #[arg(long)]
    pub all: bool,
    /// What the result is written as
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: DoctorFormat,
    /// Who calls what.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// What a diagnosis is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// To read in a terminal
    Terminal,
    /// Schema keysweep.diagnosis/v1
    Json,
}

/// The command line of `keysweep explain`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ExplainArgs {
    /// The key's id, or as much of its beginning as no other key shares
    #[arg(value_name = "KEY_ID", required_unless_present = "user", conflicts_with = "user")]
    pub key: Option<String>,
    /// All keys of a user of this name, in any account
    #[arg(long, value_name = "NAME")]
    pub user: Option<UserName>,
    /// What this scan found, by its id or the beginning of it, or `latest` [default: the last that has the key]
    #[arg(long, value_name = "SCAN")]
    pub scan: Option<String>,
    /// What the explanation is written as
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ExplainFormat,
    /// How it is drawn.
    #[command(flatten)]
    pub text: TextArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// What an explanation is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// A text with a drawing
    Terminal,
    /// Schema keysweep.explanation/v1
    Json,
}

/// The command line of `keysweep history`.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// What the list is written as, and from where.
    #[command(flatten)]
    pub list: ListArgs,
}

const DIFF_AFTER_HELP: &str = "\
A scan is named by its id, the beginning of it, or `latest`; `keysweep history` lists them. A key that is missing because \
its account or user was not looked at is no longer assessed; it is never taken for gone.

Exit codes: 0 no change, 1 failed, 2 usage, 3 changes, 4 the comparison is incomplete, 130 interrupted.";

/// The command line of `keysweep diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The earlier scan [default: the last of the same scope before the later one]
    #[arg(value_name = "A")]
    pub before: Option<String>,
    /// The later scan [default: the last that finished, of the same scope as A where that is given]
    #[arg(value_name = "B")]
    pub after: Option<String>,
    /// What the difference is written as, and from where.
    #[command(flatten)]
    pub list: ListArgs,
}

/// How a text is drawn, for verbs that draw one and take no settings.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct TextArgs {
    /// The columns of the text, from 60 to 1000 [default: the terminal's]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(60..=1000))]
    pub width: Option<u16>,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl TextArgs {
    /// As output is drawn; `to_file`, where it goes to a file and not to the terminal.
    pub fn style(&self, to_file: bool) -> Style {
        style(self.color, self.width.map(usize::from), to_file)
    }
}

/// What verbs that tell of past scans have in common.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// What it is written as
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ListFormat,
    /// How it is drawn.
    #[command(flatten)]
    pub text: TextArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// What the list of scans, or the difference of two, is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// To read in a terminal
    Terminal,
    /// One JSON document
    Json,
    /// Markdown, for an issue or a pull request
    Markdown,
}

const POLICIES_AFTER_HELP: &str = "\
json: a policy for each purpose (scan, organization, clean-up, clean-up-entry, deactivation; with --to also delivery and delivery-to-bucket) and the trust policy.
cloudformation: the roles of each account, for a StackSet, and the policies of whoever runs keysweep.
terraform: the same as two modules.

docs/PERMISSIONS.md says which policy goes where.";

/// The command line of `keysweep policies`.
#[derive(Debug, clap::Args)]
pub struct PoliciesArgs {
    /// As what they are written
    #[arg(long, short, value_name = "FORMAT", default_value = "json")]
    pub format: PolicyFileFormat,
    /// The directory that the files are written into; otherwise all of them go to standard output
    #[arg(long, short, value_name = "DIRECTORY")]
    pub output: Option<PathBuf>,
    /// The partition of the ARNs in JSON: aws, aws-us-gov or aws-cn
    #[arg(long, value_name = "PARTITION", default_value = "aws", value_parser = policies::partition)]
    pub partition: Partition,
    /// The role that scans, in each account; the one that cleans up has -clean-up behind it
    #[arg(long, value_name = "NAME", default_value = "keysweep", value_parser = policies::role_name)]
    pub role_name: String,
    /// Its path
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = policies::role_path)]
    pub role_path: String,
    /// The account that keysweep runs in, which the roles trust
    #[arg(long, value_name = "ACCOUNT", value_parser = policies::account)]
    pub trusted_account: Option<AccountId>,
    /// The external id that the roles ask for
    #[arg(long, value_name = "ID", value_parser = crate::setting_values::external_id)]
    pub external_id: Option<String>,
    /// What reports are delivered to, as for scan --to; the permissions for it are written too. Repeatable
    #[arg(long, value_name = "DESTINATION", value_parser = crate::setting_values::destination)]
    pub to: Vec<Destination>,
    /// Write nothing; hold the policies against every call that keysweep can make
    #[arg(long, conflicts_with = "output")]
    pub check: bool,
}

/// As what policies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyFileFormat {
    /// Policy documents
    Json,
    /// Templates: one for a StackSet, one for whoever runs keysweep
    Cloudformation,
    /// Modules: one for each account, one for whoever runs keysweep
    Terraform,
}

const IMPORT_AFTER_HELP: &str = "\
Files are told by their content: log files of a trail (.json, .json.gz), the output of \
`aws cloudtrail lookup-events`, and the console's downloads of the event history. docs/EVIDENCE.md \
says how to get each, and what is and is not proven by it.

Exit codes: 0 all was read and noted, 1 failed, 2 usage, 4 something was not read, not understood \
or not noted, 130 stopped.";

/// The command line of `keysweep evidence`.
#[derive(Debug, clap::Args)]
pub struct EvidenceArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: EvidenceAction,
}

/// What `keysweep evidence` does.
#[derive(Debug, Subcommand)]
pub enum EvidenceAction {
    /// Keep what files of CloudTrail events tell of access keys, for later scans
    #[command(after_help = IMPORT_AFTER_HELP)]
    Import(ImportArgs),
}

/// The command line of `keysweep evidence import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// A file, or a directory of them
    #[arg(value_name = "FILE|DIRECTORY")]
    pub path: PathBuf,
    /// Keep the events of this account only; without it, each is kept for the account that it names
    #[arg(long, value_name = "ACCOUNT", value_parser = policies::account)]
    pub account: Option<AccountId>,
    /// Assert that every status change of the account from FROM up to TO is among what is known then: days, or moments
    /// such as 2025-01-01T00:00:00Z; may be repeated. Nothing proves it, so only observed claims rest on it
    #[arg(long, value_name = "FROM..TO", requires = "account", value_parser = evidence::span)]
    pub covers: Vec<Span>,
    /// How to say what was done
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ImportFormat,
    /// Where the evidence is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// How an import says what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// In words
    Terminal,
    /// As `keysweep.import/v1`
    Json,
}

/// The command line of `keysweep state`.
#[derive(Debug, clap::Args)]
pub struct StateVerb {
    /// What to do with the store.
    #[command(subcommand)]
    pub action: StateAction,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum StateAction {
    /// Tell everything that is wrong with it; it is not changed. Exit code 1 where anything is
    Check {
        /// Which store.
        #[command(flatten)]
        state: StateArgs,
    },
    /// Write all of it as lines of JSON: to move it, to keep a copy, to look into it
    Export {
        /// Which store.
        #[command(flatten)]
        state: StateArgs,
        /// Where it is written; a file that exists is replaced, whole or not at all [default: standard output]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add what `keysweep state export` wrote, all or nothing; what is there already stays as it is
    Import {
        /// Which store.
        #[command(flatten)]
        state: StateArgs,
        /// The file that was exported
        file: PathBuf,
    },
    /// Remove old scans and their results; nothing that a verdict rests on is removed
    Prune {
        /// Which store.
        #[command(flatten)]
        state: StateArgs,
        /// How old a scan must be, such as 400d
        #[arg(long, value_name = "TIME", value_parser = age)]
        older_than: SignedDuration,
    },
}

/// The command line of `keysweep report`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ReportArgs {
    /// The scan, by its id or the beginning of it, or `latest`: the last that finished
    #[arg(value_name = "SCAN", default_value = "latest")]
    pub scan: String,
    /// Compare with this earlier scan: terminal, html and markdown tell what changed; ndjson, ocsf and asff close the
    /// findings that are settled
    #[arg(long, value_name = "SCAN")]
    pub compare: Option<String>,
    /// Hold the scan against a list of accounts that must have been assessed completely, as `scan` does: a file with one
    /// account id a line
    #[arg(long, value_name = "FILE")]
    pub expect_accounts: Option<PathBuf>,
    /// The reviewed file of exemptions [default: exemptions.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub exemptions: Option<PathBuf>,
    /// What it is written as. With several formats, --output names the directory of their files
    #[arg(long, short, value_name = "FORMATS", default_value = "terminal", value_delimiter = ',', action = ArgAction::Append,
          value_parser = PossibleValuesParser::new(Format::NAMES))]
    pub format: Vec<String>,
    /// Where it is written: a file, or a directory, in which each format gets a file of its usual name, such as summary.txt.
    /// It is a directory where there is one of that name, where it ends with a slash, and always with several formats; it is
    /// made where there is none. A file that exists is replaced, whole or not at all [default: standard output]
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Show only the first and last four characters of access key ids
    #[arg(long)]
    pub mask: bool,
    /// Replace every name and id by another one, the same everywhere, so that the report can be shared
    #[arg(long)]
    pub anonymize: bool,
    /// The key of the replacements, at least 16 bytes: the same key, the same replacements. It implies --anonymize
    /// [default: a random key for each run]
    #[arg(long, value_name = "FILE")]
    pub anonymize_key_file: Option<PathBuf>,
    /// How it is drawn.
    #[command(flatten)]
    pub text: TextArgs,
    /// Do not say where the report was written
    #[arg(long, short)]
    pub quiet: bool,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
    /// Where it is delivered to; then it is written here only where --output says so.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
}

/// The command line of `keysweep rules`.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// The rule to show in full, such as KS001; without it, all of them are listed
    pub rule: Option<String>,
    /// How they are written
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    pub format: RulesFormat,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// How rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// To read in a terminal
    Terminal,
    /// One JSON document, schema keysweep.rules/v1
    Json,
    /// Markdown, as in docs/rules
    Markdown,
}

/// The command line of `keysweep completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// The command line of `keysweep man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The verb whose page is written; without it, the page of keysweep
    pub verb: Option<String>,
    /// Write every page into this directory instead
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "verb")]
    pub directory: Option<PathBuf>,
}

fn age(text: &str) -> Result<SignedDuration, String> {
    let length =
        humantime::parse_duration(text).ok().and_then(|length| SignedDuration::try_from(length).ok());
    length.ok_or_else(|| "it is not a length of time, such as 400d or 13months".to_owned())
}

/// The command line as clap describes it: for completions, man pages and the tests of documents.
pub fn command() -> clap::Command {
    Args::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
