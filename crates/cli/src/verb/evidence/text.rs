//! The report of an import in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use keysweep_app::import::{Format, NotUnderstood, Objection, Outcome, Request};
use keysweep_core::coverage::Coverage;
use keysweep_report::visible::visible;
use keysweep_report::words::{count, grouped, second};

/// So many entries of a list are shown; the JSON has all.
const SHOWN: usize = 20;

/// Says what was read, what was kept, and what was not.
pub(super) fn write(request: &Request, outcome: &Outcome) -> String {
    let mut text = String::new();
    read(&mut text, outcome);
    kept(&mut text, outcome);
    not_read(&mut text, request, outcome);
    not_understood(&mut text, request, outcome);
    if let (Some(covers), Some(asserted)) = (&request.covers, &outcome.asserted) {
        let account = covers.account;
        let _ = match asserted {
            Ok(spans) => writeln!(
                text,
                "Asserted: every status change of account {account} {} is known. Nothing proves it, so only observed claims \
                 rest on it.",
                in_words(spans)
            ),
            Err(objection) => writeln!(text, "Not asserted: {}.", why_not(objection)),
        };
    }
    if outcome.stopped {
        text.push_str("Stopped before all files were read; what was read until then is kept.\n");
    }
    text
}

fn read(text: &mut String, outcome: &Outcome) {
    let mut formats: BTreeMap<Format, u64> = BTreeMap::new();
    let (mut records, mut refused, mut others) = (0, 0, 0);
    for summary in outcome.files.iter().filter_map(|(_, file)| file.as_ref().ok()) {
        *formats.entry(summary.format).or_default() += 1;
        records += summary.records;
        refused += summary.refused;
        others += summary.of_other_accounts;
    }
    let kinds: Vec<String> = formats.iter().map(|(format, number)| kind(*format, *number)).collect();
    let of = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    let files = count(formats.values().sum(), "file");
    let _ = writeln!(text, "Read {} in {files}{of}.", count(records, "record"));
    if refused > 0 {
        let _ = writeln!(text, "AWS refused {}: they changed nothing.", count(refused, "status change"));
    }
    if others > 0 {
        let _ = writeln!(text, "Left out {} of other accounts.", count(others, "status change"));
    }
    if !outcome.passed_over.is_empty() {
        let links = count(outcome.passed_over.len() as u64, "link or other entry that is no file");
        let _ = writeln!(text, "Passed over {links}.");
    }
}

fn kind(format: Format, number: u64) -> String {
    let kind = match format {
        Format::Records => "of a trail or the console's JSON",
        Format::LookupEvents => "of lookup-events",
        Format::ConsoleCsv => "of the console's CSV",
        Format::Digest => "digest without records",
    };
    format!("{} {kind}", grouped(number))
}

fn kept(text: &mut String, outcome: &Outcome) {
    for (account, gain) in &outcome.accounts {
        let _ = writeln!(
            text,
            "Account {account}: {} of {}, {} of them new.",
            count(gain.new + gain.known, "status change"),
            count(gain.keys.len() as u64, "access key"),
            grouped(gain.new)
        );
    }
    if outcome.accounts.is_empty() {
        text.push_str("There is no status change of an access key among them.\n");
    }
}

fn not_read(text: &mut String, request: &Request, outcome: &Outcome) {
    let files =
        outcome.files.iter().filter_map(|(path, file)| Some((path, file.as_ref().err()?.to_string())));
    let directories = outcome.not_listed.iter().map(|(path, reason)| (path, reason.clone()));
    let lines: Vec<String> = files
        .chain(directories)
        .map(|(path, reason)| format!("{}: {reason}", shown(request, path)))
        .collect();
    list(text, "Not read, so nothing of it was kept", &lines);
}

fn not_understood(text: &mut String, request: &Request, outcome: &Outcome) {
    let line = |(path, record): &(std::path::PathBuf, NotUnderstood)| {
        let at = record.at.map(|at| format!(" at {}", second(at))).unwrap_or_default();
        let key = record.key.as_ref().map(|key| format!(" of {key}")).unwrap_or_default();
        let (path, number, reason) = (shown(request, path), record.record, &record.reason);
        format!("{path}, record {number}{key}{at}: {reason}")
    };
    let lines: Vec<String> = outcome.not_understood.iter().map(line).collect();
    list(text, "Not kept, though it may be a status change", &lines);
}

fn list(text: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{heading}:");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}", visible(line));
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "  and {} more: see --format json", grouped((lines.len() - SHOWN) as u64));
    }
}

/// A file by its path below the directory that was named.
fn shown(request: &Request, path: &Path) -> String {
    let below = path.strip_prefix(&request.path).ok().filter(|below| !below.as_os_str().is_empty());
    below.unwrap_or(path).display().to_string()
}

/// "from 2025-01-01 00:00:00 UTC up to 2026-01-01 00:00:00 UTC".
pub(super) fn in_words(spans: &Coverage) -> String {
    let span = |span: &keysweep_core::time::Span| {
        format!("from {} up to {}", second(span.from()), second(span.to()))
    };
    let spans: Vec<String> = spans.spans().iter().map(span).collect();
    spans.join(" and ")
}

pub(super) fn why_not(objection: &Objection) -> String {
    match objection {
        Objection::NotAllRead => "not all was read, so what the files hold is not known".to_owned(),
        Objection::NoEvents => "none of the files is one of events".to_owned(),
        Objection::Undated => {
            "a record may be a status change, and cannot be understood so far as to tell when".to_owned()
        }
        Objection::OtherRegion => {
            "none of the records is of the Region in which CloudTrail records IAM's events: us-east-1, \
                                   us-gov-west-1 or cn-north-1"
                .to_owned()
        }
        Objection::Missing { event, at } => format!(
            "a scan read a status change at {} (CloudTrail event {event}), and the files do not have it: they are not complete",
            second(*at)
        ),
        Objection::NothingLeft => "nothing is left of the span without what cannot be understood".to_owned(),
    }
}
