//! A card for each key: who has it, its timeline, and how its verdict follows, in the words of `keysweep explain`. The keys
//! of an account of which much the same is to be said, such as how far its history goes, stand together, and it is said
//! once for them: so a page with thousands of keys stays small.
//!
//! A card is one line, and so is what is said of several: the script takes them apart.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::AccountAssessment;
use keysweep_core::infer::LatestGround;
use keysweep_core::key::Owner;
use keysweep_core::rule::Rule;

use super::picture::{self, LEGEND, SHAPES};
use super::{Page, Row, class, unit};
use crate::explanation::{Explanation, Topic};
use crate::timeline::Timeline;
use crate::words::{self, count};

/// One thing that is said of a key.
#[derive(PartialEq, Eq)]
struct Said {
    label: &'static str,
    text: String,
}

struct Card<'a> {
    row: &'a Row<'a>,
    summary: String,
    said: Vec<Said>,
}

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    if page.rows.is_empty() {
        return Ok(());
    }
    out.write_all(SHAPES.as_bytes())?;
    out.write_all(b"\n<noscript><section id=cards aria-labelledby=why><h2 id=why>Each key, and why</h2><p class=legend>")?;
    for (class, text) in LEGEND {
        write!(out, "<span class=m><svg aria-hidden=true>{}</svg>{text}</span>", sample(class))?;
    }
    out.write_all(b"</p>\n")?;
    let mut by_account: HashMap<AccountId, Vec<&Row<'_>>> = HashMap::new();
    for row in &page.rows {
        by_account.entry(row.finding.account).or_default().push(row);
    }
    for account in &page.assessment.accounts {
        if let Some(rows) = by_account.get(&account.account.id) {
            of_account(page, account, rows, out)?;
        }
    }
    out.write_all(b"</section></noscript>\n")
}

/// What a class of [`LEGEND`] looks like.
fn sample(class: &str) -> String {
    match class {
        "k" | "a" | "g" | "s" | "i" => format!("<rect class={class} x=0 width=100% />"),
        "h" => "<line x1=50% x2=50% y1=0 y2=14 />".to_owned(),
        shape => format!("<use href=#{shape} x=50% y=7 />"),
    }
}

fn of_account(
    page: &Page<'_>,
    account: &AccountAssessment,
    rows: &[&Row<'_>],
    out: &mut impl io::Write,
) -> io::Result<()> {
    write!(out, "<section><h3>{}", page.account(&account.account))?;
    if let Some(unit) = unit(&account.account) {
        write!(out, " <small>{}</small>", page.texts.of(&unit))?;
    }
    out.write_all(b"</h3>\n")?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<Card<'_>>> = Vec::new();
    for row in rows {
        let (key, card) = card(row, page);
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(card);
    }
    // Those that share nothing come first: what is said of several is said of all that follow.
    groups.sort_by_key(|group| group.len() > 1);
    for group in &groups {
        of_group(page, group, out)?;
    }
    out.write_all(b"</section>\n")
}

fn of_group(page: &Page<'_>, group: &[Card<'_>], out: &mut impl io::Write) -> io::Result<()> {
    let Some((first, others)) = group.split_first() else { return Ok(()) };
    let in_all = |said: &&Said| !others.is_empty() && others.iter().all(|card| card.said.contains(said));
    let common: Vec<&Said> = first.said.iter().filter(in_all).collect();
    let mut line = String::new();
    if !common.is_empty() {
        let keys = count(group.len() as u64, "key");
        // Writing to a String cannot fail.
        let _ = write!(line, "<div class=same><h4>The same for these {keys}</h4>");
        list(page, common.iter().copied(), &mut line);
        line.push_str("</div>\n");
    }
    for card in group {
        let Card { row, summary, said } = card;
        let finding = row.finding;
        let id = page.key(finding);
        let _ = write!(
            line,
            "<article id=\"{}\"><h4>{} {}</h4><p><b class={}>{}</b>, {} · <a href=\"#{rule}\">{rule}</a></p><p>{}.</p>",
            page.texts.of(&row.id),
            page.user(finding),
            if finding.key.is_some() { format!("<code>{id}</code>") } else { format!("<small>{id}</small>") },
            class(finding.verdict),
            words::verdict(finding.verdict),
            row.severity,
            page.texts.of(summary).dated(),
            rule = Rule::of(finding).id,
        );
        picture::timeline(
            &Timeline::of(finding, row.account, &page.assessment.policy),
            &page.texts,
            &mut line,
        );
        list(page, said.iter().filter(|said| !common.contains(said)), &mut line);
        line.push_str("</article>\n");
        out.write_all(line.as_bytes())?;
        line.clear();
    }
    Ok(())
}

fn list<'a>(page: &Page<'_>, said: impl Iterator<Item = &'a Said>, line: &mut String) {
    line.push_str("<dl>");
    for Said { label, text } in said {
        // Writing to a String cannot fail.
        let _ = write!(line, "<dt>{label}<dd>{}", page.texts.of(text));
    }
    line.push_str("</dl>");
}

/// A key's card, and what it has in common with the others of its group.
fn card<'a>(row: &'a Row<'a>, page: &Page<'_>) -> (String, Card<'a>) {
    let Row { account, finding, .. } = row;
    let Explanation { subject, summary, facts, steps, outlook } =
        Explanation::of(finding, account, &page.assessment.policy);
    let told = |text: &str| steps.iter().any(|step| step.text.contains(text));
    let mut said = Vec::new();
    if let Owner::User { arn, .. } = &finding.owner {
        said.push(Said { label: "User", text: arn.clone() });
    }
    for detail in subject {
        // The others are in the heading, in that of the account, or said by the derivation.
        if match detail.label {
            "User tags" | "Last used" => true,
            "Created" | "Assessed" => !told(&detail.text),
            _ => false,
        } {
            said.push(Said { label: detail.label, text: detail.text });
        }
    }
    let key = steps
        .iter()
        .filter(|step| match step.topic {
            Topic::History | Topic::Confidence | Topic::Assertion => true,
            Topic::Latest => matches!(
                finding.inactive_since.grounds.latest,
                LatestGround::CoverageBegins | LatestGround::AssertionBegins
            ),
            _ => false,
        })
        .map(|step| step.text.as_str())
        .collect();
    let facts: Vec<String> = facts.into_iter().map(|fact| fact.text).filter(|text| !told(text)).collect();
    let steps = steps.into_iter().map(|step| Said { label: step.topic.title(), text: step.text });
    said.extend(steps);
    said.extend(facts.into_iter().map(|text| Said { label: "Evidence", text: super::capital(&text) }));
    said.extend(outlook.into_iter().map(|text| Said { label: "Next", text }));
    (key, Card { row, summary, said })
}
