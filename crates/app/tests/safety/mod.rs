//! Runs of `apply` in random worlds where everything goes wrong that can: what the tests of safety and `examples/safety.rs`
//! share. A run is its seed alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a panic is a failed check")]

pub(crate) mod check;
pub(crate) mod life;
pub(crate) mod ports;
pub(crate) mod run;
#[path = "../search/mod.rs"]
pub(crate) mod search;
pub(crate) mod together;
pub(crate) mod trouble;
pub(crate) mod world;

pub(crate) use search::Tally;

/// One run of deletions and one of deactivations, of the same seed.
#[allow(dead_code, reason = "for the example; the tests make each kind by itself")]
pub(crate) fn both(seed: u64) -> (Tally, Vec<String>) {
    let ((mut tally, mut violations), (more, wrong)) = (run::run(seed), life::run(seed));
    tally.add(&more);
    violations.extend(wrong);
    (tally, violations)
}
