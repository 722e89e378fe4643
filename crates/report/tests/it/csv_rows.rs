//! The CSV as a program reads it.

use std::collections::BTreeMap;

use keysweep_report::csv::HEADER;
use keysweep_report::{Format, Options, render};

use crate::samples;

/// The rows of a CSV, each by column.
pub(crate) fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), HEADER);
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            HEADER.iter().map(|name| (*name).to_owned()).zip(record.iter().map(str::to_owned)).collect()
        })
        .collect()
}

#[test]
fn every_account_has_a_row_whatever_became_of_it() {
    let csv = render(&samples::organization(), Format::Csv, &Options::default()).unwrap();
    let rows = rows(&csv);
    let accounts: Vec<_> = rows
        .iter()
        .filter(|row| row["record"] == "account")
        .map(|row| (row["account_id"].as_str(), row["account_status"].as_str(), row["skip_reason"].as_str()))
        .collect();
    assert_eq!(
        accounts,
        [
            ("111122223333", "complete", ""),
            ("222233334444", "partial", ""),
            ("333344445555", "not_assessed", ""),
            ("444455556666", "not_assessed", ""),
            ("555566667777", "skipped", "state"),
            ("666677778888", "skipped", "state"),
            ("777788889999", "skipped", "filtered"),
        ]
    );
    let of_nobody: Vec<_> = rows.iter().filter(|row| row["account_id"].is_empty()).collect();
    assert_eq!(
        of_nobody.iter().map(|row| row["gap"].as_str()).collect::<Vec<_>>(),
        ["organizational_units_not_read"]
    );
}

#[test]
fn findings_have_the_ids_of_the_json() {
    let csv = render(&samples::every_verdict(), Format::Csv, &Options::default()).unwrap();
    let json = render(&samples::every_verdict(), Format::Json, &Options::default()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of_json: Vec<_> = json["accounts"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["finding_id"].as_str().unwrap().to_owned())
        .collect();
    let of_csv: Vec<_> = rows(&csv)
        .iter()
        .filter(|row| row["record"] == "finding")
        .map(|row| row["finding_id"].clone())
        .collect();
    assert_eq!(of_csv, of_json);
    assert_eq!(
        of_csv,
        [
            "111122223333:AKIAIOSFODNN70000004",
            "111122223333:AKIAIOSFODNN70000001",
            "111122223333:AKIAIOSFODNN70000006",
            "111122223333:AKIAIOSFODNN70000005",
            "111122223333:AKIAIOSFODNN70000002",
            "111122223333:root:2023-02-01T08:00:00Z",
        ]
    );
}
