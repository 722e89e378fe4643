//! Where settings come from: a flag wins over a `KEYSWEEP_*` variable, which wins over the configuration file, which wins
//! over the default. Errors name the source: the file and its line, or the variable.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use keysweep_report::Format;
use toml::de::{DeTable, DeValue};

use crate::clean_up_settings;
use crate::lifecycle_settings;
use crate::setting_table::{Setting, Shape, TABLE};
use crate::settings::{OfFile, Settings};

/// The configuration file that is read where none is named.
pub const DEFAULT_FILE: &str = "keysweep.toml";
/// The variable that names the configuration file.
pub const FILE_VARIABLE: &str = "KEYSWEEP_CONFIG";
/// The variable that holds the secret of web hooks. It is no setting: a setting has a flag, which others on the machine can read.
pub const SECRET_VARIABLE: &str = "KEYSWEEP_WEBHOOK_SECRET";
const PREFIX: &str = "KEYSWEEP_";

/// The values that one source gives, by the name of the setting.
type Values = BTreeMap<&'static str, Vec<String>>;

/// The sections of the file whose settings have neither flags nor variables.
const SECTIONS: &[(&str, &[Setting])] = &[
    (clean_up_settings::SECTION, clean_up_settings::TABLE),
    (lifecycle_settings::SECTION, lifecycle_settings::TABLE),
];

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("the configuration file {} could not be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: this is not TOML: {message}", .file.display())]
    NotToml {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The file has a key that is no setting.
    #[error("{}, line {line}: there is no setting {key:?}{place}; {advice}", .file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// Where it stands, if that is in a section.
        place: String,
        /// Where it belongs, or the setting whose name is most like it.
        advice: String,
    },
    /// The file has a section that is none.
    #[error(
        "{}, line {line}: there is no section [{key}]; there are [{}] and [{}], and all other settings stand above them, in none",
        .file.display(),
        clean_up_settings::SECTION,
        lifecycle_settings::SECTION
    )]
    UnknownSection {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The section.
        key: String,
    },
    /// A value in the file is of the wrong kind or out of range.
    #[error("{}, line {line}: {key}: {message}", .file.display())]
    WrongValue {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The setting.
        key: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A value in the environment is out of range.
    #[error("environment variable {variable}: {message}")]
    WrongVariable {
        /// The variable.
        variable: String,
        /// What is wrong.
        message: String,
    },
    /// A flag needs another setting.
    #[error("--{flag} needs --org: without it, only the caller's own account is assessed")]
    NeedsOrganization {
        /// The flag.
        flag: &'static str,
    },
    /// Several formats, and no directory for their files.
    #[error("several formats ({formats}) need --output with a directory for their files")]
    NeedsDirectory {
        /// The formats, with commas.
        formats: String,
    },
}

/// What the sources give together.
#[derive(Debug)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// What the user should know of: variables that set nothing.
    pub warnings: Vec<String>,
}

/// Resolves the settings from `flags`, the environment and the file that `named` or else the environment names, or else
/// `keysweep.toml` in the working directory, if there is one.
pub fn resolve(
    flags: &Values,
    named: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Resolved, ConfigError> {
    let environment = Environment::read(environment)?;
    let file = match named.or(environment.file.as_deref()) {
        Some(file) => read(file, true)?,
        None => read(Path::new(DEFAULT_FILE), false)?,
    };
    let mut settings = Settings::default();
    for setting in TABLE {
        let source =
            [flags, &environment.values, &file].into_iter().find_map(|source| source.get(setting.name));
        for text in source.into_iter().flatten() {
            // Each source has checked its values already, where it could name itself.
            let _ = (setting.apply)(&mut settings, text);
        }
    }
    let mut alone = Settings::default();
    for setting in TABLE {
        for text in file.get(setting.name).into_iter().flatten() {
            let _ = (setting.apply)(&mut alone, text);
        }
    }
    settings.of_file = OfFile { exemptions: alone.exemptions, policy: alone.policy };
    // No flag and no variable can say what a clean-up may do.
    for setting in SECTIONS.iter().flat_map(|(_, table)| *table) {
        let Some(texts) = file.get(setting.name) else { continue };
        clean_up_settings::begin_list(&mut settings, setting);
        for text in texts {
            let _ = (setting.apply)(&mut settings, text);
        }
    }
    have_a_use(flags, &["include", "exclude"], &settings)?;
    have_a_place(&settings.formats, settings.output.as_deref())?;
    Ok(Resolved { settings, warnings: environment.warnings })
}

/// What says how member accounts are entered needs the organization, in a verb that would otherwise enter none.
pub fn have_a_use(flags: &Values, names: &[&'static str], settings: &Settings) -> Result<(), ConfigError> {
    match names.iter().copied().find(|name| flags.contains_key(name)) {
        Some(flag) if !settings.org => Err(ConfigError::NeedsOrganization { flag }),
        _ => Ok(()),
    }
}

/// The settings of the role in member accounts.
pub const OF_ROLE: &[&str] = &["role-name", "role-path", "external-id", "session-name", "session-duration"];

/// Several formats need a directory for their files.
pub fn have_a_place(formats: &[Format], output: Option<&Path>) -> Result<(), ConfigError> {
    if formats.len() > 1 && output.is_none() {
        let formats: Vec<&str> = formats.iter().map(|format| format.name()).collect();
        return Err(ConfigError::NeedsDirectory { formats: formats.join(", ") });
    }
    Ok(())
}

/// What the `KEYSWEEP_*` variables say. An empty variable says nothing, as with the AWS tools' own.
struct Environment {
    values: Values,
    file: Option<PathBuf>,
    warnings: Vec<String>,
}

impl Environment {
    fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut environment = Self { values: Values::new(), file: None, warnings: Vec::new() };
        let variables: BTreeMap<OsString, OsString> = variables.into_iter().collect();
        for (name, value) in variables {
            let Some(variable) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if variable == FILE_VARIABLE {
                environment.file = Some(value.into()).filter(|file: &PathBuf| !file.as_os_str().is_empty());
                continue;
            }
            if variable == SECRET_VARIABLE {
                continue;
            }
            let Some(setting) = TABLE.iter().find(|setting| setting.variable() == variable) else {
                let nearest = nearest(variable, TABLE.iter().map(Setting::variable));
                environment
                    .warnings
                    .push(format!("environment variable {variable} sets nothing; the nearest is {nearest}"));
                continue;
            };
            let wrong =
                |message: String| ConfigError::WrongVariable { variable: variable.to_owned(), message };
            let value = value.to_str().ok_or_else(|| wrong("it is not UTF-8".to_owned()))?;
            if value.is_empty() {
                continue;
            }
            let items: Vec<String> = match setting.shape {
                Shape::List => value
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect(),
                _ => vec![value.to_owned()],
            };
            check(setting, &items).map_err(wrong)?;
            environment.values.insert(setting.name, items);
        }
        Ok(environment)
    }
}

fn check(setting: &Setting, items: &[String]) -> Result<(), String> {
    items.iter().try_for_each(|item| (setting.apply)(&mut Settings::default(), item))
}

/// The name most like `name`.
fn nearest<T: AsRef<str> + Default>(name: &str, known: impl Iterator<Item = T>) -> T {
    let likeness =
        |other: &T| strsim::jaro_winkler(&name.to_ascii_lowercase(), &other.as_ref().to_ascii_lowercase());
    known.max_by(|one, other| likeness(one).total_cmp(&likeness(other))).unwrap_or_default()
}

fn read(file: &Path, must_exist: bool) -> Result<Values, ConfigError> {
    match std::fs::read_to_string(file) {
        Ok(text) => parse(file, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Ok(Values::new()),
        Err(source) => Err(ConfigError::Unreadable { file: file.to_owned(), source }),
    }
}

fn parse(file: &Path, text: &str) -> Result<Values, ConfigError> {
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| ConfigError::NotToml {
        file: file.to_owned(),
        line: line(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let named = SECTIONS.iter().find(|(name, _)| key.get_ref() == *name);
        match (named, value.get_ref().as_table()) {
            (Some((_, table)), Some(section)) => entries.extend(section.iter().map(|entry| (*table, entry))),
            _ => entries.push((TABLE, (key, value))),
        }
    }
    // In the order of the file, so that the first error is the first that a reader meets.
    entries.sort_by_key(|(_, (key, _))| key.span().start);

    let mut values = Values::new();
    for (known, (key, value)) in entries {
        let Some(setting) = known.iter().find(|setting| setting.key() == key.get_ref()) else {
            let (file, line, name) = (file.to_owned(), line(key.span().start), key.get_ref().to_string());
            return Err(if is_section(value.get_ref()) {
                ConfigError::UnknownSection { file, line, key: name }
            } else {
                let section = SECTIONS.iter().find(|(_, table)| std::ptr::eq(*table, known));
                let place = section.map(|(name, _)| format!(" in [{name}]")).unwrap_or_default();
                ConfigError::UnknownKey { file, line, place, advice: advice(&name, known), key: name }
            });
        };
        let items = items(setting, value.get_ref())
            .and_then(|items| check(setting, &items).map(|()| items))
            .map_err(|message| ConfigError::WrongValue {
                file: file.to_owned(),
                line: line(value.span().start),
                key: setting.key(),
                message,
            })?;
        values.insert(setting.name, items);
    }
    Ok(values)
}

/// Whether it is what stands below `[name]` or `[[name]]`.
fn is_section(value: &DeValue<'_>) -> bool {
    let is_table = |value: &DeValue<'_>| value.as_table().is_some();
    is_table(value)
        || matches!(value, DeValue::Array(items) if items.iter().any(|item| is_table(item.get_ref())))
}

/// Where a key belongs that is no setting where it stands.
fn advice(key: &str, known: &[Setting]) -> String {
    let has = |table: &[Setting]| table.iter().any(|setting| setting.key() == key);
    if let Some((section, _)) = SECTIONS.iter().find(|(section, _)| key == *section) {
        format!("it is a section: [{section}]")
    } else if let Some((section, _)) = SECTIONS.iter().find(|(_, table)| has(table)) {
        format!("it stands in the section [{section}]")
    } else if has(TABLE) {
        "it stands above all sections".to_owned()
    } else {
        format!("the nearest is {:?}", nearest(key, known.iter().map(Setting::key)))
    }
}

/// The value as texts that [`Setting::apply`] reads, if it is of the kind that the setting takes.
fn items(setting: &Setting, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wrong = || {
        let kind = match setting.shape {
            Shape::Switch => "true or false, without quotes",
            Shape::Number => "a whole number, without quotes",
            Shape::Text | Shape::Choice(_) | Shape::Choices(_) => "a text in quotes",
            Shape::List => "an array of texts in quotes",
        };
        format!("it must be {kind}, such as {} = {}", setting.key(), setting.example)
    };
    match (setting.shape, value) {
        (Shape::Switch, DeValue::Boolean(value)) => Ok(vec![value.to_string()]),
        (Shape::Number, DeValue::Integer(value)) => Ok(vec![value.to_string()]),
        (Shape::Text | Shape::Choice(_) | Shape::Choices(_), DeValue::String(value)) => {
            Ok(vec![value.to_string()])
        }
        (Shape::List, DeValue::Array(values)) => {
            values.iter().map(|value| value.get_ref().as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use keysweep_report::Format;

    use super::*;

    fn file(text: &str) -> Result<Values, String> {
        parse(Path::new("keysweep.toml"), text).map_err(|error| error.to_string())
    }

    fn environment(variables: &[(&str, &str)]) -> Result<Environment, String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Environment::read(variables).map_err(|error| error.to_string())
    }

    #[test]
    fn every_example_of_the_table_is_read() {
        let lines: Vec<String> =
            TABLE.iter().map(|setting| format!("{} = {}", setting.name, setting.example)).collect();
        let text = lines.join("\n");
        let values = file(&text).unwrap();
        assert_eq!(values.len(), TABLE.len());
        assert_eq!(values["include"], ["ou:Workloads", "tag:env=prod"]);
    }

    #[test]
    fn unknown_keys_name_their_line_and_the_nearest_setting() {
        for (key, nearest) in [
            ("treshold", "threshold"),
            ("role_name", "role-name"),
            ("excludes", "exclude"),
            ("colour", "color"),
        ] {
            assert_eq!(
                file(&format!("# comment\n\n{key} = \"x\"\n")).unwrap_err(),
                format!("keysweep.toml, line 3: there is no setting {key:?}; the nearest is {nearest:?}"),
            );
        }
    }

    #[test]
    fn unknown_sections_are_told_from_unknown_keys() {
        for (text, told) in [
            (
                "[scan]\nthreshold = \"1d\"",
                "line 1: there is no section [scan]; there are [clean_up] and [lifecycle],",
            ),
            (
                "org = true\n[[scan]]\nx = 1",
                "line 2: there is no section [scan]; there are [clean_up] and [lifecycle],",
            ),
            ("scan.threshold = \"1d\"", "line 1: there is no section [scan];"),
            ("[clean-up]\nmax_keys = 1", "line 1: there is no section [clean-up];"),
            ("scan = 1", "line 1: there is no setting \"scan\"; the nearest is"),
            ("clean_up = 1", "line 1: there is no setting \"clean_up\"; it is a section: [clean_up]"),
            ("max_keys = 1", "line 1: there is no setting \"max_keys\"; it stands in the section [clean_up]"),
            (
                "[clean_up]\norg = true",
                "line 2: there is no setting \"org\" in [clean_up]; it stands above all sections",
            ),
        ] {
            let error = file(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn the_section_of_clean_up_is_read_and_only_from_the_file() {
        let lines: Vec<String> = clean_up_settings::TABLE
            .iter()
            .map(|setting| format!("{} = {}", setting.key(), setting.example))
            .collect();
        let text = format!("org = true\n[clean_up]\n{}\n", lines.join("\n"));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(&path, &text).unwrap();
        let default = format!("{:?}", Settings::default().clean_up);
        let variables = [("KEYSWEEP_CLEAN_UP_MAX_KEYS".into(), "7".into())];
        let resolved = resolve(&Values::new(), Some(&path), variables).unwrap();
        assert_eq!(resolved.warnings.len(), 1, "{:?}", resolved.warnings);
        let settings = resolved.settings.clean_up;
        assert_eq!((settings.limits.max_keys, settings.auto.approve), (20, Some(10)));
        assert_eq!(settings.limits.break_glass, ["*break*glass*", "rescue-?"]);
        for setting in clean_up_settings::TABLE {
            std::fs::write(&path, format!("[clean_up]\n{} = {}\n", setting.key(), setting.example)).unwrap();
            let settings = resolve(&Values::new(), Some(&path), []).unwrap().settings;
            assert_ne!(format!("{:?}", settings.clean_up), default, "{}", setting.name);
        }
        for (text, part) in [
            (
                "[clean_up]\nmax_key = 1",
                "line 2: there is no setting \"max_key\" in [clean_up]; the nearest is \"max_keys\"",
            ),
            ("[clean_up]\n\napprovers = 0", "line 3: approvers: \"0\" is not a whole number from 1"),
            ("clean_up = 1", "line 1: there is no setting \"clean_up\""),
            ("max_keys = 1", "line 1: there is no setting \"max_keys\""),
            ("[clean-up]\nmax_keys = 1", "line 1: there is no section [clean-up]"),
            ("deactivate_unused = \"90d\"", "line 1: there is no setting \"deactivate_unused\""),
            (
                "[lifecycle]\ndeactivate_unused = \"9d\"",
                "line 2: deactivate_unused: 9days is less than 30 days",
            ),
            ("[clean_up]\ndeactivate_unused = \"90d\"", "line 2: there is no setting \"deactivate_unused\""),
            ("[clean_up]\nmax_account_share = 5", "line 2: max_account_share: it must be a text in quotes"),
        ] {
            let error = file(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn unused_keys_are_deactivated_only_where_the_file_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        let limit = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let variables = [("KEYSWEEP_LIFECYCLE_DEACTIVATE_UNUSED".into(), "90d".into())];
            let settings = resolve(&Values::new(), Some(&path), variables).unwrap().settings;
            settings.clean_up.limits.deactivate_unused.map(|limit| limit.to_string())
        };
        assert_eq!(limit(""), None);
        assert_eq!(limit("[lifecycle]\ndeactivate_unused = \"45d\"\n").as_deref(), Some("45days"));
    }

    #[test]
    fn wrong_values_name_their_line_and_key() {
        for (text, part) in [
            (
                "\nthreshold = 45",
                "line 2: threshold: it must be a text in quotes, such as threshold = \"45d\"",
            ),
            ("threshold = \"45\"", "line 1: threshold: \"45\" is not a length of time"),
            ("org = \"true\"", "line 1: org: it must be true or false"),
            ("concurrency = 0", "line 1: concurrency: \"0\" is not a whole number from 1 to 1000"),
            ("include = \"111122223333\"", "line 1: include: it must be an array"),
            ("include = [111122223333]", "line 1: include: it must be an array of texts"),
            ("include = [\"prod\"]", "line 1: include: \"prod\" selects no accounts"),
            ("format = \"xml\"", "line 1: format: \"xml\" is not a format: terminal, json, html"),
            ("mask = true\nmask = false", "line 2: this is not TOML"),
            ("threshold = ", "line 1: this is not TOML"),
        ] {
            let error = file(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn variables_are_checked_and_unknown_ones_noted() {
        let read = environment(&[
            ("KEYSWEEP_INCLUDE", "111122223333, tag:env=prod,"),
            ("KEYSWEEP_PROFILE", ""),
            ("KEYSWEEP_TRESHOLD", "45d"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(
            read.values,
            Values::from([("include", vec!["111122223333".into(), "tag:env=prod".into()])])
        );
        assert_eq!(
            read.warnings,
            ["environment variable KEYSWEEP_TRESHOLD sets nothing; the nearest is KEYSWEEP_THRESHOLD"]
        );
        assert_eq!(
            environment(&[("KEYSWEEP_CONCURRENCY", "many")]).map(|_| ()).unwrap_err(),
            "environment variable KEYSWEEP_CONCURRENCY: \"many\" is not a whole number from 1 to 1000"
        );
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(
            &path,
            "org = true\nthreshold = \"1d\"\nregion = \"a\"\nexclude = [\"tag:x\", \"tag:y\"]\n",
        )
        .unwrap();
        let flags =
            Values::from([("threshold", vec!["3d".to_owned()]), ("exclude", vec!["tag:z".to_owned()])]);
        let variables = [("KEYSWEEP_THRESHOLD", "2d"), ("KEYSWEEP_REGION", "b")];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let settings = resolve(&flags, Some(&path), variables).unwrap().settings;
        assert!(settings.org);
        assert_eq!(settings.policy.threshold.to_string(), "3days");
        assert_eq!(settings.region.as_deref(), Some("b"));
        let exclude: Vec<String> = settings.filters.exclude.iter().map(ToString::to_string).collect();
        assert_eq!(exclude, ["tag:z"], "a list replaces the list of a lesser source");
    }

    #[test]
    fn several_formats_need_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(&path, "format = \"json, csv,json\"\n").unwrap();
        let error = resolve(&Values::new(), Some(&path), []).unwrap_err();
        assert!(error.to_string().starts_with("several formats (json, csv) need --output"), "{error}");
        let flags = Values::from([("output", vec!["reports".to_owned()])]);
        let settings = resolve(&flags, Some(&path), []).unwrap().settings;
        assert_eq!(settings.formats, [Format::Json, Format::Csv]);
    }

    #[test]
    fn a_filter_by_flag_without_the_organization_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(&path, "").unwrap();
        let flags = Values::from([("include", vec!["tag:z".to_owned()])]);
        let error = resolve(&flags, Some(&path), []).unwrap_err();
        assert!(error.to_string().starts_with("--include needs --org"), "{error}");
        for &name in OF_ROLE {
            let flags = Values::from([(name, vec!["x".to_owned()])]);
            let error = have_a_use(&flags, OF_ROLE, &Settings::default()).unwrap_err();
            assert!(error.to_string().starts_with(&format!("--{name} needs --org")), "{error}");
            let organization = Settings { org: true, ..Settings::default() };
            assert!(have_a_use(&flags, OF_ROLE, &organization).is_ok());
        }
    }
}
