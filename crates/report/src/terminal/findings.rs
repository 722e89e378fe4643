//! The lists of inactive keys: all of them longest first, those that a person must look at, and those that are not
//! decided yet.

use std::cmp::Ordering;

use anstyle::Style as Paint;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::rule::{self, Rule, Severity};

use super::Context;
use super::page::{BAD, BOLD, DIM, DOUBT, PLAIN, Page, paint_of, shorten};
use super::table::{Column, draw};
use crate::words;

/// Long-term keys first, then what needs a look, then what is left; each of them longest first. Keys that are alike in
/// this are ordered by whose they are, so that the same assessment always looks the same.
fn order(one: &Finding, other: &Finding) -> Ordering {
    let rank = |verdict| match verdict {
        Verdict::LongTerm => 0,
        Verdict::Contradictory => 1,
        Verdict::Undetermined => 2,
        Verdict::Recent => 3,
    };
    rank(one.verdict)
        .cmp(&rank(other.verdict))
        .then_with(|| other.at_least().cmp(&one.at_least()))
        .then_with(|| other.at_most().cmp(&one.at_most()))
        .then_with(|| (one.account, &one.owner, &one.key).cmp(&(other.account, &other.owner, &other.key)))
}

fn paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::LongTerm => BAD,
        Verdict::Contradictory | Verdict::Undetermined => DOUBT,
        Verdict::Recent => PLAIN,
    }
}

fn key(context: &Context<'_>, finding: &Finding) -> String {
    finding.key.as_ref().map_or_else(|| "(id not shown)".to_owned(), |key| context.mask.key(key).into_owned())
}

/// `AKIA… of ci-deploy in 111122223333 production`.
fn whose(context: &Context<'_>, finding: &Finding) -> String {
    let (key, user) = (key(context, finding), context.show(finding.owner.name()));
    if context.many_accounts() {
        format!("{key} of {user} in {}", context.account(finding.account))
    } else {
        format!("{key} of {user}")
    }
}

/// Days that are claimed; nothing is claimed of a key whose evidence contradicts itself.
fn days(finding: &Finding) -> (String, String) {
    match finding.verdict {
        Verdict::Contradictory => ("-".to_owned(), "-".to_owned()),
        _ => (
            format!("{} d", words::days_down(finding.at_least())),
            format!("{} d", words::days_up(finding.at_most())),
        ),
    }
}

fn since(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Contradictory => "-".to_owned(),
        _ => words::since_dates(finding.inactive_since.interval),
    }
}

fn confidence(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Contradictory => "-".to_owned(),
        _ => finding.inactive_since.confidence.to_string(),
    }
}

fn severity(context: &Context<'_>, finding: &Finding) -> Severity {
    rule::severity(finding, &context.assessment.policy)
}

/// Every inactive key, the longest inactive first.
pub(super) fn list(page: &mut Page, context: &Context<'_>) {
    let mut findings: Vec<&Finding> = context.assessment.findings().collect();
    if findings.is_empty() {
        return;
    }
    findings.sort_by(|one, other| order(one, other));
    page.heading("Inactive access keys, longest first");
    let shown = &findings[..findings.len().min(context.max_rows)];
    if !table(page, context, shown, true) && !table(page, context, shown, false) {
        cards(page, context, shown);
    }
    context.more(page, findings.len());
}

/// The rule and the severity, where there is room for them, say no more than the verdict does in most rows.
fn table(page: &mut Page, context: &Context<'_>, findings: &[&Finding], with_rules: bool) -> bool {
    let column = |header, right, least| Column { header, right, least };
    let mut columns = vec![
        column("USER", false, Some(8)),
        column("ACCESS KEY", false, Some(20)),
        column("AT LEAST", true, None),
        column("AT MOST", true, None),
        column("INACTIVE SINCE", false, None),
        column("CONFIDENCE", false, None),
        column("LAST USED", false, None),
        column("VERDICT", false, None),
    ];
    if with_rules {
        columns.extend([column("RULE", false, None), column("SEVERITY", false, None)]);
    }
    if context.many_accounts() {
        columns.insert(0, column("ACCOUNT", false, Some(16)));
    }
    let row = |finding: &&Finding| {
        let (at_least, at_most) = days(finding);
        let mut cells = vec![
            (context.show(finding.owner.name()), PLAIN),
            (key(context, finding), PLAIN),
            (at_least, BOLD),
            (at_most, PLAIN),
            (since(finding), PLAIN),
            (confidence(finding), PLAIN),
            (words::last_used_date(&finding.last_used), PLAIN),
            (words::verdict(finding.verdict).to_owned(), paint(finding.verdict)),
        ];
        if with_rules {
            let severity = severity(context, finding);
            cells.push((Rule::of(finding).id.to_owned(), DIM));
            cells.push((severity.to_string(), paint_of(severity)));
        }
        if context.many_accounts() {
            cells.insert(0, (context.account(finding.account), PLAIN));
        }
        cells
    };
    let rows: Vec<_> = findings.iter().map(row).collect();
    draw(page, &columns, &rows)
}

/// The rows of the table for a narrow page, a few short lines a key. Names may be cut; what is said of a key is not.
fn cards(page: &mut Page, context: &Context<'_>, findings: &[&Finding]) {
    let room = page.width().unwrap_or(usize::MAX).saturating_sub(4);
    for finding in findings {
        let verdict = words::verdict(finding.verdict);
        let (rule, severity) = (Rule::of(finding).id, severity(context, finding));
        let said = format!("{verdict} ({rule}, {severity}): {}", words::inactive_for(finding));
        page.paragraph(2, paint(finding.verdict), &said);
        let name = format!("{} of {}", key(context, finding), context.show(finding.owner.name()));
        page.paragraph(4, PLAIN, &shorten(&name, room));
        if context.many_accounts() {
            page.paragraph(4, PLAIN, &shorten(&format!("in {}", context.account(finding.account)), room));
        }
        let used = words::last_used(&finding.last_used);
        let since = words::since_days(finding.inactive_since.interval);
        let rest = match finding.verdict {
            Verdict::LongTerm => {
                format!("{since}, at most {}, {used}", words::rounded_up(finding.at_most()))
            }
            Verdict::Undetermined | Verdict::Recent => format!("{since}, {used}"),
            Verdict::Contradictory => used,
        };
        page.paragraph(4, DIM, &rest);
    }
}

/// Keys whose evidence contradicts itself, keys on which something was asserted, and keys that were used after they are said to have become inactive.
pub(super) fn to_look_at(page: &mut Page, context: &Context<'_>) {
    let notes: Vec<(&Finding, String)> = context.assessment.findings().flat_map(notes).collect();
    if notes.is_empty() {
        return;
    }
    page.heading("To look at");
    let mut above: Option<&Finding> = None;
    for (finding, note) in notes.iter().take(context.max_rows) {
        if !above.is_some_and(|above| std::ptr::eq(above, *finding)) {
            page.paragraph(2, PLAIN, &whose(context, finding));
        }
        above = Some(finding);
        page.paragraph(4, DOUBT, &context.show(note));
    }
    context.more(page, notes.len());
}

fn notes(finding: &Finding) -> impl Iterator<Item = (&Finding, String)> {
    let contradictions = finding.contradictions.iter().map(ToString::to_string);
    let used = finding.used_since.map(|at| {
        format!(
            "last used at {}, after it is said to have become inactive: AWS counts refused attempts too, so something may still try to use it",
            words::second(at)
        )
    });
    let asserted = words::assertion(finding.assertion);
    contradictions.chain(asserted).chain(used).map(move |note| (finding, note))
}

/// Keys of which it is not known whether they reach the threshold, and by when it will be; the soonest first.
pub(super) fn undetermined(page: &mut Page, context: &Context<'_>) {
    let all = context.assessment.findings();
    let mut findings: Vec<&Finding> =
        all.filter(|finding| finding.verdict == Verdict::Undetermined).collect();
    if findings.is_empty() {
        return;
    }
    findings.sort_by_key(|finding| (finding.known_by.is_none(), finding.known_by));
    page.heading("Not decided yet: whether these keys reach the threshold");
    for finding in findings.iter().take(context.max_rows) {
        page.paragraph(2, PLAIN, &whose(context, finding));
        page.paragraph(4, DIM, &words::known_by(finding.known_by));
    }
    context.more(page, findings.len());
}

/// Keys that exemptions keep out of clean-up, or kept until lately, and why.
pub(super) fn exempt(page: &mut Page, context: &Context<'_>) {
    let all = context.assessment.findings();
    let standings: Vec<_> =
        all.filter_map(|finding| finding.exemption.as_ref().map(|standing| (finding, standing))).collect();
    if standings.is_empty() {
        return;
    }
    page.heading("Exemptions from clean-up");
    for (finding, standing) in standings.iter().take(context.max_rows) {
        page.paragraph(2, PLAIN, &whose(context, finding));
        let paint = if standing.protects() { DIM } else { DOUBT };
        page.paragraph(4, paint, &context.show(&words::exemption(standing)));
    }
    context.more(page, standings.len());
}
