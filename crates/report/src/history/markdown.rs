//! The scans as a Markdown table.

use std::fmt::Write as _;

use keysweep_core::archive::ScanRecord;

use super::Line;
use crate::markdown::span;

/// The table, newest scan first as given.
pub fn table(scans: &[ScanRecord]) -> String {
    let mut text = String::from(
        "## Scans\n\n| Begun | Scope | Coverage | Long-term | Inactive | Calls | Duration | Id |\n\
         | --- | --- | --- | ---: | ---: | ---: | --- | --- |\n",
    );
    for scan in scans {
        let line = Line::of(scan);
        let coverage = if line.is_complete { line.coverage } else { format!("**{}**", line.coverage) };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {coverage} | {} | {} | {} | {} | {} |",
            line.begun,
            span(&line.scope),
            line.long_term,
            line.inactive,
            line.calls,
            line.duration,
            span(line.id),
        );
    }
    text
}
