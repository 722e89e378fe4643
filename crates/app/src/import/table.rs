//! The CSV that the CloudTrail console's event history downloads. It has a row for each event and no request parameters:
//! it tells that a key's status was set, and not to what.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use keysweep_core::evidence::EventId;
use keysweep_core::key::AccessKeyId;
use keysweep_core::time::Instant;
use serde::Deserialize;

use super::json::{Fault, LONGEST};
use super::source::Limited;

/// What a row tells.
pub(super) struct Row<'a> {
    record: &'a ByteRecord,
    columns: &'a Columns,
}

/// The columns that are read, by their place.
struct Columns {
    time: usize,
    source: usize,
    name: usize,
    region: usize,
    error: usize,
    event: usize,
    account: usize,
    resources: Option<usize>,
}

/// One entry of the column `Resources`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource_type: Option<String>,
    resource_name: Option<String>,
}

impl Row<'_> {
    fn text(&self, column: usize) -> &str {
        self.record.get(column).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default().trim()
    }

    pub(super) fn source(&self) -> &str {
        self.text(self.columns.source)
    }

    pub(super) fn name(&self) -> &str {
        self.text(self.columns.name)
    }

    pub(super) fn region(&self) -> &str {
        self.text(self.columns.region)
    }

    pub(super) fn account(&self) -> &str {
        self.text(self.columns.account)
    }

    pub(super) fn refused(&self) -> bool {
        !self.text(self.columns.error).is_empty()
    }

    pub(super) fn at(&self) -> Option<Instant> {
        self.text(self.columns.time).parse().ok()
    }

    pub(super) fn event(&self) -> Option<EventId> {
        Some(self.text(self.columns.event)).filter(|id| !id.is_empty()).map(EventId::new)
    }

    /// The key that the event names.
    pub(super) fn key(&self) -> Option<AccessKeyId> {
        let resources: Vec<Resource> = serde_json::from_str(self.text(self.columns.resources?)).ok()?;
        let key = |resource: Resource| match resource.resource_type.as_deref() {
            Some("AWS::IAM::AccessKey") => resource.resource_name?.parse().ok(),
            _ => None,
        };
        resources.into_iter().find_map(key)
    }
}

impl Columns {
    fn find(header: &ByteRecord) -> Result<Self, Fault> {
        let place = |wanted: &str| {
            let same = |cell: &[u8]| cell.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes());
            header.iter().position(same)
        };
        let needed = |wanted: &str| {
            place(wanted).ok_or_else(|| {
                Fault::Malformed(format!(
                    "it is neither JSON nor the console's CSV: its first line has no column `{wanted}`"
                ))
            })
        };
        Ok(Self {
            time: needed("Event time")?,
            source: needed("Event source")?,
            name: needed("Event name")?,
            region: needed("AWS region")?,
            error: needed("Error code")?,
            event: needed("Event ID")?,
            account: needed("Recipient Account Id")?,
            resources: place("Resources"),
        })
    }
}

/// Hands every row to `each` with the place at which it begins; `offset` is that place for whoever tells a fault.
pub(super) fn rows(
    source: impl Read,
    skipped: u64,
    offset: &mut u64,
    mut each: impl FnMut(&Row<'_>, u64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (limited, left) = Limited::new(source, LONGEST);
    let mut reader = ReaderBuilder::new().from_reader(limited);
    let columns = Columns::find(reader.byte_headers().map_err(fault)?)?;
    let mut record = ByteRecord::new();
    loop {
        left.set(LONGEST);
        let more = match reader.read_byte_record(&mut record) {
            Ok(more) => more,
            Err(error) => {
                *offset = error.position().map_or(*offset, |position| skipped + position.byte());
                return Err(fault(error));
            }
        };
        if let Some(position) = record.position() {
            *offset = skipped + position.byte();
        }
        if !more {
            return Ok(());
        }
        each(&Row { record: &record, columns: &columns }, *offset)?;
    }
}

fn fault(error: csv::Error) -> Fault {
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::Io(error) => Fault::Input(error),
        ErrorKind::UnequalLengths { expected_len, len, .. } => Fault::Malformed(format!(
            "a row has {len} cells where the header has {expected_len}: it may be cut off"
        )),
        _ => Fault::Malformed(text),
    }
}
