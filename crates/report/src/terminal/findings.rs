//! The lists of inactive keys: all of them longest first, those that a person must look at, and those that are not
//! decided yet.

use std::cmp::Reverse;

use anstyle::Style as Paint;
use keysweep_core::finding::{Finding, Verdict};

use super::Context;
use super::page::{BAD, BOLD, DIM, DOUBT, PLAIN, Page, shorten};
use super::table::{Column, draw};
use crate::words;

/// Long-term keys first, then what needs a look, then what is left; each of them longest first.
fn order(finding: &Finding) -> impl Ord + use<> {
    let rank = match finding.verdict {
        Verdict::LongTerm => 0,
        Verdict::Contradictory => 1,
        Verdict::Undetermined => 2,
        Verdict::Recent => 3,
    };
    (rank, Reverse(finding.at_least()), Reverse(finding.at_most()))
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

/// Every inactive key, the longest inactive first.
pub(super) fn list(page: &mut Page, context: &Context<'_>) {
    let mut findings: Vec<&Finding> = context.assessment.findings().collect();
    if findings.is_empty() {
        return;
    }
    findings.sort_by(|one, other| {
        let ties = |finding: &Finding| (finding.account, finding.owner.clone(), finding.key.clone());
        order(one).cmp(&order(other)).then_with(|| ties(one).cmp(&ties(other)))
    });
    page.heading("Inactive access keys, longest first");
    let shown = &findings[..findings.len().min(context.max_rows)];
    if !table(page, context, shown) {
        cards(page, context, shown);
    }
    context.more(page, findings.len());
}

fn table(page: &mut Page, context: &Context<'_>, findings: &[&Finding]) -> bool {
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
        if context.many_accounts() {
            cells.insert(0, (context.account(finding.account), PLAIN));
        }
        cells
    };
    let rows: Vec<_> = findings.iter().map(row).collect();
    draw(page, &columns, &rows)
}

/// The rows of the table for a narrow page: three short lines a key.
fn cards(page: &mut Page, context: &Context<'_>, findings: &[&Finding]) {
    let room = page.width().unwrap_or(usize::MAX).saturating_sub(4);
    for finding in findings {
        let verdict = words::verdict(finding.verdict);
        let lasting = words::inactive_for(finding);
        page.spaces(2);
        page.painted(paint(finding.verdict), verdict);
        page.painted(PLAIN, &shorten(&format!(": {lasting}"), (room + 2).saturating_sub(verdict.len())));
        page.blank();
        let mut lines = vec![format!("{} of {}", key(context, finding), context.show(finding.owner.name()))];
        if context.many_accounts() {
            lines.push(format!("in {}", context.account(finding.account)));
        }
        let used = words::last_used(&finding.last_used);
        let since = words::since_days(finding.inactive_since.interval);
        lines.push(match finding.verdict {
            Verdict::LongTerm => {
                format!("{since}, at most {}, {used}", words::rounded_up(finding.at_most()))
            }
            Verdict::Undetermined | Verdict::Recent => format!("{since}, {used}"),
            Verdict::Contradictory => used,
        });
        for line in lines {
            page.spaces(4);
            page.painted(PLAIN, &shorten(&line, room));
            page.blank();
        }
    }
}

/// Keys whose evidence contradicts itself, and keys that were used after they are said to have become inactive.
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
    contradictions.chain(used).map(move |note| (finding, note))
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
