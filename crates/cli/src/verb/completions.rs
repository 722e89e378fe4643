//! `keysweep completions`: the completion script of a shell.

use crate::args::{CompletionsArgs, command};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::Output;

/// Writes it to standard output.
pub fn run(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "keysweep", &mut script);
    Output::stdout().write(|to| to.write_all(&script))?;
    Ok(Exit::Clean)
}
