//! What must hold of the reader of files of CloudTrail events whatever it is given. The fuzz target draws inputs for it, and
//! `crates/app/tests/it/corpus.rs` replays the inputs that are kept. That the reader does not panic needs no line here.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use keysweep_app::import::{self, Contents, FileError, Format};
use keysweep_core::evidence::cloudtrail::Record;
use keysweep_core::evidence::{ChangeSource, EventId};
use serde_json::Value;

/// A stream that gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 = self.1 % 7 + 1;
        let length = into.len().min(self.1);
        self.0.read(&mut into[..length])
    }
}

/// Reads `bytes` as a file, and compares what comes out with reading it otherwise.
pub fn read(bytes: &[u8]) -> Result<Contents, FileError> {
    let outcome = import::read("file", bytes, None);
    // Where damage is noticed may differ: a decoder gives what it has.
    let in_pieces = import::read("file", Drops(bytes, 0), None);
    assert_eq!(
        in_pieces.as_ref().ok(),
        outcome.as_ref().ok(),
        "the pieces in which it comes change what is read"
    );
    match &outcome {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(contents) => {
            check(contents);
            if contents.format == Format::Records {
                check_against_values(contents, bytes);
            }
            if !bytes.starts_with(b"\x1f\x8b") {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(bytes).unwrap();
                let compressed = gzip.finish().unwrap();
                assert_eq!(
                    import::read("file", compressed.as_slice(), None).as_ref(),
                    Ok(contents),
                    "compression changes what is read"
                );
            }
        }
    }
    outcome
}

fn check(contents: &Contents) {
    let numbers = contents.changes.iter().map(|change| {
        assert!(change.account.is_some(), "a change of no account");
        match &change.source {
            ChangeSource::File { name, record } if name == "file" => *record,
            other => panic!("a change from {other:?}"),
        }
    });
    let mut seen = BTreeSet::new();
    for record in numbers.chain(contents.not_understood.iter().map(|record| record.record)) {
        assert!((1..=contents.records).contains(&record), "record {record} of {}", contents.records);
        assert!(seen.insert(record), "record {record} counts twice");
    }
    assert!(seen.len() as u64 + contents.refused <= contents.records);
    assert!(contents.other_accounts.is_empty(), "no account was named");
}

/// Compares with JSON that is read as a whole. A text with a name that stands twice is none that is compared.
fn check_against_values(contents: &Contents, bytes: &[u8]) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(Value::Object(document)) = serde_json::from_slice(bytes) else { return };
    let [("Records", Value::Array(records))] =
        document.iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>()[..]
    else {
        return;
    };
    if String::from_utf8_lossy(bytes).matches("Records").count() > 1 {
        return;
    }
    assert_eq!(contents.records, records.len() as u64, "a record is passed over");
    let changes = records.iter().filter_map(|record| match Record::read(&record.to_string()) {
        Ok(Record::Change(change)) => Some(change.event),
        _ => None,
    });
    let changes: BTreeSet<EventId> = changes.collect();
    let told: BTreeSet<EventId> = contents.changes.iter().map(|change| change.event.clone()).collect();
    assert!(told.is_subset(&changes), "a change that is not there");
    let rest = contents.not_understood.len();
    assert!(changes.len() <= told.len() + rest, "a change is passed over");
}
