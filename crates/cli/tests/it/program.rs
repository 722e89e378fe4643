//! Runs the program with an environment of its own: nothing of the machine's AWS configuration reaches it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run to be.
pub(crate) struct Program {
    command: Command,
    directory: tempfile::TempDir,
}

/// The program, with a clean environment and an empty working directory.
pub(crate) fn keysweep() -> Program {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    command
        .env_clear()
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", directory.path())
        .current_dir(directory.path())
        .stdin(Stdio::null());
    Program { command, directory }
}

impl Program {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The working directory of the run; it is removed with the program.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Puts a file into the working directory.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.directory.path().join(name), content).unwrap();
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(&mut self) -> Run {
        let output = self.command.output().unwrap();
        Run {
            code: output.status.code().expect("it was ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The command, for runs that end otherwise.
    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }
}
