//! How to mend what was found: for each rule that has instances here, what it is, why it matters, and the ways.

use std::collections::BTreeMap;
use std::io;

use keysweep_core::rule::{RULES, Rule};

use super::Page;
use crate::words::count;

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let mut keys: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &page.rows {
        *keys.entry(Rule::of(row.finding).id).or_default() += 1;
    }
    if keys.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section id=mending aria-labelledby=mending-title><h2 id=mending-title>How to mend what was found</h2>\n",
    )?;
    for rule in RULES {
        let Some(keys) = keys.get(rule.id) else { continue };
        write!(
            out,
            "<div class=rule id={id}><h3>{title} <small>{id}, {}</small></h3><p>{}</p><p>{}</p>",
            count(*keys, "key"),
            page.texts.of(rule.why),
            page.texts.of(rule.remedy),
            id = rule.id,
            title = rule.title,
        )?;
        out.write_all(b"<dl>")?;
        for way in rule.ways {
            write!(out, "<dt>{}<dd>{}", page.texts.of(way.with), page.texts.of(way.text))?;
            if !way.commands.is_empty() {
                write!(out, "<pre tabindex=0>{}</pre>", page.texts.lines(way.commands))?;
            }
        }
        let controls: Vec<String> =
            rule.controls.iter().filter_map(|control| control.names().last()).collect();
        if !controls.is_empty() {
            write!(out, "<dt>Bears on<dd>{}", page.texts.of(&controls.join("; ")))?;
        }
        out.write_all(b"</dl></div>\n")?;
    }
    out.write_all(b"</section>\n")
}
