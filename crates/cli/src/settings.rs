//! What is settled, from all sources together: flags, `KEYSWEEP_*` variables and `keysweep.toml`. Which settings there are is in
//! `setting_table`, which source wins is for `config` to say.

use std::path::PathBuf;
use std::time::Duration;

use keysweep_app::filter::Filters;
use keysweep_app::max_rate::MaxRate;
use keysweep_core::delivery::Destination;
use keysweep_core::policy::Policy;
use keysweep_report::Format;
use keysweep_store::Location;

use crate::clean_up_settings::CleanUp;
use crate::log::{Level, LogFormat};

/// What `keysweep scan` is to do, from all sources together.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Settings {
    /// Assess the organization, not only the caller's account.
    pub org: bool,
    /// Which accounts of the organization.
    pub filters: Filters,
    /// The file that lists the accounts that must be assessed completely.
    pub expect_accounts: Option<PathBuf>,
    /// The role to assume in member accounts.
    pub role: Role,
    /// The AWS profile; the SDK's default where `None`.
    pub profile: Option<String>,
    /// The AWS region; the SDK's default where `None`.
    pub region: Option<String>,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// List every user instead of trusting the credential report.
    pub exhaustive: bool,
    /// How many accounts are assessed at the same time.
    pub concurrency: usize,
    /// How fast services are called at most.
    pub max_rates: Vec<MaxRate>,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// Where scans are kept; the platform's directory for data where `None`.
    pub state: Option<Location>,
    /// How long the scan may take.
    pub deadline: Option<Duration>,
    /// Ask for everything, also for what earlier scans know.
    pub fresh: bool,
    /// Go on with the last scan, which did not finish.
    pub resume: bool,
    /// What the report is written as: at least one format, each once.
    pub formats: Vec<Format>,
    /// Where the report is written, a file or a directory; standard output where `None`.
    pub output: Option<PathBuf>,
    /// Where the report is delivered to when it is written, each once.
    pub to: Vec<Destination>,
    /// The file that holds the secret of web hooks.
    pub webhook_secret_file: Option<PathBuf>,
    /// Mask access key ids.
    pub mask: bool,
    /// Replace every name and id.
    pub anonymize: bool,
    /// The key of the replacements; a random one where `None`. It asks for them by itself.
    pub anonymize_key_file: Option<PathBuf>,
    /// Whether to use colours.
    pub color: Color,
    /// The width of the terminal summary; the terminal's own where `None`.
    pub width: Option<usize>,
    /// Show nothing on stderr but errors.
    pub quiet: bool,
    /// What is logged; where `None`, that depends on who is looking.
    pub log_level: Option<Level>,
    /// As what it is logged.
    pub log_format: LogFormat,
    /// Tell what the scan cost.
    pub stats: bool,
    /// The reviewed file of exemptions; `exemptions.toml`, where there is one, where `None`.
    pub exemptions: Option<PathBuf>,
    /// What a clean-up may do.
    pub clean_up: CleanUp,
    /// What the configuration file alone says, where flags and variables may not take protection away.
    pub of_file: OfFile,
}

/// What the configuration file says without flags and variables.
#[derive(Clone, Debug, Default)]
pub struct OfFile {
    /// The reviewed file of exemptions.
    pub exemptions: Option<PathBuf>,
    /// What verdicts are measured against.
    pub policy: Policy,
}

/// How member accounts are entered.
#[derive(Clone, Debug)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// Its path, with a slash at both ends.
    pub path: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name of the session, which CloudTrail shows.
    pub session_name: String,
    /// How long its credentials are valid; they are renewed for longer scans.
    pub session_duration: Duration,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            org: false,
            filters: Filters::default(),
            expect_accounts: None,
            role: Role {
                name: "OrganizationAccountAccessRole".to_owned(),
                path: "/".to_owned(),
                external_id: None,
                session_name: "keysweep".to_owned(),
                session_duration: Duration::from_hours(1),
            },
            profile: None,
            region: None,
            policy: Policy::default(),
            exhaustive: false,
            concurrency: 500,
            max_rates: Vec::new(),
            give_up_after: Duration::from_mins(5),
            deadline: None,
            state: None,
            fresh: false,
            resume: false,
            formats: vec![Format::Terminal],
            output: None,
            to: Vec::new(),
            webhook_secret_file: None,
            mask: false,
            anonymize: false,
            anonymize_key_file: None,
            color: Color::Auto,
            width: None,
            quiet: false,
            log_level: None,
            log_format: LogFormat::Text,
            stats: false,
            exemptions: None,
            clean_up: CleanUp::default(),
            of_file: OfFile::default(),
        }
    }
}
