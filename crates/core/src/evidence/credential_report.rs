//! Reads IAM's credential report: one row a user, two key slots a row, no key ids. Columns are found by name. What a row
//! says is kept apart from what it means: a slot that contradicts itself is told, never guessed at.

use std::collections::HashSet;

use crate::key::{KeyStatus, LastUsed, UserName};
use crate::time::Instant;

/// A credential report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialReport {
    /// The root user's slots.
    pub root: Row,
    /// Every IAM user, in the report's order.
    pub users: Vec<(UserName, Row)>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `arn`.
    pub arn: String,
    /// `user_creation_time`.
    pub created: Instant,
    /// `access_key_1_*` and `access_key_2_*`. Their order means nothing.
    pub slots: [Slot; 2],
    /// Whether `additional_credentials_info` tells of more credentials than the columns show.
    pub has_more: bool,
}

/// One of a row's two key slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `false` and no date: no key, as far as recorded reports show. AWS's documentation says otherwise, which is why a
    /// few such users are listed too.
    Empty,
    /// A key.
    Key {
        /// `access_key_N_active`.
        status: KeyStatus,
        /// `access_key_N_last_rotated`: the key's `CreateDate` in every recorded case.
        rotated: Instant,
        /// `access_key_N_last_used_*`.
        last_used: LastUsed,
    },
    /// `true` without a date, or a last use without a key: the row contradicts itself.
    Contradictory,
}

impl Row {
    /// The inactive keys that it shows: when each was rotated, and its last use.
    pub fn inactive(&self) -> impl Iterator<Item = (Instant, &LastUsed)> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Key { status: KeyStatus::Inactive, rotated, last_used } => Some((*rotated, last_used)),
            _ => None,
        })
    }

    /// Whether the user's keys must be listed: the row shows an inactive key, contradicts itself, or does not show all.
    pub fn calls_for_a_look(&self) -> bool {
        self.has_more || self.inactive().next().is_some() || self.slots.contains(&Slot::Contradictory)
    }

    /// Whether it shows a slot without a key.
    pub fn has_empty_slot(&self) -> bool {
        self.slots.contains(&Slot::Empty)
    }
}

/// Why a credential report cannot be used. Lines count from 1, the header included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// There is nothing in it.
    #[error("the credential report is empty")]
    Empty,
    /// It is not CSV with as many fields in each row as in the header, in UTF-8.
    #[error("the credential report is damaged: {0}")]
    Damaged(String),
    /// A column is missing.
    #[error("the credential report has no column {0}")]
    NoColumn(&'static str),
    /// A value cannot be read.
    #[error("the credential report's line {line}, column {column}: {value:?} is not {expected}")]
    Value {
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: &'static str,
    },
    /// There is no row `<root_account>`, which every report has.
    #[error("the credential report has no row <root_account>, so it is not complete")]
    NoRootRow,
    /// A user has two rows.
    #[error("the credential report has two rows for user {0}")]
    TwoRows(String),
}

impl CredentialReport {
    /// Reads the CSV that `GetCredentialReport` returns.
    pub fn read(content: &[u8]) -> Result<Self, ReportError> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        if content.iter().all(u8::is_ascii_whitespace) {
            return Err(ReportError::Empty);
        }
        let mut reader = csv::ReaderBuilder::new().from_reader(content);
        let columns = Columns::of(reader.headers().map_err(damaged)?)?;
        let mut root = None;
        let mut users = Vec::new();
        let mut names = HashSet::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(damaged)? {
            let line = Line { record: &record, number: record.position().map_or(0, csv::Position::line) };
            let name = line.field(columns.user);
            if !names.insert(name.to_owned()) {
                return Err(ReportError::TwoRows(name.to_owned()));
            }
            let row = columns.row(&line)?;
            if name == "<root_account>" {
                root = Some(row);
            } else {
                users.push((name.parse().map_err(|_| line.error("user", name, "a user name"))?, row));
            }
        }
        Ok(Self { root: root.ok_or(ReportError::NoRootRow)?, users })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn damaged(error: csv::Error) -> ReportError {
    ReportError::Damaged(error.to_string())
}

/// Where each column stands.
struct Columns {
    user: usize,
    arn: usize,
    created: usize,
    slots: [SlotColumns; 2],
    /// `cert_N_last_rotated`: not needed, but the last columns, where a cut-off report shows.
    certificates: Vec<(usize, &'static str)>,
    additional: Option<usize>,
}

struct SlotColumns {
    active: (usize, &'static str),
    rotated: (usize, &'static str),
    used: (usize, &'static str),
    region: usize,
    service: usize,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, ReportError> {
        let find = |name: &'static str| {
            header.iter().position(|column| column.trim() == name).ok_or(ReportError::NoColumn(name))
        };
        let named = |name: &'static str| Ok::<_, ReportError>((find(name)?, name));
        Ok(Self {
            user: find("user")?,
            arn: find("arn")?,
            created: find("user_creation_time")?,
            slots: [
                SlotColumns {
                    active: named("access_key_1_active")?,
                    rotated: named("access_key_1_last_rotated")?,
                    used: named("access_key_1_last_used_date")?,
                    region: find("access_key_1_last_used_region")?,
                    service: find("access_key_1_last_used_service")?,
                },
                SlotColumns {
                    active: named("access_key_2_active")?,
                    rotated: named("access_key_2_last_rotated")?,
                    used: named("access_key_2_last_used_date")?,
                    region: find("access_key_2_last_used_region")?,
                    service: find("access_key_2_last_used_service")?,
                },
            ],
            certificates: ["cert_1_last_rotated", "cert_2_last_rotated"]
                .into_iter()
                .filter_map(|name| named(name).ok())
                .collect(),
            additional: find("additional_credentials_info").ok(),
        })
    }

    fn row(&self, line: &Line<'_>) -> Result<Row, ReportError> {
        for certificate in &self.certificates {
            line.date(*certificate)?;
        }
        let [first, second] = &self.slots;
        Ok(Row {
            arn: line.field(self.arn).to_owned(),
            created: line
                .date((self.created, "user_creation_time"))?
                .ok_or_else(|| line.error("user_creation_time", line.field(self.created), "a date"))?,
            slots: [first.slot(line)?, second.slot(line)?],
            has_more: self.additional.is_some_and(|column| !is_nothing(line.field(column))),
        })
    }
}

impl SlotColumns {
    fn slot(&self, line: &Line<'_>) -> Result<Slot, ReportError> {
        let (column, name) = self.active;
        let active = match line.field(column) {
            text if text.eq_ignore_ascii_case("true") => true,
            text if text.eq_ignore_ascii_case("false") => false,
            other => return Err(line.error(name, other, "true or false")),
        };
        let used = line.date(self.used)?;
        Ok(match (active, line.date(self.rotated)?) {
            (_, Some(rotated)) => Slot::Key {
                status: if active { KeyStatus::Active } else { KeyStatus::Inactive },
                rotated,
                last_used: used.map_or(LastUsed::NotRecorded, |at| LastUsed::At {
                    at,
                    service: line.text(self.service),
                    region: line.text(self.region),
                }),
            },
            (false, None) if used.is_none() => Slot::Empty,
            (_, None) => Slot::Contradictory,
        })
    }
}

struct Line<'a> {
    record: &'a csv::StringRecord,
    number: u64,
}

/// The words that AWS writes where there is no value.
fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "N/A" | "no_information" | "not_supported")
}

impl Line<'_> {
    fn field(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default().trim()
    }

    fn text(&self, column: usize) -> Option<String> {
        Some(self.field(column)).filter(|text| !is_nothing(text)).map(str::to_owned)
    }

    fn date(&self, (column, name): (usize, &str)) -> Result<Option<Instant>, ReportError> {
        let text = self.field(column);
        if is_nothing(text) {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.error(name, text, "a date, N/A or no_information"))
    }

    fn error(&self, column: &str, value: &str, expected: &'static str) -> ReportError {
        ReportError::Value { line: self.number, column: column.to_owned(), value: value.to_owned(), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
    const ROOT: &str = "<root_account>,arn:aws:iam::111122223333:root,2016-10-13T16:49:50+00:00,not_supported,\
2025-11-25T14:19:48+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";

    fn user_row(name: &str, first: &str, second: &str) -> String {
        format!(
            "{name},arn:aws:iam::111122223333:user/{name},2022-05-01T08:00:00Z,false,N/A,N/A,N/A,false,{first},{second},\
false,N/A,false,N/A"
        )
    }

    fn read(rows: &[&str]) -> Result<CredentialReport, ReportError> {
        CredentialReport::read(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes())
    }

    const NONE: &str = "false,N/A,N/A,N/A,N/A";

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn an_inactive_key_is_told_from_no_key() {
        let row = user_row("app", "FALSE,2022-05-01T08:01:00+00:00,2023-01-02T03:04:05Z,us-east-1,s3", NONE);
        let report = read(&[ROOT, &row]).unwrap();
        let (name, row) = &report.users[0];
        assert_eq!(name.as_str(), "app");
        let used = LastUsed::At {
            at: instant("2023-01-02T03:04:05Z"),
            service: Some("s3".into()),
            region: Some("us-east-1".into()),
        };
        assert_eq!(row.inactive().collect::<Vec<_>>(), [(instant("2022-05-01T08:01:00Z"), &used)]);
        assert!(row.calls_for_a_look() && row.has_empty_slot());
        assert_eq!(report.root.inactive().count(), 0);
        assert!(!report.root.calls_for_a_look());
    }

    #[test]
    fn an_inactive_root_key_is_seen() {
        let root = ROOT.replace("true,false,N/A", "true,false,2017-10-13T16:49:50+00:00");
        let report = read(&[&root]).unwrap();
        assert_eq!(
            report.root.inactive().collect::<Vec<_>>(),
            [(instant("2017-10-13T16:49:50Z"), &LastUsed::NotRecorded)]
        );
    }

    #[test]
    fn active_keys_call_for_no_look_and_rows_that_contradict_themselves_do() {
        let active = user_row("a", "true,2022-05-01T08:01:00Z,N/A,N/A,N/A", NONE);
        let used_without_key = user_row("b", "false,N/A,2023-01-02T03:04:05Z,N/A,s3", NONE);
        let active_without_date = user_row("c", "true,N/A,N/A,N/A,N/A", NONE);
        let report = read(&[ROOT, &active, &used_without_key, &active_without_date]).unwrap();
        let looks: Vec<bool> = report.users.iter().map(|(_, row)| row.calls_for_a_look()).collect();
        assert_eq!(looks, [false, true, true]);
    }

    #[test]
    fn columns_are_found_by_name_and_a_23rd_is_read() {
        let text = format!(
            "extra,{HEADER},additional_credentials_info\nx,{ROOT},\nx,{},N/A\nx,{},\"{{\"\"access_keys\"\": 3, \"\"x\"\": 1}}\"\n",
            user_row("a", NONE, NONE),
            user_row("b", NONE, NONE)
        );
        let report = CredentialReport::read(text.as_bytes()).unwrap();
        assert!(!report.users[0].1.has_more && !report.users[0].1.calls_for_a_look());
        assert!(report.users[1].1.has_more && report.users[1].1.calls_for_a_look());
    }

    #[test]
    fn crlf_a_byte_order_mark_quotes_and_unicode_are_read() {
        let row = user_row("app", NONE, NONE).replacen("app,", "\"app, j\u{f6}rg \u{1f980}\",", 1);
        let text = format!("\u{feff}{HEADER}\r\n{ROOT}\r\n{row}\r\n");
        let report = CredentialReport::read(text.as_bytes()).unwrap();
        assert_eq!(report.users[0].0.as_str(), "app, j\u{f6}rg \u{1f980}");
    }

    #[test]
    fn a_damaged_report_is_refused_with_the_reason() {
        let row = user_row("app", NONE, NONE);
        let case = |text: String| CredentialReport::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(CredentialReport::read(b" \n"), Err(ReportError::Empty));
        assert_eq!(
            case(format!("{HEADER}\n")),
            "the credential report has no row <root_account>, so it is not complete"
        );
        assert_eq!(
            case(HEADER.replace("access_key_2_active", "x")),
            "the credential report has no column access_key_2_active"
        );
        let cut = format!("{HEADER}\n{ROOT}\n{}", &row[..row.len() - 20]);
        assert!(case(cut).contains("found record with"));
        let cut = format!("{HEADER}\n{ROOT}\n{}", &row[..row.len() - 1]);
        assert!(case(cut).contains("column cert_2_last_rotated: \"N/\" is not a date"));
        assert!(case(format!("{HEADER}\n{ROOT}\n{row}\n{row}\n")).contains("two rows for user app"));
        assert_eq!(
            case(format!("{HEADER}\n{ROOT}\n{}", user_row("app", "maybe,N/A,N/A,N/A,N/A", NONE))),
            "the credential report's line 3, column access_key_1_active: \"maybe\" is not true or false"
        );
        assert!(
            case(format!(
                "{HEADER}\n{ROOT}\n{}",
                user_row("app", "false,2022-02-30T08:01:00Z,N/A,N/A,N/A", NONE)
            ))
            .contains("column access_key_1_last_rotated: \"2022-02-30T08:01:00Z\" is not a date")
        );
        let not_utf8 = [HEADER.as_bytes(), b"\n", ROOT.as_bytes(), b"\n\xff\xfe", row.as_bytes()].concat();
        assert!(CredentialReport::read(&not_utf8).unwrap_err().to_string().contains("invalid UTF-8"));
        assert!(case("<html><body>503</body></html>".into()).contains("no column user"));
    }
}
