//! Replays the kept inputs of the fuzz target `events_file` with the compiler of every day, against what must hold of any
//! input.

#[path = "../../../../fuzz/events_file.rs"]
mod properties;
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[test]
fn files_of_events() {
    replay::replay("events_file", properties::read);
}
