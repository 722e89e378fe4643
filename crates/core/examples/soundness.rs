//! Any number of soundness cases on all cores: `scripts/soundness N [SEED]` runs it. Case number i has the seed SEED + i,
//! so that `scripts/soundness 1 SEED` replays the case of that seed alone.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;

use std::process::ExitCode;
use std::time::Instant;

/// The arguments N and SEED.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Option<(u64, u64)> {
    let number = |text: String| text.replace('_', "").parse().ok();
    let cases = arguments.next().and_then(number)?;
    let seed = arguments.next().map_or(Some(0), number)?;
    Some((cases, seed))
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let Some((cases, seed)) = arguments(std::env::args().skip(1)) else {
        println!("usage: scripts/soundness N [SEED], both whole numbers from 0 on");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let outcome = support::check::run(cases, seed);
    for (seed, violation) in &outcome.shown {
        println!("violation in case {seed}, replay it by: scripts/soundness 1 {seed}\n{violation}\n");
    }
    println!("exercised:\n{}", outcome.tally);
    println!("cases      {cases}");
    println!("violations {}", outcome.violations);
    println!("seed       {seed}");
    println!("wall time  {:.1} s", began.elapsed().as_secs_f64());
    if outcome.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
