//! Replays the kept inputs of the fuzz targets (`fuzz/corpus`) with the compiler of every day, against what must hold of
//! any input.

#![allow(clippy::unwrap_used, reason = "test code: a panic is a failed check")]

#[allow(unreachable_pub, reason = "the fuzz targets use it as a crate")]
#[path = "../../../fuzz/properties.rs"]
mod properties;

#[allow(unreachable_pub, reason = "tests of several crates use it")]
#[path = "../../../fuzz/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn credential_reports() {
    replay("credential_report", properties::credential_report);
}

#[test]
fn cloudtrail_records() {
    // libFuzzer gives the target only inputs in UTF-8, and so does the SDK.
    replay("cloudtrail_record", |bytes| {
        std::str::from_utf8(bytes).map_or_else(|error| panic!("{error}"), properties::cloudtrail_record)
    });
}
