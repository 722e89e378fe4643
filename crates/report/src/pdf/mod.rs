//! The report as PDF: a summary of a few pages that can be read alone, then the list of keys. Made without a browser, and the
//! same bytes for the same assessment.
//!
//! Pages are laid out as lists of marks first ([`flow`]), because each says how many there are; then they are drawn
//! ([`paint`]), tagged for readers that do not see them. What they say is in [`summary`] and [`keys`], in the words of
//! [`crate::summary`] and [`crate::words`].

mod changes;
mod charts;
mod flow;
mod keys;
mod names;
mod paint;
mod style;
mod summary;
mod typesetting;

use std::io;

use keysweep_core::account::Account;
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::totals::Totals;

use self::flow::Flow;
use self::typesetting::Fonts;
use crate::mask::Mask;
use crate::visible::visible;
use crate::{Options, history};

/// What every page is made of.
struct Report<'a> {
    assessment: &'a Assessment,
    options: &'a Options,
    totals: Totals,
    coverage: CoverageSummary,
    mask: &'a Mask<'a>,
    fonts: &'static Fonts,
}

impl<'a> Report<'a> {
    fn of(assessment: &'a Assessment, options: &'a Options, mask: &'a Mask<'a>) -> io::Result<Self> {
        let fonts = Fonts::get().ok_or_else(|| io::Error::other("the fonts of the PDF cannot be read"))?;
        let (totals, coverage) = (Totals::of(assessment), CoverageSummary::of(assessment));
        Ok(Self { assessment, options, totals, coverage, mask, fonts })
    }

    fn pages(&self) -> Flow {
        let mut flow = Flow::new();
        summary::lay_out(self, &mut flow);
        keys::lay_out(self, &mut flow);
        names::lay_out(self, &mut flow);
        flow
    }

    /// A text from outside as it may be shown.
    fn show(&self, text: &str) -> String {
        visible(&self.mask.text(text)).into_owned()
    }

    /// Whether there are keys of this verdict.
    fn has(&self, verdict: Verdict) -> bool {
        self.assessment.findings().any(|finding| finding.verdict == verdict)
    }

    /// The key's id, or why there is none.
    fn key(&self, finding: &Finding) -> String {
        let not_told = || "key id not told by AWS".to_owned();
        finding.key.as_ref().map_or_else(not_told, |key| self.mask.key(key).into_owned())
    }

    /// The account's name with its id, or its id alone.
    fn account(&self, account: &Account) -> String {
        match &account.name {
            Some(name) => format!("{} ({})", self.show(name), account.id),
            None => account.id.to_string(),
        }
    }

    /// What was assessed: an account with its name, where it has one.
    fn scope(&self) -> String {
        let Assessment { scope, caller, accounts, .. } = self.assessment;
        let said = self.show(&history::scope(scope, caller.account));
        let own = accounts.iter().find(|assessed| assessed.account.id == caller.account);
        match (scope, own.and_then(|own| own.account.name.as_deref())) {
            (Scope::Account, Some(name)) => format!("{said} ({})", self.show(name)),
            _ => said,
        }
    }
}

/// Writes the document.
pub fn write(assessment: &Assessment, options: &Options, mut out: impl io::Write) -> io::Result<()> {
    let mask = &Mask::asked(assessment, options);
    let report = Report::of(assessment, options, mask)?;
    let bytes = paint::document(&report, report.pages()).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

/// What each page says, a line for each text and for each row of a table.
pub fn text(assessment: &Assessment, options: &Options) -> io::Result<Vec<String>> {
    let mask = &Mask::asked(assessment, options);
    let report = Report::of(assessment, options, mask)?;
    let pages = report.pages().pages;
    let page = |(number, page): (usize, &flow::Page)| {
        let [header, footer] = paint::margins(&report, page, number, pages.len());
        let blocks = page.blocks.iter().map(flow::Block::text).collect::<String>();
        format!("{}{blocks}{}", flow::text(&header), flow::text(&footer))
    };
    Ok((1..).zip(&pages).map(page).collect())
}
