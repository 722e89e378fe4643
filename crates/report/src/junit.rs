//! `JUnit` XML for CI pipelines: a test suite for each account, a test case for each inactive key and for each thing that was
//! not assessed. A long-term inactive key is a failure and a problem is an error, so that a pipeline is red exactly where
//! the exit code is not 0. What is not decided, and accounts that were left out, are skipped test cases.

use std::io;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Problem;
use keysweep_core::time::Instant;
use keysweep_core::totals::Totals;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::identity::identified;
use crate::mask::Mask;
use crate::visible::visible;
use crate::words;

/// Writes the suites: the organization's, where it has problems, then one for each account.
pub fn write(assessment: &Assessment, mask: bool, out: impl io::Write) -> io::Result<()> {
    let mask = &Mask::new(assessment, mask);
    let totals = Totals::of(assessment);
    let mut report =
        Report { mask, policy: &assessment.policy, writer: Writer::new_with_indent(out, b' ', 1) };
    report.writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let skipped = totals.findings.undetermined + totals.findings.contradictory + totals.accounts.skipped;
    let counts = Counts {
        tests: totals.findings.total + totals.problems + totals.accounts.complete + totals.accounts.skipped,
        failures: totals.findings.long_term,
        errors: totals.problems,
        skipped,
    };
    let mut suites = BytesStart::new("testsuites");
    suites.push_attribute(("name", "keysweep"));
    counts.put(&mut suites);
    report.writer.write_event(Event::Start(suites))?;
    if !assessment.problems.is_empty() {
        let problems = u64::try_from(assessment.problems.len()).unwrap_or(u64::MAX);
        let counts = Counts { tests: problems, errors: problems, ..Counts::default() };
        report.begin_suite("organization", &counts, assessment.finished_at)?;
        for problem in &assessment.problems {
            report.problem("organization", problem)?;
        }
        report.end("testsuite")?;
    }
    for account in &assessment.accounts {
        report.account(account, assessment.finished_at)?;
    }
    report.end("testsuites")?;
    report.writer.into_inner().write_all(b"\n")
}

/// What a suite counts.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Counts {
    fn of(assessed: &AccountAssessment) -> Self {
        let with = |verdict| {
            let of = |finding: &&Finding| finding.verdict == verdict;
            u64::try_from(assessed.findings.iter().filter(of).count()).unwrap_or(u64::MAX)
        };
        let errors = u64::try_from(assessed.problems.len()).unwrap_or(u64::MAX);
        let left_out = u64::from(matches!(assessed.status, AccountStatus::Skipped(_)));
        let complete = u64::from(matches!(assessed.status, AccountStatus::Complete));
        let undecided = with(Verdict::Undetermined) + with(Verdict::Contradictory);
        let failures = with(Verdict::LongTerm);
        Self {
            tests: failures + with(Verdict::Recent) + undecided + errors + left_out + complete,
            failures,
            errors,
            skipped: undecided + left_out,
        }
    }

    fn put(&self, element: &mut BytesStart<'_>) {
        for (name, number) in [
            ("tests", self.tests),
            ("failures", self.failures),
            ("errors", self.errors),
            ("skipped", self.skipped),
        ] {
            element.push_attribute((name, number.to_string().as_str()));
        }
        // A scan has one time for everything, and none for a key.
        element.push_attribute(("time", "0"));
    }
}

struct Report<'a, W: io::Write> {
    mask: &'a Mask<'a>,
    policy: &'a Policy,
    writer: Writer<W>,
}

impl<W: io::Write> Report<'_, W> {
    fn show(&self, text: &str) -> String {
        visible(&self.mask.text(text)).into_owned()
    }

    fn begin_suite(&mut self, name: &str, counts: &Counts, at: Instant) -> io::Result<()> {
        let mut suite = BytesStart::new("testsuite");
        suite.push_attribute(("name", name));
        counts.put(&mut suite);
        // The format's times have no zone.
        suite.push_attribute(("timestamp", at.to_string().trim_end_matches('Z')));
        self.writer.write_event(Event::Start(suite))
    }

    fn end(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn account(&mut self, assessed: &AccountAssessment, finished_at: Instant) -> io::Result<()> {
        let id = assessed.account.id;
        let name = assessed.account.name.as_deref().map(|name| format!(" {}", self.show(name)));
        let name = format!("{id}{}", name.unwrap_or_default());
        self.begin_suite(&name, &Counts::of(assessed), assessed.assessed_at.unwrap_or(finished_at))?;
        let said = self.show(&words::account_status(&assessed.status));
        match assessed.status {
            AccountStatus::Complete => {
                self.case(&id.to_string(), "every access key was assessed", None)?;
            }
            AccountStatus::Skipped(_) => {
                self.case(&id.to_string(), "every access key was assessed", Some(("skipped", &said, "")))?;
            }
            AccountStatus::Partial | AccountStatus::NotAssessed => {}
        }
        for (finding_id, finding) in identified(assessed, self.mask) {
            self.finding(id, &finding_id, finding)?;
        }
        for problem in &assessed.problems {
            self.problem(&id.to_string(), problem)?;
        }
        self.end("testsuite")
    }

    fn finding(&mut self, account: AccountId, id: &str, finding: &Finding) -> io::Result<()> {
        let key = id.strip_prefix(&format!("{account}:")).unwrap_or(id);
        let name = format!("{key} of {} is not long-term inactive", self.show(finding.owner.name()));
        let lasting = self.show(&words::inactive_for(finding));
        let text = self.show(&words::finding(finding, self.policy));
        let outcome = match finding.verdict {
            Verdict::LongTerm => Some(("failure", lasting.as_str(), text.as_str())),
            Verdict::Undetermined | Verdict::Contradictory => Some(("skipped", text.as_str(), "")),
            Verdict::Recent => None,
        };
        self.case(&account.to_string(), &name, outcome)
    }

    fn problem(&mut self, class: &str, problem: &Problem) -> io::Result<()> {
        let gap = self.show(&problem.gap.to_string());
        let text = self.show(&format!("{problem}. {}", problem.remedy()));
        let name = format!("{}: {gap}", problem.gap.name());
        self.case(class, &name, Some(("error", &gap, &text)))
    }

    /// A test case that passed, or the element of its outcome with its message and text.
    fn case(&mut self, class: &str, name: &str, outcome: Option<(&str, &str, &str)>) -> io::Result<()> {
        let mut case = BytesStart::new("testcase");
        for (attribute, value) in [("classname", class), ("name", name), ("time", "0")] {
            case.push_attribute((attribute, value));
        }
        let Some((element, message, text)) = outcome else {
            return self.writer.write_event(Event::Empty(case));
        };
        self.writer.write_event(Event::Start(case))?;
        let mut detail = BytesStart::new(element);
        detail.push_attribute(("message", message));
        if text.is_empty() {
            self.writer.write_event(Event::Empty(detail))?;
        } else {
            detail.push_attribute(("type", if element == "failure" { "long_term" } else { "not_assessed" }));
            self.writer.write_event(Event::Start(detail))?;
            self.writer.write_event(Event::Text(BytesText::new(text)))?;
            self.end(element)?;
        }
        self.end("testcase")
    }
}
