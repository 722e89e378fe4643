//! The keys that are not decided yet, by the day on which they will be.

use std::collections::BTreeMap;
use std::io;

use keysweep_core::finding::Verdict;

use super::{Page, Row, some_of};
use crate::words;

/// How many keys of a day are named; the table has all of them.
const NAMED: usize = 10;

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let mut days: BTreeMap<(bool, String), Vec<&Row<'_>>> = BTreeMap::new();
    for row in page.rows.iter().filter(|row| row.finding.verdict == Verdict::Undetermined) {
        // Those without a day come last.
        let day = row.finding.known_by.map(words::known_by_day);
        days.entry((day.is_none(), day.unwrap_or_default())).or_default().push(row);
    }
    if days.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=undecided aria-labelledby=undecided-title><h2 id=undecided-title>Not decided yet</h2><p>What is known of \
         these keys allows both: that they have been inactive for {}, and that they have not. If they stay inactive and their \
         history can be read, a scan on the day named here decides.</p><table><thead><tr><th scope=col>Known by<th scope=col \
         class=n>Keys<th scope=col>Which</thead><tbody>",
        words::exactly(page.assessment.policy.threshold.length())
    )?;
    for ((_, day), rows) in days {
        let named = |row: &&Row<'_>| {
            let user = page.user(row.finding);
            format!(
                "<a href=\"#{}\">{user}</a> <small>{}</small>",
                page.texts.of(&row.id),
                row.finding.account
            )
        };
        writeln!(
            out,
            "<tr><td class=day>{}<td class=n>{}<td>{}",
            if day.is_empty() { "not known: the history must be readable first" } else { &day },
            words::grouped(rows.len() as u64),
            some_of(&rows, NAMED, named)
        )?;
    }
    out.write_all(b"</table></section>\n")
}
