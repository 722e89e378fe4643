//! Runs the program with an environment of its own: nothing of the machine's AWS configuration reaches it.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run to be.
pub(crate) struct Program {
    command: Command,
    directory: tempfile::TempDir,
    /// Where it remembers, unless `--state` says otherwise; it is removed with the program.
    home: tempfile::TempDir,
}

/// The program, with a clean environment and an empty working directory.
pub(crate) fn keysweep() -> Program {
    let directory = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    command
        .env_clear()
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", home.path())
        .current_dir(directory.path())
        .stdin(Stdio::null());
    Program { command, directory, home }
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

    /// The home directory of the run; it is removed with the program.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
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

    /// Starts it, to be ended by the test.
    pub(crate) fn start(&mut self) -> Running {
        Running(self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }
}

/// A run that goes on; it ends with the value.
pub(crate) struct Running(Child);

impl Running {
    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the first byte of its standard output.
    pub(crate) fn read_a_byte(&mut self) {
        self.0.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Waits for its end. What it writes must fit into a pipe.
    pub(crate) fn end(mut self) -> Run {
        let mut run = Run { code: -1, stdout: String::new(), stderr: String::new() };
        self.0.stderr.take().unwrap().read_to_string(&mut run.stderr).unwrap();
        self.0.stdout.take().unwrap().read_to_string(&mut run.stdout).unwrap();
        run.code = self.0.wait().unwrap().code().expect("it was ended by a signal");
        run
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing running; one that did not has ended it already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until `condition` holds; fails after a minute, for then it never will.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the run never came so far");
}
