//! The one table of the settings of `keysweep scan`. Flags, `KEYSWEEP_*` variables, the keys of `keysweep.toml` and
//! docs/CONFIG.md all come from it.

use keysweep_report::Format;

use crate::log::{Level, LogFormat};
use crate::setting_values::{
    color, destination, duration, external_id, formats, not_empty, number, output, parse, region, role_name,
    role_path, session_duration, session_name, set, state, switch,
};
use crate::settings::Settings;

/// What the values of a setting look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`; the bare flag means `true`.
    Switch,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One or more of these words, with commas between them.
    Choices(&'static [&'static str]),
    /// Any number of texts: the flag is repeated, the variable has commas, the file has an array.
    List,
}

/// One setting.
pub struct Setting {
    /// The name of the flag and of the key in the file.
    pub name: &'static str,
    /// The flag's short form.
    pub short: Option<char>,
    /// What its values look like.
    pub shape: Shape,
    /// What stands for its value in help texts.
    pub value_name: &'static str,
    /// The value that holds where no source gives one; empty where that is nothing.
    pub default: &'static str,
    /// Under which heading help texts show it.
    pub heading: &'static str,
    /// What it does, in one or two sentences.
    pub help: &'static str,
    /// A value as the file has it.
    pub example: &'static str,
    /// Puts a value into the settings, or says why it cannot be one. For a list, once for each item.
    pub apply: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    /// The name of its environment variable.
    pub fn variable(&self) -> String {
        format!("KEYSWEEP_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// The setting with that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.name == name)
    }

    /// Its key in the file, below the section that it stands in, if it stands in one.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

const ACCOUNTS: &str = "Accounts";
const SESSION: &str = "AWS session";
const JUDGEMENT: &str = "Judgement";
const CLEAN_UP: &str = "Clean-up";
const CALLS: &str = "Calls";
const MEMORY: &str = "Memory";
const OUTPUT: &str = "Output";
const DELIVERY: &str = "Delivery";
const LOG: &str = "Log";

/// Every setting, in the order of help texts and documents.
pub static TABLE: &[Setting] = &[
    Setting {
        name: "org",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: ACCOUNTS,
        help: "Assess every account of the organization, from its management or a delegated administrator account",
        example: "true",
        apply: |settings, text| set(&mut settings.org, switch(text)),
    },
    Setting {
        name: "include",
        short: None,
        shape: Shape::List,
        value_name: "ACCOUNTS",
        default: "",
        heading: ACCOUNTS,
        help: "With --org, assess only these accounts: an account id, an organizational unit (ou-ab12-cdefgh34 or ou:Workloads/Production) or a tag (tag:env=prod). Repeatable",
        example: r#"["ou:Workloads", "tag:env=prod"]"#,
        apply: |settings, text| parse(text).map(|selector| settings.filters.include.push(selector)),
    },
    Setting {
        name: "exclude",
        short: None,
        shape: Shape::List,
        value_name: "ACCOUNTS",
        default: "",
        heading: ACCOUNTS,
        help: "With --org, leave these accounts out, named as for --include. Repeatable; wins over --include",
        example: r#"["111122223333"]"#,
        apply: |settings, text| parse(text).map(|selector| settings.filters.exclude.push(selector)),
    },
    Setting {
        name: "expect-accounts",
        short: None,
        shape: Shape::Text,
        value_name: "FILE",
        default: "",
        heading: ACCOUNTS,
        help: "A list of accounts, one id a line (# begins a comment): one of them that is not assessed completely, or not in the organization, is a problem",
        example: r#""accounts.txt""#,
        apply: |settings, text| {
            set(&mut settings.expect_accounts, not_empty(text).map(|path| Some(path.into())))
        },
    },
    Setting {
        name: "role-name",
        short: None,
        shape: Shape::Text,
        value_name: "NAME",
        default: "OrganizationAccountAccessRole",
        heading: ACCOUNTS,
        help: "With --org, the role to assume in each member account",
        example: r#""SecurityAudit""#,
        apply: |settings, text| set(&mut settings.role.name, role_name(text)),
    },
    Setting {
        name: "role-path",
        short: None,
        shape: Shape::Text,
        value_name: "PATH",
        default: "/",
        heading: ACCOUNTS,
        help: "The path of that role",
        example: r#""/security/""#,
        apply: |settings, text| set(&mut settings.role.path, role_path(text)),
    },
    Setting {
        name: "external-id",
        short: None,
        shape: Shape::Text,
        value_name: "ID",
        default: "",
        heading: ACCOUNTS,
        help: "The external id that the trust policy of that role asks for",
        example: r#""keysweep-7f3a""#,
        apply: |settings, text| set(&mut settings.role.external_id, external_id(text).map(Some)),
    },
    Setting {
        name: "session-name",
        short: None,
        shape: Shape::Text,
        value_name: "NAME",
        default: "keysweep",
        heading: ACCOUNTS,
        help: "The name of the role sessions, as CloudTrail shows it",
        example: r#""keysweep-nightly""#,
        apply: |settings, text| set(&mut settings.role.session_name, session_name(text)),
    },
    Setting {
        name: "session-duration",
        short: None,
        shape: Shape::Text,
        value_name: "TIME",
        default: "1h",
        heading: ACCOUNTS,
        help: "How long the credentials of a role session are valid, from 15m to 12h. They are renewed for longer scans",
        example: r#""30m""#,
        apply: |settings, text| set(&mut settings.role.session_duration, session_duration(text)),
    },
    Setting {
        name: "profile",
        short: None,
        shape: Shape::Text,
        value_name: "NAME",
        default: "",
        heading: SESSION,
        help: "The AWS profile whose credentials are used [default: as every AWS tool: AWS_PROFILE, environment, SSO, …]",
        example: r#""security-audit""#,
        apply: |settings, text| set(&mut settings.profile, not_empty(text).map(Some)),
    },
    Setting {
        name: "region",
        short: None,
        shape: Shape::Text,
        value_name: "REGION",
        default: "",
        heading: SESSION,
        help: "The AWS region for regional endpoints; it tells the partition too [default: as every AWS tool]",
        example: r#""eu-central-1""#,
        apply: |settings, text| set(&mut settings.region, region(text).map(Some)),
    },
    Setting {
        name: "threshold",
        short: None,
        shape: Shape::Text,
        value_name: "TIME",
        default: "30d",
        heading: JUDGEMENT,
        help: "How long a key may stay inactive before it is long-term inactive, such as 45d or 6weeks",
        example: r#""45d""#,
        apply: |settings, text| set(&mut settings.policy.threshold, parse(text)),
    },
    Setting {
        name: "settling-margin",
        short: None,
        shape: Shape::Text,
        value_name: "TIME",
        default: "2h",
        heading: JUDGEMENT,
        help: "How long CloudTrail is given to deliver an event before its absence proves anything",
        example: r#""4h""#,
        apply: |settings, text| set(&mut settings.policy.settling_margin, parse(text)),
    },
    Setting {
        name: "exhaustive",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: CALLS,
        help: "List the keys of every user, instead of only of those that the credential report shows an inactive key for",
        example: "true",
        apply: |settings, text| set(&mut settings.exhaustive, switch(text)),
    },
    Setting {
        name: "concurrency",
        short: None,
        shape: Shape::Number,
        value_name: "ACCOUNTS",
        default: "500",
        heading: CALLS,
        help: "How many accounts are assessed at the same time, from 1 to 1000",
        example: "8",
        apply: |settings, text| set(&mut settings.concurrency, number(text, 1, 1000)),
    },
    Setting {
        name: "max-rate",
        short: None,
        shape: Shape::List,
        value_name: "SERVICE=RATE",
        default: "",
        heading: CALLS,
        help: "Call a service no faster than so many times a second for each account and operation: iam=5, cloudtrail=1, organizations=4 or sts=50. Repeatable; otherwise as fast as AWS lets",
        example: r#"["iam=5", "organizations=4"]"#,
        apply: |settings, text| parse(text).map(|rate| settings.max_rates.push(rate)),
    },
    Setting {
        name: "give-up-after",
        short: None,
        shape: Shape::Text,
        value_name: "TIME",
        default: "5m",
        heading: CALLS,
        help: "How long one call is repeated while AWS throttles it; then what it would have told is reported as not assessed",
        example: r#""10m""#,
        apply: |settings, text| set(&mut settings.give_up_after, duration(text)),
    },
    Setting {
        name: "deadline",
        short: None,
        shape: Shape::Text,
        value_name: "TIME",
        default: "",
        heading: CALLS,
        help: "How long the scan may take; accounts that are not assessed by then are reported as not assessed [default: as long as it takes]",
        example: r#""2h""#,
        apply: |settings, text| set(&mut settings.deadline, duration(text).map(Some)),
    },
    Setting {
        name: "state",
        short: None,
        shape: Shape::Text,
        value_name: "STORE",
        default: "",
        heading: MEMORY,
        help: "Where scans are kept, so that later ones know more and ask less: a SQLite file, which is made where there is none, postgres://USER@HOST/DATABASE, or none [default: state.db in the user's data directory]",
        example: r#""/var/lib/keysweep/state.db""#,
        apply: |settings, text| set(&mut settings.state, state(text)),
    },
    Setting {
        name: "fresh",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: MEMORY,
        help: "Ask AWS for everything anew, also for what earlier scans know. Their evidence stays evidence",
        example: "true",
        apply: |settings, text| set(&mut settings.fresh, switch(text)),
    },
    Setting {
        name: "resume",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: MEMORY,
        help: "Go on with the last scan, which was stopped or killed: accounts that it assessed are not assessed again",
        example: "true",
        apply: |settings, text| set(&mut settings.resume, switch(text)),
    },
    Setting {
        name: "exemptions",
        short: None,
        shape: Shape::Text,
        value_name: "FILE",
        default: "",
        heading: CLEAN_UP,
        help: "The reviewed file of exemptions: reports tell of them, and a clean-up reads it again before each delete. One that a flag or the variable names adds to the one of the file [default: exemptions.toml, where there is one]",
        example: r#""security/exemptions.toml""#,
        apply: |settings, text| set(&mut settings.exemptions, not_empty(text).map(|path| Some(path.into()))),
    },
    Setting {
        name: "format",
        short: Some('f'),
        shape: Shape::Choices(Format::NAMES),
        value_name: "FORMATS",
        default: "terminal",
        heading: OUTPUT,
        help: "What the report is written as. With several formats, --output names the directory of their files",
        example: r#""json,csv""#,
        apply: |settings, text| set(&mut settings.formats, formats(text)),
    },
    Setting {
        name: "output",
        short: Some('o'),
        shape: Shape::Text,
        value_name: "PATH",
        default: "",
        heading: OUTPUT,
        help: "Where the report is written: a file, or a directory, in which each format gets a file of its usual name, such as summary.txt. It is a directory where there is one of that name, where it ends with a slash, and always with several formats; it is made where there is none. A file that exists is replaced, whole or not at all [default: standard output]",
        example: r#""assessment.json""#,
        apply: |settings, text| set(&mut settings.output, output(text)),
    },
    Setting {
        name: "to",
        short: None,
        shape: Shape::List,
        value_name: "DESTINATION",
        default: "",
        heading: DELIVERY,
        help: "Where the report is delivered to as well, when it is written: security-hub, s3://BUCKET/PREFIX, or the https URL of a web hook. Repeatable",
        example: r#"["security-hub", "s3://amzn-s3-demo-bucket/keysweep"]"#,
        apply: |settings, text| {
            destination(text).map(|destination| {
                if !settings.to.contains(&destination) {
                    settings.to.push(destination);
                }
            })
        },
    },
    Setting {
        name: "webhook-secret-file",
        short: None,
        shape: Shape::Text,
        value_name: "FILE",
        default: "",
        heading: DELIVERY,
        help: "The file with the secret that calls of web hooks are signed with, at least 16 bytes [default: what KEYSWEEP_WEBHOOK_SECRET holds]",
        example: r#""webhook.secret""#,
        apply: |settings, text| {
            set(&mut settings.webhook_secret_file, not_empty(text).map(|path| Some(path.into())))
        },
    },
    Setting {
        name: "mask",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: OUTPUT,
        help: "Show only the first and last four characters of access key ids",
        example: "true",
        apply: |settings, text| set(&mut settings.mask, switch(text)),
    },
    Setting {
        name: "anonymize",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: OUTPUT,
        help: "Replace every name and id by another one, the same everywhere, so that the report can be shared. What is kept for later scans is not changed",
        example: "true",
        apply: |settings, text| set(&mut settings.anonymize, switch(text)),
    },
    Setting {
        name: "anonymize-key-file",
        short: None,
        shape: Shape::Text,
        value_name: "FILE",
        default: "",
        heading: OUTPUT,
        help: "The key of the replacements, at least 16 bytes: the same key, the same replacements. It implies --anonymize [default: a random key for each run]",
        example: r#""report.key""#,
        apply: |settings, text| {
            set(&mut settings.anonymize_key_file, not_empty(text).map(|path| Some(path.into())))
        },
    },
    Setting {
        name: "color",
        short: None,
        shape: Shape::Choice(&["auto", "always", "never"]),
        value_name: "WHEN",
        default: "auto",
        heading: OUTPUT,
        help: "Whether to use colours; auto: on a terminal, unless NO_COLOR is set",
        example: r#""never""#,
        apply: |settings, text| set(&mut settings.color, color(text)),
    },
    Setting {
        name: "width",
        short: None,
        shape: Shape::Number,
        value_name: "COLUMNS",
        default: "",
        heading: OUTPUT,
        help: "The width of the terminal summary, from 60 to 1000 [default: the terminal's; elsewhere nothing is shortened]",
        example: "120",
        apply: |settings, text| set(&mut settings.width, number(text, 60, 1000).map(Some)),
    },
    Setting {
        name: "quiet",
        short: Some('q'),
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: OUTPUT,
        help: "Show neither progress nor notes on standard error, only errors",
        example: "true",
        apply: |settings, text| set(&mut settings.quiet, switch(text)),
    },
    Setting {
        name: "log-level",
        short: None,
        shape: Shape::Choice(Level::NAMES),
        value_name: "LEVEL",
        default: "",
        heading: LOG,
        help: "What is logged on standard error, with everything that is worse. Where it is given, the log takes the place of the progress line [default: warn; error with --quiet; off where the progress line is shown]",
        example: r#""info""#,
        apply: |settings, text| set(&mut settings.log_level, parse(text).map(Some)),
    },
    Setting {
        name: "log-format",
        short: None,
        shape: Shape::Choice(LogFormat::NAMES),
        value_name: "FORMAT",
        default: "text",
        heading: LOG,
        help: "As what it is logged. With json, everything on standard error is one JSON object a line: notes and errors too",
        example: r#""json""#,
        apply: |settings, text| set(&mut settings.log_format, parse(text)),
    },
    Setting {
        name: "stats",
        short: None,
        shape: Shape::Switch,
        value_name: "BOOL",
        default: "false",
        heading: LOG,
        help: "Tell on standard error, at the end, what it cost: calls, throttles, repetitions, bytes, time by operation and by phase, and the accounts that took longest",
        example: "true",
        apply: |settings, text| set(&mut settings.stats, switch(text)),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_states_the_real_defaults() {
        let real = format!("{:?}", Settings::default());
        let mut stated = Settings::default();
        for setting in TABLE.iter().filter(|setting| !setting.default.is_empty()) {
            (setting.apply)(&mut stated, setting.default).unwrap();
        }
        assert_eq!(format!("{stated:?}"), real);
    }

    #[test]
    fn every_setting_changes_something() {
        let default = format!("{:?}", Settings::default());
        for setting in TABLE {
            let mut settings = Settings::default();
            let value: toml::Value =
                format!("x = {}", setting.example).parse::<toml::Table>().unwrap()["x"].clone();
            let text = match value {
                toml::Value::Array(items) => items[0].as_str().unwrap().to_owned(),
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            (setting.apply)(&mut settings, &text).unwrap();
            assert_ne!(format!("{settings:?}"), default, "{}", setting.name);
        }
    }

    #[test]
    fn senseless_values_are_refused() {
        for (name, text) in [
            ("org", "maybe"),
            ("include", "prod"),
            ("expect-accounts", ""),
            ("anonymize-key-file", ""),
            ("to", "securityhub"),
            ("to", "http://hooks.example.com"),
            ("webhook-secret-file", ""),
            ("role-name", "security/audit"),
            ("role-name", ""),
            ("role-path", "security"),
            ("external-id", "a b"),
            ("session-name", "x"),
            ("session-duration", "10m"),
            ("session-duration", "13h"),
            ("profile", ""),
            ("region", "EU central"),
            ("threshold", "30"),
            ("threshold", "-1d"),
            ("settling-margin", "soon"),
            ("concurrency", "0"),
            ("concurrency", "1001"),
            ("max-rate", "ec2=4"),
            ("give-up-after", "0s"),
            ("format", "xml"),
            ("state", ""),
            ("format", ""),
            ("format", "json,"),
            ("output", ""),
            ("width", "59"),
            ("color", "sometimes"),
            ("log-level", "loud"),
            ("log-format", "xml"),
        ] {
            let setting = Setting::named(name).unwrap();
            assert!((setting.apply)(&mut Settings::default(), text).is_err(), "{name} {text}");
        }
    }
}
