//! Any bytes as a credential report, and any bytes as the rows below a whole header and root row.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| {
    let _ = properties::credential_report(content);
});
