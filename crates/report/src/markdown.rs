//! Markdown for an issue, a pull request or the summary of a CI step: what was found, what could not be assessed, and the
//! keys in tables, the most important first. Where the place it goes to takes no more, rows are left out and counted; the
//! JSON has all of them.
//!
//! Every text from outside stands in a code span, where no Markdown, HTML, link or mention has any effect. The two characters
//! that could end a span or a cell are escaped as hidden characters are ([`crate::visible`]).

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use keysweep_core::account::Account;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::problem::Problem;
use keysweep_core::totals::Totals;

use crate::causes::{LISTED, extent, to_mend, what};
use crate::mask::Mask;
use crate::visible::visible;
use crate::{Options, diff, summary, words};

/// GitHub takes so many characters in an issue, a pull request or a comment; counted in bytes here, which is never more.
pub const COMMENT: usize = 65_536;

/// GitHub takes so many bytes as the summary of one step.
pub const STEP_SUMMARY: usize = 1 << 20;

/// Rows leave so much free: every table has its head, and the line that says how many of its rows are left out.
const FOR_HEADS: usize = 3000;

/// Writes at most `limit` bytes.
pub fn write(
    assessment: &Assessment,
    options: &Options,
    limit: usize,
    mut out: impl io::Write,
) -> io::Result<()> {
    let mask = &Mask::asked(assessment, options);
    let mut page = Page::new(limit, mask);
    page.head(assessment);
    if let Some(compared) = &options.compared {
        let difference = compared.with(assessment);
        let since = page.code(&diff::scan(&compared.earlier));
        page.block(&format!("**Changed since {since}:** {}.", diff::counts(&difference)));
        diff::markdown::changes(&mut page, &difference);
    }
    let with = |verdict| {
        let mut keys: Vec<_> = assessment
            .accounts
            .iter()
            .flat_map(|account| account.findings.iter().map(move |finding| (account, finding)))
            .filter(|(_, finding)| finding.verdict == verdict)
            .collect();
        keys.sort_by_key(|(_, finding)| Reverse(finding.at_least()));
        keys
    };
    page.keys("Long-term inactive keys", &with(Verdict::LongTerm));
    page.causes(assessment);
    page.problems(assessment);
    page.keys("Contradictory keys: nothing is concluded from their evidence", &with(Verdict::Contradictory));
    page.undetermined(&with(Verdict::Undetermined));
    page.keys("Recently deactivated keys", &with(Verdict::Recent));
    page.exempt(assessment);
    page.skipped(&assessment.accounts);
    out.write_all(page.text.as_bytes())
}

/// A page of Markdown that ends before its limit.
pub(crate) struct Page<'a> {
    text: String,
    limit: usize,
    mask: &'a Mask<'a>,
}

impl<'a> Page<'a> {
    pub(crate) const fn new(limit: usize, mask: &'a Mask<'a>) -> Self {
        Self { text: String::new(), limit, mask }
    }

    /// A heading or a paragraph.
    pub(crate) fn block(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn head(&mut self, assessment: &Assessment) {
        let totals = Totals::of(assessment);
        let coverage = summary::coverage(&totals, &CoverageSummary::of(assessment));
        // Writing to a String cannot fail.
        let _ = write!(
            self.text,
            "## keysweep: {}\n\n**Result:** {}.\n\n{coverage} {}\n\nThreshold: {}. Scan {}, {}.\n",
            summary::headline(&totals),
            words::conclusion(assessment.conclusion()),
            summary::inactive_keys(&totals),
            words::exactly(assessment.policy.threshold.length()),
            self.code(&assessment.id),
            words::minute(assessment.finished_at),
        );
    }

    fn keys(&mut self, title: &str, keys: &[(&AccountAssessment, &Finding)]) {
        self.table(
            title,
            &["Account", "User", "Key", "Owner", "At least", "At most", "Confidence", "Last used"],
            keys,
            |page, (account, finding)| {
                vec![
                    page.account(&account.account),
                    page.code(finding.owner.name()),
                    page.key(finding),
                    page.maybe(finding.owner_tag()),
                    words::rounded_down(finding.at_least()),
                    words::rounded_up(finding.at_most()),
                    finding.inactive_since.confidence.name().to_owned(),
                    words::last_used_date(&finding.last_used),
                ]
            },
        );
    }

    fn undetermined(&mut self, keys: &[(&AccountAssessment, &Finding)]) {
        self.table(
            "Undetermined keys",
            &["Account", "User", "Key", "Owner", "At least", "At most", "Known by"],
            keys,
            |page, (account, finding)| {
                vec![
                    page.account(&account.account),
                    page.code(finding.owner.name()),
                    page.key(finding),
                    page.maybe(finding.owner_tag()),
                    words::rounded_down(finding.at_least()),
                    words::rounded_up(finding.at_most()),
                    words::known_by(finding.known_by),
                ]
            },
        );
    }

    /// Why something was not covered; the rows that follow name every single gap.
    fn causes(&mut self, assessment: &Assessment) {
        let mut causes = to_mend(assessment);
        causes.truncate(LISTED);
        self.table(
            "What to mend first",
            &["Where", "Cause", "What", "What to do"],
            &causes,
            |page, group| {
                vec![
                    extent(group),
                    page.code(&group.cause.to_string()),
                    page.code(&what(group)),
                    page.code(&group.remedy),
                ]
            },
        );
    }

    fn exempt(&mut self, assessment: &Assessment) {
        let findings: Vec<(&AccountAssessment, &Finding)> = assessment
            .accounts
            .iter()
            .flat_map(|account| account.findings.iter().map(move |finding| (account, finding)))
            .filter(|(_, finding)| finding.exemption.is_some())
            .collect();
        self.table(
            "Exemptions from clean-up",
            &["Account", "User", "Key", "Verdict", "Exemption"],
            &findings,
            |page, (account, finding)| {
                vec![
                    page.account(&account.account),
                    page.code(finding.owner.name()),
                    page.key(finding),
                    words::verdict(finding.verdict).to_owned(),
                    page.maybe(finding.exemption.as_ref().map(words::exemption).as_deref()),
                ]
            },
        );
    }

    fn problems(&mut self, assessment: &Assessment) {
        let problems: Vec<&Problem> = assessment.problems().collect();
        self.table("Not assessed", &["Account", "What", "Why", "What to do"], &problems, |page, problem| {
            let error = problem.error.as_ref().map(ToString::to_string);
            vec![
                problem.account.map_or_else(|| "organization".to_owned(), |account| account.to_string()),
                page.code(&problem.gap.to_string()),
                page.maybe(error.as_deref().or(problem.detail.as_deref())),
                page.code(&problem.remedy()),
            ]
        });
    }

    fn skipped(&mut self, accounts: &[AccountAssessment]) {
        let skipped: Vec<_> =
            accounts.iter().filter(|account| matches!(account.status, AccountStatus::Skipped(_))).collect();
        self.table("Accounts left out", &["Account", "Why"], &skipped, |page, account| {
            vec![page.account(&account.account), page.code(&words::account_status(&account.status))]
        });
    }

    /// A table with as many of the rows as there is room for.
    pub(crate) fn table<T>(
        &mut self,
        title: &str,
        columns: &[&str],
        rows: &[T],
        cells: impl Fn(&Self, &T) -> Vec<String>,
    ) {
        if rows.is_empty() {
            return;
        }
        let mut table =
            format!("\n### {title}\n\n| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
        let mut shown = 0;
        for row in rows {
            let line = format!("| {} |\n", cells(self, row).join(" | "));
            if self.text.len() + table.len() + line.len() + FOR_HEADS > self.limit {
                break;
            }
            table.push_str(&line);
            shown += 1;
        }
        let left_out = u64::try_from(rows.len() - shown).unwrap_or(u64::MAX);
        if left_out > 0 {
            let _ = writeln!(
                table,
                "\n**{} left out here, for want of room.** The JSON report has everything.",
                words::count(left_out, "more row")
            );
        }
        self.text.push_str(&table);
    }

    pub(crate) fn account(&self, account: &Account) -> String {
        match &account.name {
            Some(name) => format!("{} {}", account.id, self.code(name)),
            None => account.id.to_string(),
        }
    }

    pub(crate) fn key(&self, finding: &Finding) -> String {
        finding
            .key
            .as_ref()
            .map_or_else(|| "not told by AWS".to_owned(), |key| format!("`{}`", self.mask.key(key)))
    }

    pub(crate) fn maybe(&self, text: Option<&str>) -> String {
        text.map_or_else(|| "–".to_owned(), |text| self.code(text))
    }

    /// A text from outside as a code span.
    pub(crate) fn code(&self, text: &str) -> String {
        span(&self.mask.text(text))
    }
}

/// A text from outside as a code span.
pub(crate) fn span(text: &str) -> String {
    let text = visible(text).replace('|', "\\u{7c}").replace('`', "\\u{60}");
    // A span of nothing is none; and one of nothing but spaces shows nothing.
    if text.trim().is_empty() { "(blank)".to_owned() } else { format!("`{text}`") }
}
