//! Scans of worlds full of faults miss nothing silently and say nothing wrong. `scripts/faults N [SEED]` searches any number of
//! the same worlds. A world is its seed alone; a failure prints it.

#[path = "faults/mod.rs"]
mod worlds;

#[test]
fn no_key_is_missed_silently_and_no_verdict_is_wrong() {
    worlds::search::check("scripts/faults", worlds::run, 150);
}
