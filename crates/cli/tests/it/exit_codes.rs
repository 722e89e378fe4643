//! A scan that did not cover everything ends with 4, whatever stood in the way. That every cause makes an assessment
//! incomplete is shown in `crates/app/tests/it/incomplete.rs`, without a process for each.

use keysweep_cli::exit::{Ends, Exit, VERBS};
use keysweep_core::assessment::Conclusion;
use keysweep_sim::Action;
use keysweep_sim::fault::{Denial, Effect, Rule};

use crate::simulated::{Aws, OLD, account, days_ago};

#[test]
fn incomplete_is_4_and_nothing_else_is() {
    assert_eq!(Exit::from(Conclusion::Incomplete).code(), 4);
    let fours: Vec<Exit> = Exit::ALL.into_iter().filter(|exit| exit.code() == 4).collect();
    assert_eq!(fours, [Exit::Incomplete]);
}

#[test]
fn every_verb_is_in_the_table_and_its_help_agrees() {
    let command = keysweep_cli::args::command();
    let mut verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    verbs.sort_unstable();
    assert_eq!(VERBS.iter().map(|ends| ends.verb).collect::<Vec<_>>(), verbs);
    let mut agreed = 0;
    for verb in command.get_subcommands() {
        let ends = Ends::of(verb.get_name()).unwrap();
        assert!(ends.exits.is_sorted_by_key(|exit| exit.code()), "{ends:?}");
        let of_actions = verb.get_subcommands().filter_map(clap::Command::get_after_help);
        for help in verb.get_after_help().into_iter().chain(of_actions) {
            let help = help.to_string();
            let Some((_, codes)) = help.split_once("Exit codes: ") else { continue };
            let told: Vec<u8> = codes
                .split(|character: char| !character.is_ascii_alphanumeric())
                .filter_map(|word| word.parse().ok())
                .collect();
            let expected: Vec<u8> = ends.exits.iter().map(|exit| exit.code()).collect();
            assert_eq!(told, expected, "{}", ends.verb);
            agreed += 1;
        }
    }
    assert!(agreed >= 7, "only {agreed} helps tell exit codes");
}

#[test]
fn every_kind_of_failure_ends_with_4_in_every_format() {
    let error =
        |status, code: &str| Effect::Error { status, code: code.to_owned(), message: "no".to_owned() };
    for effect in [
        Effect::Throttle,
        Effect::Denied(Denial::NoPolicy),
        error(404, "NoSuchEntity"),
        error(403, "ExpiredToken"),
        error(403, "InvalidClientTokenId"),
        error(400, "ValidationError"),
        Effect::ServiceFailure,
        Effect::Reset,
        Effect::MalformedBody,
        Effect::TruncatedBody,
        Effect::WrongContentType,
        Effect::Redirect,
    ] {
        let aws = Aws::with(|world| {
            // Recently switched off: had its keys been listed, the end would be 0.
            world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(3));
        });
        let scan = |format| aws.keysweep().args(["scan", "--give-up-after", "1s", "--format", format]).run();
        assert_eq!(scan("json").code, 0);
        aws.sim.add_fault(Rule::new(effect.clone()).action(Action::ListAccessKeys));
        for format in ["terminal", "json"] {
            let run = scan(format);
            assert_eq!(run.code, 4, "{effect:?} as {format}: {}{}", run.stdout, run.stderr);
            let says = if format == "json" { "\"incomplete\"" } else { "INCOMPLETE" };
            assert!(run.stdout.contains(says), "{effect:?}: {}", run.stdout);
        }
    }
}
