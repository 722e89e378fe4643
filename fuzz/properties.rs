//! What must hold of the readers of AWS's formats whatever they are given. The fuzz targets draw inputs for it, and
//! `crates/core/tests/corpus.rs` replays the inputs that are kept. That a reader does not panic needs no line here.

use std::collections::HashSet;

use keysweep_core::evidence::cloudtrail::{Record, RecordError};
use keysweep_core::evidence::credential_report::{CredentialReport, ReportError, Row, Slot};
use keysweep_core::evidence::{StatusChange, Target};
use keysweep_core::key::{KeyStatus, LastUsed};
use keysweep_core::time::Instant;
use serde_json::Value;

/// The columns that are read, in AWS's order.
const HEADER: &str = "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,\
access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,\
access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,\
additional_credentials_info";
const ROOT: &str = "<root_account>,arn:aws:iam::111122223333:root,2016-10-13T16:49:50+00:00,false,N/A,N/A,N/A,N/A,\
false,N/A,N/A,N/A,N/A,";

/// Reads `content` as a report, and as the rows of one: most of what is drawn at random has no header.
pub fn credential_report(content: &[u8]) -> Result<CredentialReport, ReportError> {
    let rows = [HEADER.as_bytes(), b"\n", ROOT.as_bytes(), b"\n", content].concat();
    for text in [content, &rows] {
        if let Ok(report) = CredentialReport::read(text) {
            check_report(&report);
            check_against_cells(&report, text);
            let marked = [b"\xef\xbb\xbf", text].concat();
            if !text.starts_with(b"\xef\xbb\xbf") {
                assert_eq!(
                    CredentialReport::read(&marked).as_ref(),
                    Ok(&report),
                    "a byte order mark changes what is read"
                );
            }
        }
    }
    CredentialReport::read(content)
}

fn check_report(report: &CredentialReport) {
    let mut names = HashSet::new();
    for (name, row) in &report.users {
        assert!(names.insert(name), "two rows for {name}");
        assert_ne!(name.as_str(), "<root_account>");
        assert!(
            row.inactive().next().is_none() || row.calls_for_a_look(),
            "an inactive key that nobody lists: {row:?}"
        );
    }
    assert_eq!(
        CredentialReport::read(&written(report)).as_ref(),
        Ok(report),
        "what was read is not what it says"
    );
}

/// Compares the report with a plain look at the table's cells.
fn check_against_cells(report: &CredentialReport, text: &[u8]) {
    let mut reader = csv::Reader::from_reader(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    let header = reader.headers().unwrap().clone();
    let mut users = report.users.iter();
    for record in reader.records() {
        let record = record.unwrap();
        let cell =
            |column: &str| record[header.iter().position(|name| name.trim() == column).unwrap()].trim();
        let row = if cell("user") == "<root_account>" {
            &report.root
        } else {
            let (name, row) = users.next().unwrap();
            assert_eq!(cell("user"), name.as_str());
            row
        };
        assert_eq!((cell("arn"), cell("user_creation_time").parse()), (&*row.arn, Ok(row.created)));
        for (number, slot) in [1, 2].into_iter().zip(&row.slots) {
            let value = |what: &str| {
                Some(cell(&format!("access_key_{number}_{what}"))).filter(|text| !is_nothing(text))
            };
            let active = value("active").is_some_and(|text| text.eq_ignore_ascii_case("true"));
            let date = |what: &str| value(what).map(|text| text.parse::<Instant>().unwrap());
            let (rotation, usage) = (date("last_rotated"), date("last_used_date"));
            match slot {
                Slot::Empty => {
                    assert!(!active && rotation.is_none() && usage.is_none(), "a key is passed over");
                }
                Slot::Contradictory => assert!(rotation.is_none() && (active || usage.is_some())),
                Slot::Key { status, rotated, last_used } => {
                    assert_eq!((*status == KeyStatus::Active, Some(*rotated)), (active, rotation));
                    let LastUsed::At { at, service, region } = last_used else {
                        assert_eq!(usage, None);
                        continue;
                    };
                    assert_eq!(Some(*at), usage);
                    assert_eq!(service.as_deref(), value("last_used_service"));
                    assert_eq!(region.as_deref(), value("last_used_region"));
                }
            }
        }
    }
    assert_eq!(users.next(), None, "a row that is not there");
}

/// What AWS writes where there is no value.
fn is_nothing(text: &str) -> bool {
    ["", "N/A", "no_information", "not_supported"].contains(&text)
}

/// The report as CSV. Written anew from what was read, it must read as the same.
fn written(report: &CredentialReport) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER.split(',')).unwrap();
    let root = ("<root_account>", &report.root);
    for (name, row) in
        std::iter::once(root).chain(report.users.iter().map(|(name, row)| (name.as_str(), row)))
    {
        writer.write_record(fields(name, row)).unwrap();
    }
    writer.into_inner().unwrap()
}

fn fields(name: &str, row: &Row) -> Vec<String> {
    let nothing = || "N/A".to_owned();
    let mut fields = vec![name.to_owned(), row.arn.clone(), row.created.to_string()];
    for slot in &row.slots {
        fields.extend(match slot {
            Slot::Empty => ["false".to_owned(), nothing(), nothing(), nothing(), nothing()],
            Slot::Contradictory => ["true".to_owned(), nothing(), nothing(), nothing(), nothing()],
            Slot::Key { status, rotated, last_used } => {
                let [date, region, service] = match last_used {
                    LastUsed::At { at, service, region } => [
                        at.to_string(),
                        region.clone().unwrap_or_default(),
                        service.clone().unwrap_or_default(),
                    ],
                    _ => [nothing(), nothing(), nothing()],
                };
                [(*status == KeyStatus::Active).to_string(), rotated.to_string(), date, region, service]
            }
        });
    }
    fields.push(if row.has_more { "more".to_owned() } else { nothing() });
    fields
}

/// Reads `json` as a record, and compares what comes out with a plain look at the JSON value.
pub fn cloudtrail_record(json: &str) -> Result<Record, RecordError> {
    let outcome = Record::read(json);
    if let Err(error) = &outcome {
        assert!(!error.to_string().is_empty());
    }
    // What the reader passes over need not be a value that serde_json can hold (a number such as 1e999).
    let Ok(value) = serde_json::from_str::<Value>(json) else { return outcome };
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let is_status_change =
        text("/eventSource") == Some("iam.amazonaws.com") && text("/eventName") == Some("UpdateAccessKey");
    match &outcome {
        Ok(Record::Other) => assert!(!is_status_change, "a status change is passed over"),
        Ok(Record::Refused) => {
            assert!(is_status_change && text("/errorCode").is_some(), "an accepted call is passed over");
        }
        Ok(Record::Change(change)) => {
            assert!(is_status_change && text("/errorCode").is_none(), "a change that did not happen");
            check_change(change, &text);
        }
        Err(_) => {}
    }
    if let (Ok(record), Value::Object(fields)) = (&outcome, &value) {
        let mut fields = fields.clone();
        fields.insert(
            "aFieldOfALaterEventVersion".to_owned(),
            serde_json::json!([{"status": "Active"}, null, 1.5]),
        );
        let later = Value::Object(fields).to_string();
        assert_eq!(
            Record::read(&later).as_ref(),
            Ok(record),
            "the order of fields, or an unknown one, changes what is read"
        );
    }
    outcome
}

fn check_change<'a>(change: &StatusChange, text: &impl Fn(&str) -> Option<&'a str>) {
    assert_eq!(text("/requestParameters/accessKeyId"), Some(change.key.as_str()));
    assert_eq!(
        text("/requestParameters/status"),
        Some(if change.status == KeyStatus::Active { "Active" } else { "Inactive" })
    );
    assert_eq!(text("/eventID"), Some(change.event.as_str()));
    assert_eq!(text("/eventTime").and_then(|time| time.parse().ok()), Some(change.at));
    match &change.target {
        Target::User(name) => assert!(
            [text("/requestParameters/userName"), text("/userIdentity/userName")]
                .contains(&Some(name.as_str()))
        ),
        Target::Root => assert_eq!(text("/userIdentity/type"), Some("Root")),
        Target::NotRecorded => assert_ne!(text("/userIdentity/type"), Some("Root")),
    }
}
