//! CSV for spreadsheets and scripts: RFC 4180 (comma, CRLF, UTF-8), one row for each account, finding and problem, told
//! apart by the column `record`. Accounts that were skipped or could not be assessed have a row too: what was not looked
//! at must be as visible as what was found.
//!
//! Cells that a spreadsheet would take for a formula begin with `'`, and hidden characters are escaped (see
//! [`crate::visible`]), so that each record is one line. Exact texts are in the JSON.

use std::borrow::Cow;
use std::io;

use ::csv::{Terminator, WriterBuilder};
use keysweep_core::account::AccountState;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::key::{LastUsed, Owner, UserName};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Problem;
use keysweep_core::rule::{self, Rule};
use keysweep_core::time::{Instant, SignedDuration};

use crate::identity::identified;
use crate::mask::Mask;
use crate::visible::visible;
use crate::words;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The cells of one row. What does not concern its `record`, or is not known, is empty.
        #[derive(Default)]
        struct Row { $($name: String,)* }

        /// The header. Columns may be added at the end in later versions; none is renamed, moved or removed.
        pub const HEADER: &[&str] = &[$(stringify!($name),)*];

        impl Row {
            fn cells(&self) -> impl Iterator<Item = &str> {
                [$(self.$name.as_str(),)*].into_iter()
            }
        }
    };
}

columns! {
    record, assessment_id, account_id, account_name, ou_path, account_status, text,
    finding_id, verdict, user_name, user_arn, access_key_id, owner_tag,
    at_least_days, at_most_days, at_least_seconds, at_most_seconds,
    inactive_since_earliest, inactive_since_latest, as_of, confidence, known_by,
    created_at, last_used_status, last_used_at, last_used_service, last_used_region, used_since, contradictions,
    gap, call, error_code, error_message, request_id, detail, remedy,
    state, skip_reason, method, users, covered_seconds, findings, long_term_findings, problems,
    calls_sent, calls_throttled, assessed_at,
    asserted_seconds, assertion, cause,
    rule_id, rule_ids, severity,
    exemption, exemption_text,
}

/// Writes the header and every row: the organization's problems, then account by account the account, its findings and
/// its problems.
pub fn write(assessment: &Assessment, mask: bool, out: impl io::Write) -> io::Result<()> {
    let rows = Rows { assessment, mask: &Mask::new(assessment, mask) };
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(HEADER)?;
    for problem in &assessment.problems {
        writer.write_record(rows.problem(problem, None).cells())?;
    }
    for account in &assessment.accounts {
        writer.write_record(rows.account(account).cells())?;
        for (id, finding) in identified(account, rows.mask) {
            writer.write_record(rows.finding(id, finding, account, &assessment.policy).cells())?;
        }
        for problem in &account.problems {
            writer.write_record(rows.problem(problem, Some(account)).cells())?;
        }
    }
    writer.flush()
}

/// The text as a spreadsheet may read it: never as a formula, and on one line.
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Some spreadsheets skip spaces before a formula, and some take the full-width signs for the ASCII ones.
    let formula = text
        .trim_start_matches([' ', '\u{a0}', '\u{3000}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    match visible(text) {
        shown if formula => format!("'{shown}").into(),
        shown => shown,
    }
}

struct Rows<'a> {
    assessment: &'a Assessment,
    mask: &'a Mask<'a>,
}

impl Rows<'_> {
    fn cell(&self, text: &str) -> String {
        harmless(&self.mask.text(text)).into_owned()
    }

    fn maybe(&self, text: Option<&str>) -> String {
        text.map(|text| self.cell(text)).unwrap_or_default()
    }

    /// What every row of an account has.
    fn row(&self, record: &'static str, account: Option<&AccountAssessment>) -> Row {
        let mut row = Row {
            record: record.to_owned(),
            assessment_id: self.cell(&self.assessment.id),
            ..Row::default()
        };
        if let Some(assessed) = account {
            row.account_id = assessed.account.id.to_string();
            row.account_name = self.maybe(assessed.account.name.as_deref());
            row.ou_path = self.maybe(assessed.account.ou_path().as_deref());
            assessed.status.name().clone_into(&mut row.account_status);
        }
        row
    }

    fn account(&self, assessed: &AccountAssessment) -> Row {
        let long_term = assessed.findings.iter().filter(|finding| finding.verdict == Verdict::LongTerm);
        let calls = assessed.calls.total();
        Row {
            text: self.cell(&words::account_status(&assessed.status)),
            state: self.maybe(assessed.account.state.as_ref().map(AccountState::as_api)),
            skip_reason: match &assessed.status {
                AccountStatus::Skipped(reason) => words::skip_reason_name(reason).to_owned(),
                _ => String::new(),
            },
            method: assessed.method.map(|method| method.name().to_owned()).unwrap_or_default(),
            users: assessed.users.map(|users| users.to_string()).unwrap_or_default(),
            covered_seconds: assessed.coverage.length().as_secs().to_string(),
            findings: assessed.findings.len().to_string(),
            long_term_findings: long_term.count().to_string(),
            problems: assessed.problems.len().to_string(),
            calls_sent: calls.sent.to_string(),
            calls_throttled: calls.throttled.to_string(),
            assessed_at: instant(assessed.assessed_at),
            asserted_seconds: assessed.asserted.length().as_secs().to_string(),
            ..self.row("account", Some(assessed))
        }
    }

    fn finding(&self, id: String, finding: &Finding, account: &AccountAssessment, policy: &Policy) -> Row {
        let claim = &finding.inactive_since;
        let (at_least, at_most) = (finding.at_least(), finding.at_most());
        let contradictions: Vec<String> = finding.contradictions.iter().map(ToString::to_string).collect();
        let (last_used_at, service, region) = match &finding.last_used {
            LastUsed::NotRecorded | LastUsed::NotRead => (None, None, None),
            LastUsed::At { at, service, region } => (Some(*at), service.as_deref(), region.as_deref()),
        };
        Row {
            text: self.cell(&words::finding(finding, policy)),
            finding_id: id,
            verdict: finding.verdict.name().to_owned(),
            user_name: self.cell(finding.owner.name()),
            user_arn: match &finding.owner {
                Owner::Root => String::new(),
                Owner::User { arn, .. } => self.cell(arn),
            },
            access_key_id: finding
                .key
                .as_ref()
                .map(|key| self.mask.key(key).into_owned())
                .unwrap_or_default(),
            owner_tag: self.maybe(finding.owner_tag()),
            at_least_days: words::days_down(at_least).to_string(),
            at_most_days: words::days_up(at_most).to_string(),
            at_least_seconds: at_least.max(SignedDuration::ZERO).as_secs().to_string(),
            at_most_seconds: at_most.max(SignedDuration::ZERO).as_secs().to_string(),
            inactive_since_earliest: claim.interval.earliest().to_string(),
            inactive_since_latest: claim.interval.latest().to_string(),
            as_of: claim.as_of.to_string(),
            confidence: claim.confidence.name().to_owned(),
            known_by: instant(finding.known_by),
            created_at: finding.created.to_string(),
            last_used_status: words::last_used_name(&finding.last_used).to_owned(),
            last_used_at: instant(last_used_at),
            last_used_service: self.maybe(service),
            last_used_region: self.maybe(region),
            used_since: instant(finding.used_since),
            contradictions: self.cell(&contradictions.join("; ")),
            assessed_at: finding.assessed_at.to_string(),
            assertion: words::assertion_name(finding.assertion).to_owned(),
            rule_id: Rule::of(finding).id.to_owned(),
            rule_ids: Rule::all_of(finding).map(|rule| rule.id).collect::<Vec<_>>().join(" "),
            severity: rule::severity(finding, policy).name().to_owned(),
            exemption: finding
                .exemption
                .as_ref()
                .map(|standing| standing.name().to_owned())
                .unwrap_or_default(),
            exemption_text: self.maybe(finding.exemption.as_ref().map(words::exemption).as_deref()),
            ..self.row("finding", Some(account))
        }
    }

    fn problem(&self, problem: &Problem, account: Option<&AccountAssessment>) -> Row {
        let error = problem.error.as_ref();
        let mut row = Row {
            text: self.cell(&problem.gap.to_string()),
            user_name: self.maybe(problem.gap.user().map(UserName::as_str)),
            access_key_id: problem.gap.key().map(|key| self.mask.key(key).into_owned()).unwrap_or_default(),
            gap: problem.gap.name().to_owned(),
            call: error.map(|error| error.call.to_string()).unwrap_or_default(),
            error_code: self.maybe(error.and_then(|error| error.code.as_deref())),
            error_message: self.maybe(error.map(|error| error.message.as_str())),
            request_id: self.maybe(error.and_then(|error| error.request_id.as_deref())),
            detail: self.maybe(problem.detail.as_deref()),
            remedy: self.cell(&problem.remedy()),
            cause: problem.cause().name().to_owned(),
            rule_id: Rule::of_problem(problem).id.to_owned(),
            rule_ids: Rule::of_problem(problem).id.to_owned(),
            severity: rule::problem_severity(problem).name().to_owned(),
            ..self.row("problem", account)
        };
        if let Some(account) = problem.account {
            row.account_id = account.to_string();
        }
        row
    }
}

fn instant(instant: Option<Instant>) -> String {
    instant.map(|instant| instant.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\t=1"),
            ("\r", "'\\r"),
            ("  =1", "'  =1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let names: std::collections::BTreeSet<_> = HEADER.iter().collect();
        assert_eq!(names.len(), HEADER.len());
    }
}
