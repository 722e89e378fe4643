//! Any text as a CloudTrail record.

#![no_main]

libfuzzer_sys::fuzz_target!(|json: &str| {
    let _ = properties::cloudtrail_record(json);
});
