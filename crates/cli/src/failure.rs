//! Why a verb failed, and how that is said: one line of what happened, the causes below it, and what to do.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::exit::Exit;
use crate::log;
use crate::terminal::say;

/// Why a verb failed.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// It failed, for a reason outside the command line.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, error: error.into(), hint: None }
    }

    /// The command line, the environment or the configuration file is wrong.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into(), hint: None }
    }

    /// A plan was refused; nothing was deleted.
    pub fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Refused, error: error.into(), hint: None }
    }

    /// It was stopped.
    pub fn interrupted(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Interrupted, error: error.into(), hint: None }
    }

    /// What to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Which file it is about.
    pub fn of(mut self, file: &Path) -> Self {
        self.error = self.error.context(file.display().to_string());
        self
    }

    /// The exit code that it ends the program with.
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// Says it on standard error.
    pub fn tell(&self) {
        if log::is_json() {
            log::failure(&self.said().join(": "), self.hint.as_deref(), self.exit);
        } else {
            say(&self.text());
        }
    }

    /// What happened and why, outermost first. Some errors of libraries repeat what caused them: that is said once.
    fn said(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for cause in self.error.chain().map(ToString::to_string) {
            if !said.iter().any(|earlier| earlier.contains(&cause)) {
                said.push(cause);
            }
        }
        said
    }

    /// The text for stderr, with colours as escape codes.
    pub fn text(&self) -> String {
        const ERROR: Style = AnsiColor::Red.on_default().bold();
        const HINT: Style = AnsiColor::Cyan.on_default().bold();
        let said = self.said();
        let mut text = format!("{ERROR}error:{ERROR:#} {}\n", self.error);
        for cause in said.iter().skip(1) {
            let _ = writeln!(text, "  caused by: {cause}");
        }
        if let Some(hint) = self.hint.as_ref().filter(|hint| !said.contains(hint)) {
            let _ = writeln!(text, "{HINT}hint:{HINT:#} {hint}");
        }
        text
    }
}

/// What a verb comes to.
pub type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn what_an_error_says_of_its_cause_is_not_said_again() {
        let refused = anyhow!("refused").context("not connected: refused").context("no store");
        let text = anstream::adapter::strip_str(&Failure::failed(refused).text()).to_string();
        assert_eq!(text, "error: no store\n  caused by: not connected: refused\n");
        let text = Failure::failed(anyhow!("name another")).hint("name another").text();
        assert_eq!(text.matches("name another").count(), 1, "{text}");
    }
}
