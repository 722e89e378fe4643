//! Any number of safety runs on all cores: `scripts/safety N [SEED]` runs it. Run number i has the seed SEED + i, so that
//! `scripts/safety 1 SEED` replays the run of that seed alone.

#[path = "../tests/safety/mod.rs"]
mod runs;

fn main() -> std::process::ExitCode {
    runs::search::main("scripts/safety", runs::both, runs::search::cores())
}
