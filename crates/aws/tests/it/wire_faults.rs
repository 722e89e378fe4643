//! Scans through the real SDK, of simulated AWS whose answers are broken as bytes, miss nothing silently and say nothing wrong.
//! `scripts/faults --wire N [SEED]` searches any number of the same worlds.

#[path = "../wire_faults/mod.rs"]
mod wire;

use wire::{AT_ONCE, run, search};

#[test]
fn no_key_is_missed_silently_over_the_wire_and_no_verdict_is_wrong() {
    let tally = search::check("scripts/faults --wire", run, 40, AT_ONCE);
    for (what, least) in [("faults injected", 150), ("keys found", 60), ("verdicts checked", 60)] {
        assert!(tally.of(what) >= least, "{what}: {}", tally.of(what));
    }
}
