//! Runs of `apply` in random worlds where everything goes wrong that can: what the tests of safety and `examples/safety.rs`
//! share. A run is its seed alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a panic is a failed check")]

pub(crate) mod check;
pub(crate) mod ports;
pub(crate) mod run;
pub(crate) mod trouble;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::fmt;

/// How often something was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    #[allow(dead_code, reason = "the test uses it, the example does not")]
    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>10}  {what}"))
    }
}

/// What came of many runs.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) violations: u64,
    /// The first few, by seed.
    pub(crate) shown: Vec<(u64, String)>,
}

impl Outcome {
    fn join(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.violations += other.violations;
        self.shown.extend(other.shown);
        self.shown.sort();
        self.shown.truncate(5);
    }
}

/// Runs number `seed` to `seed + runs`, on all cores.
pub(crate) fn run(runs: u64, seed: u64) -> Outcome {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |core: u64| {
        let mut outcome = Outcome::default();
        for number in (core..runs).step_by(cores) {
            let seed = seed.wrapping_add(number);
            let (tally, violations) = run::run(seed);
            outcome.tally.add(&tally);
            outcome.violations += u64::from(!violations.is_empty());
            if !violations.is_empty() && outcome.shown.len() < 5 {
                outcome.shown.push((seed, violations.join("\n")));
            }
        }
        outcome
    };
    let mut all = Outcome::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..cores as u64).map(|core| scope.spawn(move || part(core))).collect();
        for part in parts {
            all.join(part.join().unwrap());
        }
    });
    all
}
