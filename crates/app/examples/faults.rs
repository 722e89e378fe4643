//! Any number of scans of worlds full of faults, on all cores: `scripts/faults N [SEED]` runs it. World number i has the seed
//! SEED + i, so that `scripts/faults 1 SEED` replays the world of that seed alone.

#[path = "../tests/faults/mod.rs"]
mod worlds;

fn main() -> std::process::ExitCode {
    worlds::search::main("scripts/faults", worlds::run, worlds::search::cores())
}
