//! The keys: a table that has a row for each, and a card for each with its timeline and the derivation of its verdict.

use std::fmt::Write as _;
use std::io;

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::Finding;
use keysweep_core::policy::Policy;
use keysweep_core::rule::{Rule, severity};

use super::drawing;
use super::text::Texts;
use crate::explanation::Explanation;
use crate::timeline::Timeline;
use crate::words;

/// A finding with its id and its account.
pub(super) struct Row<'a> {
    pub(super) id: String,
    pub(super) account: &'a AccountAssessment,
    pub(super) finding: &'a Finding,
}

const COLUMNS: [&str; 13] = [
    "Account",
    "Unit",
    "User",
    "Key",
    "Owner",
    "At least",
    "At most",
    "Confidence",
    "Last used",
    "Verdict",
    "Severity",
    "Rule",
    "Known by",
];

fn key(finding: &Finding, texts: &Texts<'_>) -> String {
    finding.key.as_ref().map_or_else(|| "not told by AWS".to_owned(), |key| texts.0.key(key).into_owned())
}

/// Writes the table.
pub(super) fn table(
    rows: &[Row<'_>],
    policy: &Policy,
    texts: &Texts<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    out.write_all(
        b"<div class=scroll tabindex=0 role=region aria-label=\"Table of keys\"><table id=keys><caption>One row for each \
          inactive key; its id leads to its card.</caption><thead><tr>",
    )?;
    for column in COLUMNS {
        write!(out, "<th scope=col>{column}</th>")?;
    }
    out.write_all(b"</tr></thead><tbody>\n")?;
    for Row { id, account, finding } in rows {
        let verdict = words::verdict(finding.verdict);
        let severity = severity(finding, policy);
        writeln!(
            out,
            "<tr data-v={verdict}><td>{}<small>{}</small></td><td>{}</td><td>{}</td><td><a href=\"#{}\"><code>{}</code></a></td>\
             <td>{}</td><td data-s={}>{}</td><td data-s={}>{}</td><td>{}</td><td>{}</td><td class={verdict}>{verdict}</td>\
             <td data-s={}>{}</td><td>{}</td><td>{}</td></tr>",
            texts.maybe(account.account.name.as_deref()),
            finding.account,
            texts.maybe(account.account.ou_path().as_deref()),
            texts.of(finding.owner.name()),
            texts.of(id),
            texts.of(&key(finding, texts)),
            texts.maybe(finding.owner_tag()),
            finding.at_least().as_secs(),
            words::rounded_down(finding.at_least()),
            finding.at_most().as_secs(),
            words::rounded_up(finding.at_most()),
            finding.inactive_since.confidence.name(),
            words::last_used_date(&finding.last_used),
            severity as u8,
            severity.name(),
            Rule::of(finding).id,
            finding.known_by.map_or_else(|| "–".to_owned(), |_| words::known_by(finding.known_by)),
        )?;
    }
    out.write_all(b"</tbody></table></div>\n")
}

/// Writes the card of a key. Facts and derivation are those of `keysweep explain`.
pub(super) fn card(
    row: &Row<'_>,
    policy: &Policy,
    texts: &Texts<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let Row { id, account, finding } = row;
    let explanation = Explanation::of(finding, account, policy);
    let verdict = words::verdict(finding.verdict);
    let copied = finding.key.as_ref().filter(|_| !texts.0.is_on());
    let mut card = format!(
        "<details class=card id=\"{}\"{}><summary><code>{}</code> of {} in {} <b class={verdict}>{verdict}</b></summary>\
         <p>{}.</p>",
        texts.of(id),
        copied.map(|key| format!(" data-key=\"{}\"", texts.of(key.as_str()))).unwrap_or_default(),
        texts.of(&key(finding, texts)),
        texts.of(finding.owner.name()),
        finding.account,
        texts.of(&explanation.summary),
    );
    card.push_str(&drawing::timeline(&Timeline::of(finding, account, policy), texts));
    // Writing to a String cannot fail.
    card.push_str("<dl>");
    for step in &explanation.steps {
        let _ = write!(card, "<dt>{}<dd>{}", step.topic.title(), texts.of(&step.text));
    }
    card.push_str("</dl><ul>");
    for fact in &explanation.facts {
        let _ = write!(card, "<li>{}", texts.of(&fact.text));
    }
    for outlook in &explanation.outlook {
        let _ = write!(card, "<li>{}", texts.of(outlook));
    }
    card.push_str("</ul></details>\n");
    out.write_all(card.as_bytes())
}
