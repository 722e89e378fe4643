//! A seeded search: any number of runs on all cores, each of which is its seed alone. What the searches of the tests and of
//! the examples share.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::time::Instant;

/// Of what was met less often, a run is named.
const RARE: u64 = 10;

/// How often something was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub(crate) fn count_many(&mut self, what: &'static str, many: u64) {
        *self.0.entry(what).or_default() += many;
    }

    /// How often it was met.
    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            self.count_many(what, *count);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>10}  {what}"))
    }
}

/// One run: what was met in it, and what went wrong.
pub(crate) type Run = fn(u64) -> (Tally, Vec<String>);

/// What came of many runs.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    tally: Tally,
    /// The first run in which it was met.
    first: BTreeMap<&'static str, u64>,
    violations: u64,
    /// The first few, by seed.
    shown: Vec<(u64, String)>,
}

impl Outcome {
    fn meet(&mut self, what: &'static str, seed: u64) {
        let first = self.first.entry(what).or_insert(seed);
        *first = seed.min(*first);
    }

    fn join(&mut self, other: Self) {
        self.tally.add(&other.tally);
        for (what, seed) in other.first {
            self.meet(what, seed);
        }
        self.violations += other.violations;
        self.shown.extend(other.shown);
        self.shown.sort();
        self.shown.truncate(5);
    }
}

/// How many runs that wait for nothing are made at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs number `seed` to `seed + runs`, so many at once.
pub(crate) fn search(run: Run, runs: u64, seed: u64, at_once: usize) -> Outcome {
    let part = |thread: u64| {
        let mut outcome = Outcome::default();
        for number in (thread..runs).step_by(at_once) {
            let seed = seed.wrapping_add(number);
            let (tally, violations) = run(seed);
            outcome.tally.add(&tally);
            for what in tally.0.keys() {
                outcome.meet(what, seed);
            }
            outcome.violations += u64::from(!violations.is_empty());
            if !violations.is_empty() && outcome.shown.len() < 5 {
                outcome.shown.push((seed, violations.join("\n")));
            }
        }
        outcome
    };
    let mut all = Outcome::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..at_once as u64).map(|thread| scope.spawn(move || part(thread))).collect();
        for part in parts {
            all.join(part.join().unwrap());
        }
    });
    all
}

/// A short search as a test; what was met in it.
#[allow(dead_code, reason = "for the tests; the examples have `main`")]
#[allow(clippy::print_stdout, reason = "it is seen where the test fails")]
pub(crate) fn check(script: &str, run: Run, runs: u64, at_once: usize) -> Tally {
    let outcome = search(run, runs, 0, at_once);
    for (seed, violation) in &outcome.shown {
        println!("run {seed}, replay it by: {script} 1 {seed}\n{violation}\n");
    }
    println!("{}", outcome.tally);
    assert_eq!(outcome.violations, 0);
    outcome.tally
}

/// The arguments N and SEED.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Option<(u64, u64)> {
    let number = |text: String| text.replace('_', "").parse().ok();
    let count = arguments.next().and_then(number)?;
    let seed = arguments.next().map_or(Some(0), number)?;
    Some((count, seed))
}

/// A search of any length as a program, with N and SEED as its arguments. Run number i has the seed SEED + i.
#[allow(dead_code, reason = "for the examples; the tests have `check`")]
#[allow(clippy::print_stdout, reason = "its output is its purpose")]
pub(crate) fn main(script: &str, run: Run, at_once: usize) -> ExitCode {
    let Some((count, seed)) = arguments(std::env::args().skip(1)) else {
        println!("usage: {script} N [SEED], both whole numbers from 0 on");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let outcome = search(run, count, seed, at_once);
    for (seed, violation) in &outcome.shown {
        println!("violation in run {seed}, replay it by: {script} 1 {seed}\n{violation}\n");
    }
    println!("exercised:\n{}", outcome.tally);
    for (what, first) in outcome.first.iter().filter(|(what, _)| outcome.tally.of(what) < RARE) {
        println!("rare: {what}: first in run {first}");
    }
    println!("runs       {count}");
    println!("violations {}", outcome.violations);
    println!("seed       {seed}");
    println!("wall time  {:.1} s", began.elapsed().as_secs_f64());
    if outcome.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
