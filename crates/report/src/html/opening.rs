//! What a reader sees first: what was found, how much it speaks for, what it means, and what to do next.

use std::io;

use keysweep_core::assessment::{Conclusion, Scope};
use keysweep_core::finding::Verdict;
use keysweep_core::key::Owner;

use super::Page;
use crate::words::{self, count, grouped};
use crate::{history, summary};

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Page { assessment, totals, texts, .. } = page;
    write!(
        out,
        "<a class=skip href=\"#findings\">To the keys</a>\n<header><div class=top><b>keysweep</b><span>Inactive access keys of \
         {}<br> {}</span></div><h1>{}</h1><p class=lead>{}</p>\n<nav aria-label=Contents><a href=\"#findings\">Keys</a>",
        texts.of(&history::scope(&assessment.scope, assessment.caller.account)),
        words::minute(assessment.finished_at),
        texts.of(&summary::headline(totals)),
        texts.of(&summary::coverage(totals, &page.coverage)),
    )?;
    for (is_there, place, name) in [
        (page.options.compared.is_some(), "changes", "What changed"),
        (totals.findings.undetermined > 0, "undecided", "Not decided yet"),
        (true, "missing", "Not assessed"),
        (totals.findings.total > 0, "mending", "How to mend"),
        (true, "facts", "Method and scan"),
    ] {
        if is_there {
            write!(out, "<a href=\"#{place}\">{name}</a>")?;
        }
    }
    out.write_all(b"</nav></header>\n<main>\n")?;
    conclusion(page, out)?;
    figures(page, out)?;
    next(page, out)
}

fn conclusion(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let conclusion = page.assessment.conclusion();
    let word = summary::result(conclusion, &page.totals);
    let class = match word {
        "Clean" => "good",
        "Incomplete" => "warn",
        _ => "plain",
    };
    let more = if conclusion == Conclusion::Incomplete {
        " <a href=\"#missing\">What is missing, and what mends it</a>"
    } else {
        ""
    };
    writeln!(
        out,
        "<p class=\"note {class}\"><b>{word}.</b> {}.{more}</p>",
        super::capital(words::conclusion(conclusion))
    )
}

/// The four numbers that tell the most.
fn figures(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Page { totals, coverage, .. } = page;
    let oldest = totals.oldest_at_least.map_or_else(
        || ("–".to_owned(), "no key is long-term inactive"),
        |oldest| (words::rounded_down(oldest), "inactive at least"),
    );
    let users = match coverage.users_to_assess {
        Some(all) => format!(
            "accounts; {} of {}{} users",
            grouped(coverage.users),
            if coverage.users_are_estimated { "about " } else { "" },
            grouped(all)
        ),
        None => "accounts".to_owned(),
    };
    let found = totals.findings;
    let bad = if found.long_term > 0 { " class=l" } else { "" };
    let gap = if coverage.accounts < coverage.accounts_to_assess { " class=u" } else { "" };
    out.write_all(b"<dl class=figures>")?;
    for (name, class, number, more) in [
        (
            "Long-term inactive keys",
            bad,
            grouped(found.long_term),
            format!("of {}", count(found.total, "inactive key")),
        ),
        (
            "Accounts that have one",
            "",
            grouped(totals.accounts_with_long_term_keys),
            format!("of {} looked into", grouped(coverage.accounts)),
        ),
        ("The oldest", "", oldest.0, oldest.1.to_owned()),
        (
            "Covered",
            gap,
            format!("{} of {}", grouped(coverage.accounts), grouped(coverage.accounts_to_assess)),
            users,
        ),
    ] {
        write!(out, "<div><dt>{name}<dd><b{class}>{number}</b><small>{more}</small></div>")?;
    }
    out.write_all(b"</dl>\n")
}

fn next(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Page { assessment, totals, .. } = page;
    writeln!(
        out,
        "<section aria-labelledby=next class=two><div><h2 id=next>What it means</h2><p>An inactive access key cannot call AWS, \
         but whoever may call <code>iam:UpdateAccessKey</code> switches it on again with one call: with all permissions of its \
         user, and with the same secret that may lie in an old laptop, repository or log.</p><p>A key that has been inactive for \
         {} or longer is no part of a rotation any more. It has no use left, only risk.</p></div><div><h2>What to do next</h2><ol>",
        words::exactly(assessment.policy.threshold.length()),
    )?;
    let root = page.rows.iter().filter(|row| row.finding.owner == Owner::Root).count() as u64;
    if root > 0 {
        let keys = if root == 1 { "the root user's key".to_owned() } else { count(root, "root users' key") };
        write!(out, "<li><b>Delete {keys} first</b>: no policy limits what could be done with it.")?;
    }
    let long_term = page.number_of(Verdict::LongTerm);
    if long_term > 0 {
        let owned = page
            .rows
            .iter()
            .filter(|row| row.finding.verdict == Verdict::LongTerm && row.finding.owner_tag().is_some())
            .count() as u64;
        write!(
            out,
            "<li><b>Remove {}.</b> Ask the owner ({} of them have an owner tag), then delete. <code>keysweep plan</code> writes \
             down exactly what would be deleted, for somebody to approve; <a href=\"#mending\">other ways</a>.",
            count(long_term, "long-term inactive key"),
            grouped(owned),
        )?;
    }
    if totals.problems > 0 {
        out.write_all(
            b"<li><b>Mend <a href=\"#missing\">what could not be assessed</a></b> and scan again: more such keys may exist.",
        )?;
    }
    let undetermined = page.number_of(Verdict::Undetermined);
    if undetermined > 0 {
        let last = page.rows.iter().filter_map(|row| row.finding.known_by).max();
        let by = last
            .map(|at| format!(": the last of them is decided by <time>{}</time>", words::known_by_day(at)))
            .unwrap_or_default();
        write!(
            out,
            "<li><b>Scan again</b> for <a href=\"#undecided\">{}</a>{by}.",
            count(undetermined, "undetermined key")
        )?;
    }
    let contradictory = page.number_of(Verdict::Contradictory);
    if contradictory > 0 {
        write!(
            out,
            "<li><b>Look into {}</b>: the records contradict each other, so nothing is concluded.",
            count(contradictory, "contradictory key")
        )?;
    }
    let recent = page.number_of(Verdict::Recent);
    if recent > 0 {
        write!(
            out,
            "<li>{} {} younger than the threshold: nothing to do yet.",
            count(recent, "inactive key"),
            if recent == 1 { "is" } else { "are" }
        )?;
    }
    if totals.findings.total == 0 && totals.problems == 0 {
        out.write_all(b"<li>Nothing. Scan again from time to time.")?;
    }
    let organization = matches!(assessment.scope, Scope::Organization(_));
    if !organization {
        out.write_all(b"<li>Scan the whole organization with <code>keysweep scan --org</code>, if this account is in one.")?;
    }
    out.write_all(b"</ol></div></section>\n")
}
