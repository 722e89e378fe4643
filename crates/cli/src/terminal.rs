//! What is known of the user's terminal, and the lines that are written to standard error.

use std::io::{IsTerminal as _, Write as _};

use anstream::ColorChoice;
use keysweep_report::Style;

use crate::log;
use crate::settings::Color;

/// So many rows of a list are shown on a terminal; elsewhere, all.
const ROWS: usize = 20;

/// Applies `--color` to everything that is written from now on.
pub fn use_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// How the summary looks on standard output or, where `to_file`, in a file: there nothing is coloured unless asked for,
/// and nothing is shortened.
pub fn style(color: Color, width: Option<usize>, to_file: bool) -> Style {
    let stdout = std::io::stdout();
    let on_terminal = !to_file && stdout.is_terminal();
    let coloured = match color {
        Color::Always => true,
        Color::Never => false,
        // NO_COLOR, CLICOLOR and TERM=dumb are heeded.
        Color::Auto => !to_file && anstream::AutoStream::choice(&stdout) != ColorChoice::Never,
    };
    let columns = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Style {
        colour: coloured,
        width: width.or_else(|| columns().filter(|_| on_terminal)),
        max_rows: if on_terminal { ROWS } else { usize::MAX },
    }
}

/// Writes a text to standard error. Nobody can be told when that fails.
pub fn say(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes a line to standard error unless `quiet`.
pub fn note(quiet: bool, line: &str) {
    match (quiet, log::is_json()) {
        (true, _) => {}
        (false, true) => log::note(line),
        (false, false) => say(&format!("{line}\n")),
    }
}
