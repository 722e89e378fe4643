//! The `keysweep` program. It composes the other crates: reads the command line and the configuration, runs a verb, and
//! says how it ended. What is scanned, inferred and written is decided elsewhere.

mod anonymous;
pub mod args;
mod begun;
pub mod carry_out;
pub mod clean_up;
pub mod clean_up_settings;
pub mod config;
pub mod delivery;
pub mod exempt;
pub mod exit;
pub mod expected;
pub mod failure;
pub mod holder;
mod ids;
pub mod interrupt;
pub mod lifecycle_settings;
pub mod log;
pub mod output;
pub mod progress;
mod refused;
pub mod reports;
pub mod setting_flags;
pub mod setting_table;
pub mod setting_values;
pub mod settings;
pub mod state;
pub mod stats;
pub mod terminal;
mod unfinished;
pub mod verb;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Args, EvidenceAction, Verb};
use crate::exit::{Ends, Exit};
use crate::refused::without_secrets;

/// Runs the program with this command line, the program's name first.
pub fn run(command_line: impl IntoIterator<Item = OsString>) -> Exit {
    let mut command = Args::command();
    let parsed = command.try_get_matches_from_mut(command_line).and_then(|matches| {
        let verb = matches.subcommand_name().unwrap_or_default().to_owned();
        Args::from_arg_matches(&matches).map(|args| (verb, args)).map_err(|error| error.format(&mut command))
    });
    let (verb, args) = match parsed {
        Ok(parsed) => parsed,
        Err(answer) => {
            // Help and version are such answers too. Nobody can be told when they cannot be written.
            let answer = without_secrets(answer);
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Clean };
        }
    };
    let outcome = match args.verb {
        Verb::Apply(args) => verb::apply::run(args),
        Verb::Approve(args) => verb::approve::run(args),
        Verb::Clean(args) => verb::clean::run(args),
        Verb::Demo(args) => verb::demo::run(args),
        Verb::Diff(args) => verb::diff::run(args),
        Verb::Doctor(args) => verb::doctor::run(args),
        Verb::Evidence(args) => match args.action {
            EvidenceAction::Import(args) => verb::evidence::run(args),
        },
        Verb::Exempt(verb) => verb::exempt::run(verb),
        Verb::Explain(args) => verb::explain::run(args),
        Verb::History(args) => verb::history::run(args),
        Verb::Journal(args) => verb::journal::run(args),
        Verb::Receipts(args) => verb::journal::run_receipts(args),
        Verb::Report(args) => verb::report::run(args),
        Verb::Revert(args) => verb::revert::run(args),
        Verb::Plan(args) => verb::plan::run(args),
        Verb::Rules(args) => verb::rules::run(&args),
        Verb::Scan(args) => verb::scan::run(&args),
        Verb::Policies(args) => verb::policies::run(&args),
        Verb::Simulate(args) => verb::simulate::run(args),
        Verb::State(verb) => verb::state::run(verb),
        Verb::Completions(args) => verb::completions::run(&args),
        Verb::Man(args) => verb::man::run(&args),
    };
    let exit = outcome.unwrap_or_else(|failure| {
        failure.tell();
        failure.exit()
    });
    debug_assert!(
        Ends::of(&verb).is_some_and(|ends| ends.has(exit)),
        "the table of exit codes does not have {exit:?} of {verb}"
    );
    exit
}
