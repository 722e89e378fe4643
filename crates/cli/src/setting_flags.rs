//! Flags made from the table of settings: all of them for `scan`, and those that decide who calls what for the verbs that
//! make the same calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, FromArgMatches};

use crate::config::{self, Resolved};
use crate::failure::Failure;
use crate::log;
use crate::setting_table::{Setting, Shape, TABLE};
use crate::settings::Settings;
use crate::terminal::{note, use_color};
use crate::verb::scan::wrong_configuration;

/// The command line of `keysweep scan`: the values that were given, each already known to be one that its setting takes.
#[derive(Debug, Default)]
pub struct ScanArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

/// Every setting is one of a scan.
const fn of_scan(_: &Setting) -> bool {
    true
}

/// The settings of a scan that decide who calls what, for verbs that make the same calls.
#[derive(Debug, Default)]
pub struct AccessArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_access(setting: &Setting) -> bool {
    matches!(
        setting.name,
        "org"
            | "include"
            | "exclude"
            | "role-name"
            | "role-path"
            | "external-id"
            | "session-name"
            | "session-duration"
            | "profile"
            | "region"
            | "concurrency"
            | "give-up-after"
            | "quiet"
            | "log-level"
            | "log-format"
    )
}

/// The settings of a scan that decide where its report is delivered to, and as whom, for verbs that deliver it again.
#[derive(Debug, Default)]
pub struct DeliveryArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_delivery(setting: &Setting) -> bool {
    matches!(
        setting.name,
        "to" | "webhook-secret-file"
            | "role-name"
            | "role-path"
            | "external-id"
            | "session-name"
            | "session-duration"
            | "profile"
            | "region"
            | "give-up-after"
    )
}

/// The settings that every verb of a clean-up heeds.
#[derive(Clone, Debug, Default)]
pub struct CleanUpArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_clean_up(setting: &Setting) -> bool {
    matches!(
        setting.name,
        "role-path"
            | "external-id"
            | "session-name"
            | "session-duration"
            | "profile"
            | "region"
            | "exemptions"
            | "state"
            | "concurrency"
            | "give-up-after"
            | "color"
            | "width"
            | "quiet"
            | "log-level"
            | "log-format"
            | "stats"
    )
}

/// The settings of a clean-up that scans before: those of a scan, without what concerns the report of the scan itself.
#[derive(Clone, Debug, Default)]
pub struct CleanUpScanArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_clean_up_scan(setting: &Setting) -> bool {
    !matches!(
        setting.name,
        "format"
            | "output"
            | "mask"
            | "anonymize"
            | "anonymize-key-file"
            | "resume"
            | "expect-accounts"
            | "to"
            | "webhook-secret-file"
    )
}

/// The settings of a clean-up that nobody attends: those of a scan, with the report of it, but without what would let more be
/// deleted.
#[derive(Clone, Debug, Default)]
pub struct CleanArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_clean(setting: &Setting) -> bool {
    !matches!(
        setting.name,
        "anonymize"
            | "anonymize-key-file"
            | "resume"
            | "expect-accounts"
            | "threshold"
            | "settling-margin"
            | "to"
            | "webhook-secret-file"
    )
}

/// Where the exemptions are, for the verb that keeps them.
#[derive(Clone, Debug, Default)]
pub struct ExemptArgs {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// The values given as flags, by the name of the setting.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

fn of_exempt(setting: &Setting) -> bool {
    matches!(setting.name, "exemptions" | "state" | "color" | "width" | "quiet")
}

/// Flags made from the settings that the filter lets through, and `--config`.
macro_rules! settings_as_flags {
    ($args:ident, $filter:ident) => {
        impl clap::Args for $args {
            fn augment_args(command: clap::Command) -> clap::Command {
                command.args(TABLE.iter().filter(|setting| $filter(setting)).map(flag)).arg(config_flag())
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $args {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                let mut args = Self::default();
                args.update_from_arg_matches(matches)?;
                Ok(args)
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.config = matches.get_one("config").cloned();
                self.given.extend(given(matches, TABLE.iter().filter(|setting| $filter(setting))));
                Ok(())
            }
        }
    };
}

settings_as_flags!(ScanArgs, of_scan);
settings_as_flags!(AccessArgs, of_access);
settings_as_flags!(DeliveryArgs, of_delivery);
settings_as_flags!(CleanUpArgs, of_clean_up);
settings_as_flags!(CleanUpScanArgs, of_clean_up_scan);
settings_as_flags!(CleanArgs, of_clean);
settings_as_flags!(ExemptArgs, of_exempt);

/// The settings that a command line, the environment and the configuration file give together.
/// Flags of `for_organization` need it.
fn resolved(
    given: &BTreeMap<&'static str, Vec<String>>,
    config: Option<&Path>,
    for_organization: &[&'static str],
) -> Result<Settings, Failure> {
    let Resolved { settings, warnings } =
        config::resolve(given, config, std::env::vars_os()).map_err(wrong_configuration)?;
    config::have_a_use(given, for_organization, &settings).map_err(wrong_configuration)?;
    use_color(settings.color);
    log::begin(&settings);
    for warning in warnings {
        note(settings.quiet, &format!("warning: {warning}"));
    }
    Ok(settings)
}

macro_rules! resolving {
    ($($args:ident needs the organization for $flags:expr;)*) => {
        $(impl $args {
            /// The settings, with the environment and the configuration file behind the flags.
            pub fn settings(&self) -> Result<Settings, Failure> {
                resolved(&self.given, self.config.as_deref(), $flags)
            }
        })*
    };
}

resolving! {
    ScanArgs needs the organization for config::OF_ROLE;
    AccessArgs needs the organization for config::OF_ROLE;
    CleanUpScanArgs needs the organization for config::OF_ROLE;
    // The rest is for the role that deletes, too, and runs that are finished may be those of an organization.
    CleanArgs needs the organization for &["role-name"];
    // Whether there is an organization, the plan says.
    CleanUpArgs needs the organization for &[];
    ExemptArgs needs the organization for &[];
}

fn config_flag() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("The configuration file [default: $KEYSWEEP_CONFIG, or keysweep.toml where there is one]")
}

/// The values of these settings that stand on the command line.
fn given(
    matches: &ArgMatches,
    settings: impl Iterator<Item = &'static Setting>,
) -> Vec<(&'static str, Vec<String>)> {
    let values = |setting: &'static Setting| {
        let values: Vec<String> = matches.get_many::<String>(setting.name)?.cloned().collect();
        // clap has split the words at their commas; a setting has one value.
        let joined = matches!(setting.shape, Shape::Choices(_)).then(|| vec![values.join(",")]);
        Some((setting.name, joined.unwrap_or(values)))
    };
    settings.filter_map(values).collect()
}

fn flag(setting: &'static Setting) -> Arg {
    let check = |text: &str| (setting.apply)(&mut Settings::default(), text).map(|()| text.to_owned());
    let default = match setting.shape {
        Shape::Switch | Shape::List => String::new(),
        _ if setting.default.is_empty() => String::new(),
        _ => format!(" [default: {}]", setting.default),
    };
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .short(setting.short)
        .value_name(setting.value_name)
        .help(format!("{}{default}", setting.help))
        .help_heading(setting.heading)
        .value_parser(check);
    match setting.shape {
        // `--org=false` turns off what the file turns on; the value is not shown, for few need it.
        Shape::Switch => {
            arg.num_args(0..=1).require_equals(true).default_missing_value("true").hide_possible_values(true)
        }
        Shape::Choice(words) => arg.value_parser(PossibleValuesParser::new(words)),
        Shape::Choices(words) => {
            arg.value_parser(PossibleValuesParser::new(words)).value_delimiter(',').action(ArgAction::Append)
        }
        Shape::List => arg.action(ArgAction::Append),
        Shape::Number | Shape::Text => arg,
    }
}
