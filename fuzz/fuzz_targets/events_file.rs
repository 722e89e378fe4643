//! Any bytes as a file of CloudTrail events.

#![no_main]

#[path = "../events_file.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = properties::read(bytes);
});
