//! The report as one page of HTML that needs nothing else: no network, and no script to be complete. The script only sorts,
//! filters, searches, pages and copies; a Content-Security-Policy allows it and the style sheet by their hashes, and
//! nothing more.
//!
//! The keys stand twice in the page, as rows and as cards, each on a line of its own inside a `noscript` element. Where
//! there is no script they are elements like any others. Where there is one they are a text to the browser, which costs it
//! nothing, and the script makes elements of those that are looked at: so a page with 50,000 keys can be used.
//!
//! Every text from outside goes through [`text::Texts`].

mod cards;
mod changes;
mod charts;
mod facts;
mod findings;
mod gaps;
mod mending;
mod opening;
mod picture;
mod text;
mod undecided;

use std::cmp::Reverse;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::key::Owner;
use keysweep_core::rule::{Severity, severity};
use keysweep_core::totals::Totals;
use sha2::{Digest as _, Sha256};

use self::text::{Text, Texts};
use crate::identity::identified;
use crate::mask::Mask;
use crate::words::capital;
use crate::{Options, summary, words};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// What every part of the page needs.
struct Page<'a> {
    assessment: &'a Assessment,
    options: &'a Options,
    totals: Totals,
    coverage: CoverageSummary,
    texts: Texts<'a>,
    /// The keys, the most pressing first.
    rows: Vec<Row<'a>>,
}

/// A finding with its id and its account.
struct Row<'a> {
    id: String,
    account: &'a AccountAssessment,
    finding: &'a Finding,
    severity: Severity,
}

/// Writes the page.
pub fn write(assessment: &Assessment, options: &Options, mut out: impl io::Write) -> io::Result<()> {
    let mask = &Mask::asked(assessment, options);
    let mut rows: Vec<Row<'_>> = assessment
        .accounts
        .iter()
        .flat_map(|account| {
            identified(account, mask).map(move |(id, finding)| Row {
                id,
                account,
                finding,
                severity: severity(finding, &assessment.policy),
            })
        })
        .collect();
    rows.sort_by_key(|row| {
        (rank(row.finding.verdict), Reverse(row.severity), Reverse(row.finding.at_least()))
    });
    let page = Page {
        assessment,
        options,
        totals: Totals::of(assessment),
        coverage: CoverageSummary::of(assessment),
        texts: Texts(mask),
        rows,
    };
    head(&page, &mut out)?;
    opening::write(&page, &mut out)?;
    changes::write(&page, &mut out)?;
    charts::write(&page, &mut out)?;
    findings::write(&page, &mut out)?;
    undecided::write(&page, &mut out)?;
    gaps::write(&page, &mut out)?;
    mending::write(&page, &mut out)?;
    cards::write(&page, &mut out)?;
    facts::write(&page, &mut out)?;
    writeln!(out, "</main>\n<script>{SCRIPT}</script></body></html>")
}

fn head(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta http-equiv=Content-Security-Policy content=\"default-src \
         'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'\"><meta name=viewport \
         content=\"width=device-width, initial-scale=1\"><meta name=referrer content=no-referrer><title>keysweep: {}</title>\
         <style>{STYLE}</style></head>\n<body>\n",
        hash(STYLE),
        hash(SCRIPT),
        page.texts.of(&summary::headline(&page.totals)),
    )
}

/// The order in which verdicts are of interest.
const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::LongTerm => 0,
        Verdict::Contradictory => 1,
        Verdict::Undetermined => 2,
        Verdict::Recent => 3,
    }
}

/// The class of a verdict: short, as every row has one.
const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::LongTerm => "l",
        Verdict::Contradictory => "c",
        Verdict::Undetermined => "u",
        Verdict::Recent => "r",
    }
}

/// What the policy names a text by that it allows.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

impl Page<'_> {
    /// How many keys there are of a verdict.
    const fn number_of(&self, verdict: Verdict) -> u64 {
        let findings = self.totals.findings;
        match verdict {
            Verdict::LongTerm => findings.long_term,
            Verdict::Contradictory => findings.contradictory,
            Verdict::Undetermined => findings.undetermined,
            Verdict::Recent => findings.recent,
        }
    }

    /// The key's id, or why there is none.
    fn key(&self, finding: &Finding) -> Text {
        finding
            .key
            .as_ref()
            .map_or_else(|| self.texts.of("id not told by AWS"), |key| self.texts.of(&self.texts.0.key(key)))
    }

    /// Whose key it is.
    fn user(&self, finding: &Finding) -> Text {
        match &finding.owner {
            Owner::Root => self.texts.of("root user"),
            Owner::User { name, .. } => self.texts.of(name.as_str()),
        }
    }

    /// The account's name with its id, or its id alone.
    fn account(&self, account: &Account) -> Text {
        match &account.name {
            Some(name) => self.texts.of(&format!("{name} ({})", account.id)),
            None => self.texts.of(&account.id.to_string()),
        }
    }

    /// [`Page::account`] of an account that the assessment may know.
    fn account_of(&self, id: AccountId) -> Text {
        let known = self.assessment.accounts.iter().find(|assessed| assessed.account.id == id);
        known.map_or_else(|| self.texts.of(&id.to_string()), |assessed| self.account(&assessed.account))
    }
}

/// Where an account lies in its organization, in words; `None` where there is no organization or it was not told.
fn unit(account: &Account) -> Option<String> {
    account.ou_path().map(|path| if path.is_empty() { "root of the organization".to_owned() } else { path })
}

/// `some of them, and 3 more`: the first `shown` of `all`.
fn some_of<T>(all: &[T], shown: usize, text: impl Fn(&T) -> String) -> String {
    let mut parts: Vec<String> = all.iter().take(shown).map(text).collect();
    if let Some(more) = all.len().checked_sub(shown).filter(|more| *more > 0) {
        parts.push(format!("and {} more", words::grouped(more as u64)));
    }
    parts.join(", ")
}
