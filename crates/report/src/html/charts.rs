//! The charts: how old, where, whose, and how much was looked at. Bars are tables, so that they are read without being
//! seen; the histogram tells its numbers in its label. Lengths are shares of the width, so that texts keep their size on
//! any screen.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use keysweep_core::account::AccountId;
use keysweep_core::finding::{Finding, Verdict};

use super::text::Text;
use super::{Page, class, unit};
use crate::trend::Point;
use crate::words::{self, count, grouped};

/// How many rows a chart shows.
const BARS: usize = 7;

/// The greatest number of steps of the histogram.
const STEPS: i64 = 12;

/// The widths that a step can have, in days.
const WIDTHS: [i64; 16] = [1, 2, 3, 5, 7, 10, 14, 20, 30, 60, 90, 180, 365, 730, 1825, 3650];

/// The verdicts, from the bottom of a bar up.
const VERDICTS: [Verdict; 4] =
    [Verdict::LongTerm, Verdict::Contradictory, Verdict::Undetermined, Verdict::Recent];

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(b"<section aria-labelledby=glance><h2 id=glance>At a glance</h2><div class=charts>")?;
    if !page.rows.is_empty() {
        write!(out, "<figure class=wide><h3>Age: days inactive at least</h3>{}</figure>", ages(page))?;
    }
    coverage(page, out)?;
    if !page.options.trend.is_empty() {
        write!(out, "<figure class=wide><h3>Inactive keys by scan</h3>{}</figure>", trend(page))?;
    }
    let long_term = || page.rows.iter().filter(|row| row.finding.verdict == Verdict::LongTerm);
    let several = page.assessment.accounts.len() > 1;
    if several {
        let accounts = counted(long_term().map(|row| row.finding.account));
        let name = |id: &AccountId| page.account_of(*id);
        bars("Accounts with long-term keys", "account", &accounts, name, out)?;
    }
    if page.assessment.accounts.iter().any(|assessed| assessed.account.path.is_some()) {
        let units = counted(long_term().map(|row| unit(&row.account.account)));
        let name = |unit: &Option<String>| page.texts.of(unit.as_deref().unwrap_or("unit not known"));
        bars("Organizational units", "unit", &units, name, out)?;
    }
    if long_term().any(|row| row.finding.owner_tag().is_some()) {
        let owners = counted(long_term().map(|row| row.finding.owner_tag().unwrap_or("no owner tag")));
        let name = |owner: &&str| page.texts.of(owner);
        bars("Owners, by tag", "owner", &owners, name, out)?;
    }
    out.write_all(b"</div></section>\n")
}

/// How often each occurs, the most frequent first.
fn counted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<(T, u64)> {
    let mut numbers: BTreeMap<T, u64> = BTreeMap::new();
    for one in all {
        *numbers.entry(one).or_default() += 1;
    }
    let mut numbers: Vec<(T, u64)> = numbers.into_iter().collect();
    numbers.sort_by_key(|(_, number)| Reverse(*number));
    numbers
}

/// One bar for each of the most frequent, and one line for the rest.
fn bars<T>(
    title: &str,
    noun: &str,
    rows: &[(T, u64)],
    name: impl Fn(&T) -> Text,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let Some((_, most)) = rows.first() else { return Ok(()) };
    write!(out, "<figure><h3>{title}</h3><table class=bars>")?;
    for (row, number) in rows.iter().take(BARS) {
        bar(&name(row), &[("l", *number)], *most, out)?;
    }
    out.write_all(b"</table>")?;
    if let Some(rest) = rows.get(BARS..).filter(|rest| !rest.is_empty()) {
        let keys: u64 = rest.iter().map(|(_, number)| number).sum();
        write!(
            out,
            "<p class=soft>and {} with {}</p>",
            count(rest.len() as u64, &format!("more {noun}")),
            count(keys, "key")
        )?;
    }
    out.write_all(b"</figure>")
}

fn bar(name: &Text, parts: &[(&str, u64)], most: u64, out: &mut impl io::Write) -> io::Result<()> {
    write!(out, "<tr><th scope=row>{name}<td><svg aria-hidden=true>")?;
    let mut x = 0.0;
    for (class, number) in parts {
        let width = share(*number, most);
        write!(out, "<rect class={class} x={x:.1}% width={width:.1}% />")?;
        x += width;
    }
    let all: u64 = parts.iter().map(|(_, number)| number).sum();
    write!(out, "</svg><td>{}", grouped(all))
}

/// In hundredths of `most`.
#[expect(clippy::cast_precision_loss, reason = "a drawing needs three digits")]
fn share(number: u64, most: u64) -> f64 {
    number as f64 * 100.0 / most.max(1) as f64
}

/// The accounts by how far their assessment came.
fn coverage(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let accounts = page.totals.accounts;
    out.write_all(b"<figure><h3>Coverage, in accounts</h3><table class=bars>")?;
    for (name, class, number) in [
        ("assessed completely", "k", accounts.complete),
        ("assessed in part", "u", accounts.partial),
        ("not assessed at all", "l", accounts.not_assessed),
        ("left out on purpose, or not in use", "g", accounts.skipped),
    ] {
        if number > 0 || class == "k" {
            bar(&page.texts.of(name), &[(class, number)], accounts.total, out)?;
        }
    }
    out.write_all(b"</table></figure>")
}

/// A histogram of how long the keys have been inactive at least, with the threshold.
fn ages(page: &Page<'_>) -> String {
    let days = |finding: &Finding| words::days_down(finding.at_least());
    let threshold = page.assessment.policy.threshold.length();
    let longest = page.rows.iter().map(|row| days(row.finding)).max().unwrap_or(0);
    let longest = longest.max(words::days_up(threshold));
    let width = WIDTHS.into_iter().find(|width| longest / width < STEPS).unwrap_or(longest / STEPS + 1);
    let steps = usize::try_from(longest / width + 1).unwrap_or(1);
    let mut bins = vec![[0_u64; 4]; steps];
    for row in &page.rows {
        let bin = usize::try_from(days(row.finding) / width).unwrap_or(0).min(steps - 1);
        for (number, verdict) in bins[bin].iter_mut().zip(VERDICTS) {
            *number += u64::from(row.finding.verdict == verdict);
        }
    }
    let most = bins.iter().map(|bin| bin.iter().sum()).max().unwrap_or(0);
    let (mut label, mut shapes) = (String::from("Keys by days inactive at least: "), String::new());
    let step = share(1, steps as u64);
    let (mut x, mut from) = (0.0, 0);
    for bin in bins {
        let number: u64 = bin.iter().sum();
        let mut y = 130.0;
        for (part, verdict) in bin.into_iter().zip(VERDICTS).filter(|(part, _)| *part > 0) {
            let height = share(part, most) * 1.1;
            y -= height;
            // Writing to a String cannot fail.
            let _ = write!(
                shapes,
                "<rect class={} x={:.1}% y={y:.1} width={:.1}% height={height:.1} />",
                class(verdict),
                x + step * 0.08,
                step * 0.84
            );
        }
        let middle = x + step / 2.0;
        if number > 0 {
            let _ =
                write!(shapes, "<text class=n x={middle:.1}% y={:.1}>{}</text>", y - 5.0, grouped(number));
            let _ = write!(label, "{from} to {}: {number}; ", from + width - 1);
        }
        let _ = write!(shapes, "<text x={x:.1}% y=147>{from}</text>");
        x += step;
        from += width;
    }
    #[expect(clippy::cast_precision_loss, reason = "a drawing needs three digits")]
    let line = threshold.as_secs_f64() / 864.0 / (width * i64::try_from(steps).unwrap_or(1)) as f64;
    let threshold = words::exactly(threshold);
    let mut legend = String::new();
    for verdict in VERDICTS.into_iter().filter(|verdict| page.number_of(*verdict) > 0) {
        let _ = write!(legend, "<span class={}>{}</span>", class(verdict), words::verdict(verdict));
    }
    format!(
        "<svg class=ages role=img aria-label=\"{label}threshold {threshold}\">{shapes}<line class=axis x1=0 x2=100% y1=130.5 \
         y2=130.5 /><line class=threshold x1={line:.1}% x2={line:.1}% y1=0 y2=130 /></svg><p class=legend>{legend}<span \
         class=dash>the threshold, {threshold}</span></p>"
    )
}

/// The inactive keys of the earlier scans and of this one.
fn trend(page: &Page<'_>) -> String {
    let now = Point::of(page.assessment.started_at, &page.totals);
    let points: Vec<Point> = page.options.trend.iter().copied().chain([now]).collect();
    let most = points.iter().map(|point| point.long_term + point.others).max().unwrap_or(0);
    let step = share(1, points.len().max(6) as u64);
    let (mut label, mut shapes) = (String::from("Inactive keys by scan: "), String::new());
    let mut x = 0.0;
    for (number, point) in points.iter().enumerate() {
        let mut y = 130.0;
        for (class, keys) in [("l", point.long_term), ("u", point.others)] {
            let height = share(keys, most) * 1.1;
            y -= height;
            // Writing to a String cannot fail.
            let _ = write!(
                shapes,
                "<rect class={class} x={:.1}% y={y:.1} width={:.1}% height={height:.1} />",
                x + step * 0.2,
                step * 0.6
            );
        }
        let mark = if point.is_complete { "" } else { "*" };
        let (at, all) = (words::date(point.at), point.long_term + point.others);
        let _ = write!(
            shapes,
            "<text class=n x={:.1}% y={:.1}>{}{mark}</text>",
            x + step / 2.0,
            y - 5.0,
            grouped(all)
        );
        let is_end = number == 0 || number + 1 == points.len();
        let class = if is_end { "d" } else { "\"d w\"" };
        let shown = if is_end { at.as_str() } else { at.get(5..).unwrap_or_default() };
        let _ = write!(shapes, "<text class={class} x={:.1}% y=147>{shown}</text>", x + step / 2.0);
        let _ = write!(
            label,
            "{at}: {} of {all} long-term{}; ",
            point.long_term,
            if point.is_complete { "" } else { ", not everything assessed" }
        );
        x += step;
    }
    let incomplete = if points.iter().all(|point| point.is_complete) {
        ""
    } else {
        "<span>* not everything was assessed</span>"
    };
    format!(
        "<svg class=trend role=img aria-label=\"{label}\">{shapes}<line class=axis x1=0 x2=100% y1=130.5 y2=130.5 /></svg><p \
         class=legend><span class=l>long-term</span><span class=u>other inactive keys</span>{incomplete}</p>"
    )
}
