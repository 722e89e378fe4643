//! A scan that did not cover everything ends with 4, whatever stood in the way. That every cause makes an assessment
//! incomplete is shown in `crates/app/tests/it/incomplete.rs`, without a process for each.

use keysweep_cli::exit::Exit;
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
