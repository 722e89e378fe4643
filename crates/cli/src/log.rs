//! The log: what the use cases tell by `tracing`, written to standard error as text or as JSON lines. Only what keysweep
//! itself logs is let through, whatever the level: the AWS SDK, the HTTP client and the database driver log requests, and
//! with them tokens and signatures. `docs/LOGGING.md` has the fields.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use keysweep_report::mask::Mask;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::exit::Exit;
use crate::settings::Settings;

/// What the use cases log under.
const WORK: &str = "keysweep";
/// What the program says at any level: notes, errors, and statistics where they are asked for. The macros want their targets
/// in full.
const SAID: &str = "keysweep::said";

/// Whether what is said on standard error is said in JSON.
static JSON: AtomicBool = AtomicBool::new(false);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($(#[$variant_doc:meta])* $variant:ident = $word:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$($word,)*];
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("{text:?} is not {}: {}", $what, Self::NAMES.join(", "))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word,)* })
            }
        }
    };
}

words! {
    /// What is logged.
    Level, "a level":
    /// Nothing.
    Off = "off";
    /// Nothing but what ends the program.
    Error = "error";
    /// And accounts that were not assessed completely.
    Warn = "warn";
    /// And each account, and each gap.
    Info = "info";
    /// And each call and phase.
    Debug = "debug";
    /// And each request.
    Trace = "trace";
}

words! {
    /// As what it is logged.
    LogFormat, "a format of logs":
    /// To read.
    Text = "text";
    /// One JSON object a line.
    Json = "json";
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// What is logged with these settings. A log would break the progress line, so where nobody asked for one there is none as long
/// as the line is shown; the report says the same.
fn level(settings: &Settings, on_terminal: bool) -> Level {
    match settings.log_level {
        Some(level) => level,
        None if settings.quiet => Level::Error,
        None if on_terminal && settings.log_format == LogFormat::Text => Level::Off,
        None => Level::Warn,
    }
}

/// Whether the log has standard error to itself, so that no progress line is shown.
pub fn takes_standard_error(settings: &Settings) -> bool {
    settings.log_format == LogFormat::Json || settings.log_level.is_some_and(|level| level > Level::Off)
}

/// Begins to log. A second beginning changes nothing.
pub fn begin(settings: &Settings) {
    let level = level(settings, io::stderr().is_terminal());
    let is_json = settings.log_format == LogFormat::Json;
    JSON.store(is_json, Ordering::Relaxed);
    if level == Level::Off && !is_json {
        return;
    }
    let said = if is_json { LevelFilter::INFO } else { LevelFilter::OFF };
    let targets = Targets::new().with_target(WORK, level).with_target(SAID, said);
    let to = StandardError { mask: settings.mask };
    let registry = tracing_subscriber::registry().with(targets);
    let layer = tracing_subscriber::fmt::layer().with_target(false).with_writer(to);
    // It fails only where there is one already.
    let _ = if is_json {
        let layer = layer.json().flatten_event(true).with_current_span(false).with_span_list(false);
        tracing::subscriber::set_global_default(registry.with(layer))
    } else {
        let coloured = anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        tracing::subscriber::set_global_default(registry.with(layer.with_ansi(coloured)))
    };
}

/// Whether everything that is said on standard error is JSON.
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// A note to the user, where the log is JSON.
pub(crate) fn note(note: &str) {
    tracing::info!(target: SAID, note, "note");
}

/// Why the program ends, where the log is JSON.
pub(crate) fn failure(error: &str, hint: Option<&str>, exit: Exit) {
    tracing::error!(target: SAID, error, hint, exit_code = exit.code(), "failed");
}

/// Writes lines to standard error, each with one call, so that lines of different threads do not mix.
#[derive(Clone, Copy, Debug)]
struct StandardError {
    mask: bool,
}

impl<'a> MakeWriter<'a> for StandardError {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for StandardError {
    /// The text is a whole line: the formatters write one at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mask = if self.mask { Mask::of_whatever_looks_like_one() } else { Mask::off() };
        io::stderr().lock().write_all(mask.text(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_level_whoever_looks_decides() {
        let with =
            |log_level, quiet, log_format| Settings { quiet, log_level, log_format, ..Settings::default() };
        for (settings, on_terminal, expected) in [
            (with(None, false, LogFormat::Text), true, Level::Off),
            (with(None, false, LogFormat::Text), false, Level::Warn),
            (with(None, true, LogFormat::Text), false, Level::Error),
            (with(None, false, LogFormat::Json), true, Level::Warn),
            (with(Some(Level::Trace), true, LogFormat::Text), true, Level::Trace),
            (with(Some(Level::Off), false, LogFormat::Json), false, Level::Off),
        ] {
            assert_eq!(level(&settings, on_terminal), expected, "{settings:?}");
        }
        assert!(!takes_standard_error(&with(None, false, LogFormat::Text)));
        assert!(!takes_standard_error(&with(Some(Level::Off), false, LogFormat::Text)));
        assert!(takes_standard_error(&with(Some(Level::Error), false, LogFormat::Text)));
        assert!(takes_standard_error(&with(None, false, LogFormat::Json)));
    }

    #[test]
    fn words_are_their_names() {
        for name in Level::NAMES {
            assert_eq!(name.parse::<Level>().unwrap().to_string(), *name);
        }
        for name in LogFormat::NAMES {
            assert_eq!(name.parse::<LogFormat>().unwrap().to_string(), *name);
        }
    }
}
