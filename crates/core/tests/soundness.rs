//! The inference against the truth: on small timelines it must say exactly what a reference says that tries every
//! history; on long random histories the true start must lie in every claim whose assumption holds.
//!
//! `scripts/soundness N [SEED]` runs any number of the same cases. A case is its seed alone; a failure prints it.

mod support;

use support::check;
use support::evidence::{Evidence, at};
use support::reference::{Moment, ask, ask_literally};
use support::rng::Rng;
use support::small;

#[test]
fn a_hundred_thousand_cases_hold_and_none_of_them_is_trivial() {
    let outcome = check::run(100_000, 0);
    for (seed, violation) in &outcome.shown {
        println!("case {seed}, replay it by: scripts/soundness 1 {seed}\n{violation}\n");
    }
    assert_eq!(outcome.violations, 0);
    let tally = outcome.tally;
    println!("{tally}");
    for what in [
        "accounts: events under a user name that another key's events have too",
        "accounts: refused calls",
        "assertions: refuted",
        "assertions: used",
        "claims: dated by the beginning of an asserted span",
        "claims: exact to the second",
        "claims: observed",
        "claims: settled",
        "claims: settling",
        "claims: whose assumption is false (not judged)",
        "grounds: created",
        "grounds: not earlier, Active before",
        "grounds: not earlier, seen Active",
        "grounds: not earlier, switched off",
        "grounds: not earlier, switched on",
        "grounds: not later, covered time begins",
        "grounds: not later, seen Inactive",
        "grounds: not later, switched off",
        "keys: flapping",
        "keys: history not read",
        "keys: seen by a wide look",
        "keys: with a wide look",
        "keys: with asserted spans",
        "keys: with asserted spans that are not complete",
        "keys: with changes in the margin not delivered yet",
        "keys: with changes that are not recorded",
        "keys: with redundant changes",
        "keys: with several covered spans",
        "keys: with ties in a second",
        "reference: asserted spans refuted",
        "reference: asserted spans used",
        "reference: no history fits",
        "reference: observed claims",
        "reference: settled claims",
        "reference: settling claims",
        "verdicts: long_term, observed",
        "verdicts: long_term, proven",
        "verdicts: long_term, settling",
        "verdicts: recent, observed",
        "verdicts: recent, proven",
        "verdicts: recent, settling",
        "verdicts: undetermined",
    ] {
        assert!(tally.of(what) >= 100, "{what}: only {} of 100,000 cases", tally.of(what));
    }
}

#[test]
fn the_reference_agrees_with_writing_out_every_history() {
    for seed in 0..400 {
        let evidence = small::draw(&mut Rng::new(seed), 5);
        let covered = |second| evidence.coverage.span_at(at(second)).is_some();
        let until = evidence.now.unix();
        for moment in [Moment::OfTheLook, Moment::EndOf(until), Moment::EndOf(until - 2)] {
            let (merged, literal) =
                (ask(&evidence, covered, moment), ask_literally(&evidence, covered, moment));
            assert_eq!(merged, literal, "seed {seed}, {moment:?}: {evidence}");
        }
    }
}

/// Evidence that the inference once got wrong, one a line.
const REGRESSIONS: &str = include_str!("regressions.txt");

#[test]
fn what_was_once_wrong_stays_right() {
    for line in REGRESSIONS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let evidence: Evidence = line.parse().unwrap();
        assert_eq!(evidence.to_string(), line);
        if let Err(difference) = small::compare(&evidence) {
            panic!("{line}: the inference differs from the reference in {difference}");
        }
    }
}
