//! Reads the values of settings, as flags, variables and `keysweep.toml` give them: a text each. An error says what is wrong with
//! the text; which setting it is for, and where it stood, is for the caller to say.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use keysweep_core::delivery::Destination;
use keysweep_report::Format;
use keysweep_store::Location;

use crate::settings::Color;

pub(crate) fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

pub(crate) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

pub(crate) fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{text:?} is not a whole number from {least} to {most}"))
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| *duration >= Duration::from_secs(1))
        .ok_or_else(|| format!("{text:?} is not a length of time from one second, such as 5m or 1h 30m"))
}

/// STS takes 900 to 43200 seconds; a role may allow less, which STS then says itself.
pub(crate) fn session_duration(text: &str) -> Result<Duration, String> {
    duration(text)
        .ok()
        .filter(|length| (Duration::from_mins(15)..=Duration::from_hours(12)).contains(length))
        .ok_or_else(|| {
            format!("{text:?} is not a length of time from 15m to 12h, the limits of sts:AssumeRole")
        })
}

pub(crate) fn color(text: &str) -> Result<Color, String> {
    match text {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err(format!("{text:?} is not one of auto, always, never")),
    }
}

/// The formats that a text names, with commas between them, each once.
pub(crate) fn formats(text: &str) -> Result<Vec<Format>, String> {
    let mut formats = Vec::new();
    for name in text.split(',') {
        let format = parse(name.trim())?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Ok(formats)
}

/// Where a report is delivered to.
pub(crate) fn destination(text: &str) -> Result<Destination, String> {
    parse(text)
}

pub(crate) fn output(text: &str) -> Result<Option<PathBuf>, String> {
    match text {
        "-" => Ok(None),
        _ => not_empty(text).map(|path| Some(path.into())),
    }
}

pub(crate) fn state(text: &str) -> Result<Option<Location>, String> {
    not_empty(text).and_then(|text| parse(&text)).map(Some)
}

pub(crate) fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// The characters that IAM and STS allow in names of roles and sessions: `[\w+=,.@-]`.
fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

pub(crate) fn role_name(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len()) && text.chars().all(is_name_character) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the name of a role: 1 to 64 letters, digits or _+=,.@- (its path goes into --role-path)"
        ))
    }
}

pub(crate) fn role_path(text: &str) -> Result<String, String> {
    let slashes = text.starts_with('/') && text.ends_with('/');
    if slashes && text.len() <= 512 && text.chars().all(|character| character.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the path of a role: it begins and ends with a slash, such as /security/"
        ))
    }
}

pub(crate) fn external_id(text: &str) -> Result<String, String> {
    let allowed = |character: char| is_name_character(character) || ":/".contains(character);
    if (2..=1224).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("it is not an external id: 2 to 1224 letters, digits or _+=,.@:/-".to_owned())
    }
}

pub(crate) fn session_name(text: &str) -> Result<String, String> {
    if (2..=64).contains(&text.len()) && text.chars().all(is_name_character) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the name of a session: 2 to 64 letters, digits or _+=,.@-"))
    }
}

pub(crate) fn region(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the name of a region, such as eu-central-1"))
    }
}
