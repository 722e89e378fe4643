//! The fields of `keysweep.history/v1`: frozen, as those of the assessment are. A field may be added; none is renamed,
//! removed or given another meaning under this schema. What a scan that did not finish cannot tell is `null`.

use keysweep_core::archive::ScanRecord;
use serde::Serialize;

use crate::json::layout::Layout;
use crate::json::v1::{CallerV1, PolicyV1, ScopeV1, Time, TotalsV1};
use crate::mask::Mask;

/// The name of the schema.
pub const SCHEMA: &str = "keysweep.history/v1";

#[derive(Serialize)]
struct HistoryV1<'a> {
    schema: &'static str,
    scans: Vec<ScanV1<'a>>,
}

#[derive(Serialize)]
struct ScanV1<'a> {
    assessment_id: &'a str,
    keysweep_version: &'a str,
    finished: bool,
    started_at: Time,
    finished_at: Option<Time>,
    duration_seconds: Option<i64>,
    scope: ScopeV1<'a>,
    caller: CallerV1<'a>,
    policy: PolicyV1,
    totals: Option<TotalsV1>,
}

impl<'a> ScanV1<'a> {
    fn of(scan: &'a ScanRecord, mask: &Mask<'a>) -> Self {
        let begun = &scan.begun;
        let finished = scan.finished.as_ref();
        Self {
            assessment_id: &begun.id,
            keysweep_version: &begun.version,
            finished: finished.is_some(),
            started_at: Time(begun.started_at),
            finished_at: finished.map(|finished| Time(finished.at)),
            duration_seconds: finished.map(|finished| (finished.at - begun.started_at).as_secs()),
            scope: ScopeV1::of(&begun.scope, mask),
            caller: CallerV1::of(&begun.caller, mask),
            policy: PolicyV1::of(&begun.policy),
            totals: finished.map(|finished| TotalsV1::of(&finished.totals)),
        }
    }
}

/// The scans as a JSON document that ends in a newline.
pub fn document(scans: &[ScanRecord]) -> std::io::Result<Vec<u8>> {
    let mask = Mask::off();
    let scans = scans.iter().map(|scan| ScanV1::of(scan, &mask)).collect();
    let mut bytes = Vec::new();
    // The document, its scans: each scan is one line.
    Layout::spread(2).write(&HistoryV1 { schema: SCHEMA, scans }, &mut bytes)?;
    bytes.push(b'\n');
    Ok(bytes)
}
