//! The search of `tests/it/wire_faults.rs` with N worlds from SEED: `scripts/faults --wire N [SEED]`.

use std::process::ExitCode;

#[path = "../tests/wire_faults/mod.rs"]
mod wire;

fn main() -> ExitCode {
    wire::search::main("scripts/faults --wire", wire::run, wire::AT_ONCE)
}
