//! Replays the kept inputs of a fuzz target. A name that begins with `read-` or `bad-` also says whether the reader accepts
//! it; an input that a fuzzer found has any other name.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

/// Hands every input of `fuzz/corpus/TARGET` to `read`.
pub fn replay<T: Debug, E: Debug>(target: &str, read: impl Fn(&[u8]) -> Result<T, E>) {
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
