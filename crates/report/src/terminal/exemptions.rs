//! The exemptions in a terminal, and what they say of keys.

use keysweep_core::exemption::Standing;
use keysweep_core::time::Instant;

use super::Style;
use super::page::{BOLD, DIM, DOUBT, GOOD, PLAIN, Page};
use super::table::{Column, draw};
use crate::exemptions::{Checked, Kept, state};
use crate::visible::visible;
use crate::words::date;

/// Every exemption in a line.
pub fn list(kept: &[Kept<'_>], keep_tags: &[String], now: Instant, style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    if kept.is_empty() {
        page.paragraph(0, PLAIN, "There are no exemptions.");
    }
    let column = |header, least| Column { header, right: false, least };
    let columns = [
        column("ID", Some(8)),
        column("PROTECTS", Some(20)),
        column("STATE", None),
        column("UNTIL", None),
        column("AUTHOR", Some(8)),
        column("KEPT IN", Some(8)),
        column("REASON", Some(12)),
    ];
    let rows: Vec<_> = kept
        .iter()
        .map(|kept| {
            let exemption = kept.exemption;
            let paint = if exemption.is_expired(now) { DOUBT } else { GOOD };
            vec![
                (visible(exemption.id()).into_owned(), BOLD),
                (visible(&exemption.protects().to_string()).into_owned(), PLAIN),
                (state(exemption, now).to_owned(), paint),
                (date(exemption.expires()), PLAIN),
                (visible(exemption.author()).into_owned(), PLAIN),
                (visible(&kept.place()).into_owned(), DIM),
                (visible(exemption.reason()).into_owned(), PLAIN),
            ]
        })
        .collect();
    if !kept.is_empty() && !draw(&mut page, &columns, &rows) {
        for row in &rows {
            let texts: Vec<&str> = row.iter().map(|(text, _)| text.as_str()).collect();
            page.paragraph(2, PLAIN, &texts.join("  "));
        }
    }
    let tags: Vec<_> = keep_tags.iter().map(|tag| visible(tag)).collect();
    page.blank();
    page.paragraph(0, DIM, &format!("Tags of users that keep their keys by themselves: {}", tags.join(", ")));
    page.into_text()
}

/// What the exemptions say of each key.
pub fn check(checked: &[Checked<'_>], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    for one in checked {
        let whose = match one.of {
            Some((account, user)) => format!("{} of {} in {account}", one.key, visible(user)),
            None => format!("{}, which no scan has seen", one.key),
        };
        page.paragraph(0, BOLD, &whose);
        let paint = match &one.standing {
            Some(standing) if standing.protects() => GOOD,
            Some(Standing::Expired(_)) | None => DOUBT,
            Some(_) => PLAIN,
        };
        page.paragraph(2, paint, &visible(&one.text()));
        if let Some(at) = one.tags_read {
            page.paragraph(
                2,
                DIM,
                &format!("the user's tags are as they were at {at}; apply reads them again"),
            );
        }
    }
    page.into_text()
}
