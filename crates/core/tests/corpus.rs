//! Replays the kept inputs of the fuzz targets (`fuzz/corpus`) with the compiler of every day, against what must hold of
//! any input. A name that begins with `read-` or `bad-` also says whether the reader accepts it; an input that a fuzzer
//! found has any other name.

#![allow(clippy::unwrap_used, reason = "test code: a panic is a failed check")]

use std::fmt::Debug;
use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "the fuzz targets use it as a crate")]
#[path = "../../../fuzz/properties.rs"]
mod properties;

fn replay<T: Debug, E: Debug>(target: &str, read: impl Fn(&[u8]) -> Result<T, E>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let (mut accepted, mut refused) = (0, 0);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = read(&fs::read(&path).unwrap());
        if name.starts_with("read-") {
            assert!(outcome.is_ok(), "{name}: {outcome:?}");
            accepted += 1;
        } else if name.starts_with("bad-") {
            assert!(outcome.is_err(), "{name}: {outcome:?}");
            refused += 1;
        }
    }
    assert!(accepted >= 10 && refused >= 10, "{} holds {accepted} and {refused} inputs", folder.display());
}

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
