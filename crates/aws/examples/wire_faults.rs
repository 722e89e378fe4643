//! The search of `tests/it/wire_faults.rs` with N worlds from SEED: `scripts/faults --wire N [SEED]`.

use std::process::ExitCode;

#[path = "../tests/wire_faults/mod.rs"]
mod worlds;

fn main() -> ExitCode {
    worlds::search::main("scripts/faults --wire", worlds::run, worlds::AT_ONCE)
}
