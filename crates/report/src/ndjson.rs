//! Newline-delimited JSON, schema `keysweep.ndjson/v1`: one object a line, told apart by `type`, for log pipelines and
//! programs that read one record at a time. Each line names its assessment; the other fields are those of the JSON
//! document ([`crate::json::v1`]).

use std::borrow::Cow;
use std::io;

use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::Assessment;
use keysweep_core::totals::Totals;
use serde::Serialize;

use crate::Options;
use crate::identity::{base, identified};
use crate::json::finding_v1::FindingV1;
use crate::json::layout::Layout;
use crate::json::v1::{AccountV1, Document, ProblemV1};
use crate::mask::Mask;

/// The value of `schema`.
pub const SCHEMA: &str = "keysweep.ndjson/v1";

/// What every line begins with.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    assessment_id: Cow<'a, str>,
}

/// What a line of a key or a problem says of its account.
#[derive(Serialize)]
struct Within<'a> {
    account_name: Option<Cow<'a, str>>,
    ou_path: Option<Cow<'a, str>>,
}

/// What a line of a settled finding says beside what was known of its key.
#[derive(Serialize)]
struct Settled {
    resolution: &'static str,
    resolved_at: String,
}

/// Writes the line of the assessment, then account by account its own line, its findings and its problems; then the
/// findings of the earlier scan that are settled.
pub fn write(assessment: &Assessment, options: &Options, out: impl io::Write) -> io::Result<()> {
    let mask = &Mask::new(assessment, options.mask);
    let mut lines = Lines { assessment, mask, out };
    let totals = Totals::of(assessment);
    lines.line("assessment", &[], &Document::head(assessment, &totals, mask))?;
    let of_organization = lines.within(None)?;
    for problem in &assessment.problems {
        lines.line("problem", &[&of_organization], &ProblemV1::of(problem, mask))?;
    }
    for assessed in &assessment.accounts {
        lines.line("account", &[], &AccountV1::head(assessed, mask))?;
        let within = lines.within(Some(&assessed.account))?;
        for (id, finding) in identified(assessed, mask) {
            let finding = FindingV1::of(id, finding, &assessment.policy, mask);
            lines.line("finding", &[&within], &finding)?;
        }
        for problem in &assessed.problems {
            lines.line("problem", &[&within], &ProblemV1::of(problem, mask))?;
        }
    }
    for resolved in &options.resolved {
        let within = lines.within(account(assessment, resolved.finding.account))?;
        let settled = members(&Settled {
            resolution: resolved.resolution.name(),
            resolved_at: resolved.seen_at.to_string(),
        })?;
        let id = base(&resolved.finding, mask);
        let finding = FindingV1::of(id, &resolved.finding, &assessment.policy, mask);
        lines.line("resolved", &[&within, &settled], &finding)?;
    }
    Ok(())
}

/// The account with this id, where the assessment has it.
fn account(assessment: &Assessment, id: AccountId) -> Option<&Account> {
    assessment.accounts.iter().map(|assessed| &assessed.account).find(|account| account.id == id)
}

struct Lines<'a, W> {
    assessment: &'a Assessment,
    mask: &'a Mask<'a>,
    out: W,
}

impl<W: io::Write> Lines<'_, W> {
    fn line(&mut self, kind: &'static str, more: &[&[u8]], value: &impl Serialize) -> io::Result<()> {
        let assessment_id = self.mask.text(&self.assessment.id);
        let mut opening = members(&Line { schema: SCHEMA, kind, assessment_id })?;
        for members in more {
            opening.push(b',');
            opening.extend_from_slice(members);
        }
        Layout::line(&opening).write(value, &mut self.out)?;
        self.out.write_all(b"\n")
    }

    fn within(&self, account: Option<&Account>) -> io::Result<Vec<u8>> {
        let name = account.and_then(|account| account.name.as_deref());
        members(&Within {
            account_name: name.map(|name| self.mask.text(name)),
            ou_path: account.and_then(Account::ou_path).map(|path| self.mask.owned(path)),
        })
    }
}

/// The members of an object, without its braces.
fn members(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut object = Vec::new();
    Layout::line(b"").write(value, &mut object)?;
    Ok(object.get(1..object.len().saturating_sub(1)).unwrap_or_default().to_vec())
}
