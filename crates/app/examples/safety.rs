//! Any number of safety runs on all cores: `scripts/safety N [SEED]` runs it. Run number i has the seed SEED + i, so that
//! `scripts/safety 1 SEED` replays the run of that seed alone.

#[path = "../tests/safety/mod.rs"]
mod runs;

use std::process::ExitCode;
use std::time::Instant;

/// The arguments N and SEED.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Option<(u64, u64)> {
    let number = |text: String| text.replace('_', "").parse().ok();
    let count = arguments.next().and_then(number)?;
    let seed = arguments.next().map_or(Some(0), number)?;
    Some((count, seed))
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let Some((count, seed)) = arguments(std::env::args().skip(1)) else {
        println!("usage: scripts/safety N [SEED], both whole numbers from 0 on");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let outcome = runs::run(count, seed);
    for (seed, violation) in &outcome.shown {
        println!("violation in run {seed}, replay it by: scripts/safety 1 {seed}\n{violation}\n");
    }
    println!("exercised:\n{}", outcome.tally);
    println!("runs       {count}");
    println!("violations {}", outcome.violations);
    println!("seed       {seed}");
    println!("wall time  {:.1} s", began.elapsed().as_secs_f64());
    if outcome.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
