//! The report as one page of HTML that needs nothing else: no network, and no script to be complete. The script only sorts,
//! filters, searches and copies; a Content-Security-Policy allows it and the style sheet by their hashes, and nothing more.
//!
//! Every text from outside goes through [`text::Texts`].

mod drawing;
mod findings;
mod text;

use std::cmp::Reverse;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep_core::assessment::{AccountStatus, Assessment};
use keysweep_core::cause::causes;
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::totals::Totals;
use sha2::{Digest as _, Sha256};

use self::findings::Row;
use self::text::Texts;
use crate::identity::identified;
use crate::mask::Mask;
use crate::{summary, words};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// How many accounts and units a chart shows.
const BARS: usize = 8;

/// Writes the page.
pub fn write(assessment: &Assessment, mask: bool, mut out: impl io::Write) -> io::Result<()> {
    let mask = &Mask::new(assessment, mask);
    let texts = &Texts(mask);
    let totals = Totals::of(assessment);
    let coverage = CoverageSummary::of(assessment);
    let mut rows: Vec<Row<'_>> = assessment
        .accounts
        .iter()
        .flat_map(|account| identified(account, mask).map(move |(id, finding)| Row { id, account, finding }))
        .collect();
    rows.sort_by_key(|row| (rank(row.finding.verdict), Reverse(row.finding.at_least())));

    head(&totals, &coverage, assessment, texts, &mut out)?;
    next(&totals, &mut out)?;
    charts(&rows, &coverage, assessment, texts, &mut out)?;
    out.write_all(b"<section id=findings aria-labelledby=f><h2 id=f>Inactive keys</h2>")?;
    if rows.is_empty() {
        out.write_all(b"<p>No inactive access key was seen.</p>")?;
    } else {
        findings::table(&rows, &assessment.policy, texts, &mut out)?;
    }
    out.write_all(b"</section>\n")?;
    missing(assessment, texts, &mut out)?;
    out.write_all(b"<section id=cards aria-labelledby=c><h2 id=c>Each key, and why</h2>\n")?;
    for row in &rows {
        findings::card(row, &assessment.policy, texts, &mut out)?;
    }
    out.write_all(b"</section>\n")?;
    facts(&totals, assessment, texts, &mut out)?;
    writeln!(out, "</main><script>{SCRIPT}</script></body></html>")
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::LongTerm => 0,
        Verdict::Contradictory => 1,
        Verdict::Undetermined => 2,
        Verdict::Recent => 3,
    }
}

/// What the policy names a text by that it allows.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn head(
    totals: &Totals,
    coverage: &CoverageSummary,
    assessment: &Assessment,
    texts: &Texts<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta http-equiv=Content-Security-Policy content=\"default-src \
         'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'\"><meta name=viewport \
         content=\"width=device-width, initial-scale=1\"><meta name=referrer content=no-referrer><title>keysweep: {}</title>\
         <style>{STYLE}</style></head>\n<body><header><div class=brand>keysweep</div><h1>{}.</h1><p>{}</p><p>{}</p>\
         <p class=soft>Threshold: {}. Assessed {}.</p><nav aria-label=Contents><a href=\"#findings\">Keys</a><a \
         href=\"#missing\">Not assessed</a><a href=\"#cards\">Why</a><a href=\"#facts\">Method and scan</a></nav></header>\n<main>\n",
        hash(STYLE),
        hash(SCRIPT),
        texts.of(&summary::headline(totals)),
        texts.of(&summary::headline(totals)),
        texts.of(&summary::coverage(totals, coverage)),
        texts.of(&summary::inactive_keys(totals)),
        words::exactly(assessment.policy.threshold.length()),
        words::minute(assessment.finished_at),
    )
}

fn next(totals: &Totals, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(
        b"<section id=next aria-labelledby=n><h2 id=n>What it means, and what to do next</h2><p>An inactive access key cannot \
          sign requests, but whoever may update it can make it work again. A key that nobody has needed for so long is safer \
          deleted.</p><ul>",
    )?;
    let found = totals.findings;
    for (number, advice) in [
        (
            found.long_term,
            "long-term: ask the owner, then delete the key. Each card says why the verdict holds.",
        ),
        (
            found.contradictory,
            "contradictory: nothing is concluded. Look into the evidence on the card first.",
        ),
        (
            found.undetermined,
            "undetermined: not enough history is known yet. Scan again by the date in the table.",
        ),
        (found.recent, "recent: nothing to do yet."),
        (
            totals.problems,
            "not assessed: mend it as told below and scan again; more long-term keys may exist.",
        ),
    ] {
        if number > 0 {
            write!(out, "<li><b>{}</b> {advice}</li>", words::grouped(number))?;
        }
    }
    out.write_all(b"</ul></section>\n")
}

fn charts(
    rows: &[Row<'_>],
    coverage: &CoverageSummary,
    assessment: &Assessment,
    texts: &Texts<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let all: Vec<&Finding> = rows.iter().map(|row| row.finding).collect();
    let long_term = |findings: &[Finding]| {
        findings.iter().filter(|finding| finding.verdict == Verdict::LongTerm).map(|_| 1_u64).sum::<u64>()
    };
    let accounts = most(assessment.accounts.iter().map(|account| {
        let name = account.account.name.clone().unwrap_or_default();
        (format!("{} {name}", account.account.id), long_term(&account.findings))
    }));
    let units =
        most(coverage.units.iter().map(|unit| {
            (unit.path.clone().unwrap_or_else(|| "not known".to_owned()), unit.findings.long_term)
        }));
    let status = |wanted: &str| {
        assessment
            .accounts
            .iter()
            .filter(|account| account.status.name() == wanted)
            .map(|_| 1_u64)
            .sum::<u64>()
    };
    let covered = [
        ("complete", "assessed completely"),
        ("partial", "in part"),
        ("not_assessed", "not at all"),
        ("skipped", "left out"),
    ]
    .map(|(name, words)| (words.to_owned(), status(name)));
    out.write_all(b"<section aria-labelledby=d><h2 id=d>At a glance</h2><div class=charts>")?;
    for (title, svg) in [
        ("Age of inactive keys", drawing::ages(&all, &assessment.policy)),
        (
            "Accounts with the most long-term keys",
            drawing::bars("Long-term keys by account", &accounts, texts),
        ),
        ("Organizational units", drawing::bars("Long-term keys by organizational unit", &units, texts)),
        ("Coverage, in accounts", drawing::bars("Accounts by how far they were assessed", &covered, texts)),
    ] {
        write!(out, "<figure><h3>{title}</h3>{svg}</figure>")?;
    }
    out.write_all(b"</div></section>\n")
}

/// The rows with the greatest numbers, the greatest first.
fn most(rows: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut rows: Vec<_> = rows.filter(|(_, number)| *number > 0).collect();
    rows.sort_by_key(|(_, number)| Reverse(*number));
    rows.truncate(BARS);
    rows
}

fn missing(assessment: &Assessment, texts: &Texts<'_>, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(b"<section id=missing aria-labelledby=m><h2 id=m>What could not be assessed</h2>")?;
    let groups = causes(assessment);
    if groups.is_empty() {
        out.write_all(b"<p>Nothing is missing of what was to be assessed.</p>")?;
    }
    for group in groups {
        write!(
            out,
            "<h3>{} ({})</h3><p>{}</p>",
            group.cause.name(),
            words::count(group.times, "time"),
            texts.of(&group.remedy)
        )?;
    }
    if assessment.problems().next().is_some() {
        out.write_all(
            b"<details><summary>Each gap</summary><div class=scroll tabindex=0 role=region aria-label=\"Table of gaps\"><table>\
              <thead><tr><th scope=col>Account<th scope=col>What<th scope=col>Why</tr></thead><tbody>\n",
        )?;
    }
    for problem in assessment.problems() {
        let error = problem.error.as_ref().map(ToString::to_string);
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            problem.account.map_or_else(|| "organization".to_owned(), |account| account.to_string()),
            texts.of(&problem.gap.to_string()),
            texts.maybe(error.as_deref().or(problem.detail.as_deref())),
        )?;
    }
    if assessment.problems().next().is_some() {
        out.write_all(b"</tbody></table></div></details>")?;
    }
    for account in &assessment.accounts {
        if matches!(account.status, AccountStatus::Skipped(_)) {
            let why = words::account_status(&account.status);
            write!(
                out,
                "<p>{} {}: {}</p>",
                account.account.id,
                texts.maybe(account.account.name.as_deref()),
                texts.of(&why)
            )?;
        }
    }
    out.write_all(b"</section>\n")
}

fn facts(
    totals: &Totals,
    assessment: &Assessment,
    texts: &Texts<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    writeln!(
        out,
        "<section id=facts aria-labelledby=s><h2 id=s>Method, limits and scan</h2><p>AWS does not tell when a key was made \
         inactive. It follows from recorded status changes, from looks at the key, and from the time in which every change \
         would be known; \"at least\" and \"at most\" are the bounds of what can be true. Where they lie on both sides of the \
         threshold the key is undetermined. A last use is shown, and never decides.</p><dl><dt>Scan<dd>{}<dt>Made by<dd>{}\
         <dt>Began<dd>{}<dt>Ended<dd>{}<dt>Version<dd>{}<dt>Requests<dd>{}, {} of them throttled</dl></section>",
        texts.of(&assessment.id),
        texts.of(&assessment.caller.arn),
        words::second(assessment.started_at),
        words::second(assessment.finished_at),
        texts.of(&assessment.version),
        words::grouped(totals.calls.total().sent),
        words::grouped(totals.calls.total().throttled),
    )
}
