//! The table of the keys. One row is one line: the script takes them apart.

use std::io;

use super::{Page, Row, class, unit};
use crate::words::{self, count};

const COLUMNS: [&str; 9] =
    ["Verdict", "User and key", "Account", "Unit", "Owner", "At least", "At most", "Confidence", "Last used"];

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(b"<section id=findings aria-labelledby=keys-title><h2 id=keys-title>Inactive keys</h2>")?;
    if page.rows.is_empty() {
        return out.write_all(b"<p>No inactive access key was seen.</p></section>\n");
    }
    write!(
        out,
        "<p class=soft>{}, the most pressing first. \"At least\" and \"at most\" are the bounds of what can be true; a key's id \
         leads to why.</p>\n<noscript><table id=keys><caption class=hide>Inactive keys</caption><thead><tr>",
        super::capital(&count(page.totals.findings.total, "inactive key"))
    )?;
    for column in COLUMNS {
        write!(out, "<th scope=col>{column}")?;
    }
    out.write_all(b"</thead><tbody>\n")?;
    for row in &page.rows {
        line(page, row, out)?;
    }
    out.write_all(b"</table></noscript></section>\n")
}

fn line(page: &Page<'_>, row: &Row<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Row { id, account, finding, severity } = row;
    let texts = &page.texts;
    write!(
        out,
        "<tr><td class={}>{}<small>{severity}",
        class(finding.verdict),
        words::verdict(finding.verdict)
    )?;
    if let Some(at) = finding.known_by {
        write!(out, "</small><small>known by {}", words::known_by_day(at))?;
    }
    if let Some(standing) = &finding.exemption {
        write!(out, ", {}", texts.of(&words::exemption(standing)))?;
    }
    writeln!(
        out,
        "</small><td>{}<a href=\"#{}\">{}</a><td>{}<small>{}</small><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
        page.user(finding),
        texts.of(id),
        page.key(finding),
        texts.of(account.account.name.as_deref().unwrap_or_default()),
        finding.account,
        texts.maybe(unit(&account.account).as_deref()),
        texts.maybe(finding.owner_tag()),
        words::rounded_down(finding.at_least()),
        words::rounded_up(finding.at_most()),
        finding.inactive_since.confidence.name(),
        words::last_used_date(&finding.last_used),
    )
}
