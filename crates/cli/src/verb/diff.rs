//! `keysweep diff`: what differs between two scans that the store keeps. Which keys these are is decided in
//! [`keysweep_core::diff`].

use anyhow::anyhow;
use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::Assessment;
use keysweep_core::diff::Difference;
use keysweep_core::ports::{Archive as _, Store as _};
use keysweep_report::diff::{json, markdown};
use keysweep_report::history::scope;
use keysweep_report::terminal::diff as drawn;
use keysweep_report::visible::visible;
use keysweep_store::Sql;

use crate::args::{DiffArgs, ListFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state::{failed, named};
use crate::terminal::use_color;

/// Compares.
pub fn run(args: DiffArgs) -> Outcome {
    use_color(args.list.text.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = diff(&args) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

async fn diff(DiffArgs { before, after, list }: &DiffArgs) -> Outcome {
    let store = list.state.open().await?;
    let scans = store.scans().await.map_err(failed)?;
    let (before, after) = chosen(&scans, before.as_deref(), after.as_deref())?;
    let (before, after) = (assessment(&store, before).await?, assessment(&store, after).await?);
    let mut difference = Difference::between(&before, &after);
    for account in difference.undecided() {
        let remembered = store.recall(account).await.map_err(failed)?;
        difference.decide(account, &remembered);
    }
    let bytes = match list.format {
        ListFormat::Terminal => drawn::diff(&difference, &list.text.style(false)).into_bytes(),
        ListFormat::Json => json::document(&difference).map_err(|error| {
            Failure::failed(anyhow::Error::from(error).context("the difference could not be written"))
        })?,
        ListFormat::Markdown => markdown::page(&difference).into_bytes(),
    };
    Output::stdout().write(|to| to.write_all(&bytes))?;
    Ok(difference.outcome().into())
}

/// The scans to compare: those that are named; for what is not, the last that finished and the one of the same scope before.
fn chosen<'a>(
    scans: &'a [ScanRecord],
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(&'a ScanRecord, &'a ScanRecord), Failure> {
    let before = before.map(|text| named(scans, text)).transpose()?;
    let after = match (before, after) {
        (_, Some(text)) => named(scans, text)?,
        (Some(before), None) => ScanRecord::latest_like(scans, before).unwrap_or(before),
        (None, None) => named(scans, "latest")?,
    };
    let Some(before) = before.or_else(|| ScanRecord::previous(scans, after)) else {
        let id = &after.begun.id;
        let of = visible(&scope(&after.begun.scope, after.begun.caller.account)).into_owned();
        return Err(Failure::failed(anyhow!("no scan of {of} finished before scan {id}"))
            .hint("scan again, or name two scans: `keysweep history` lists them"));
    };
    // Within a second, ids tell the order.
    if (before.begun.started_at, &before.begun.id) > (after.begun.started_at, &after.begun.id) {
        let (before, after) = (&before.begun.id, &after.begun.id);
        return Err(Failure::usage(anyhow!("scan {before} is later than scan {after}"))
            .hint(format!("name the earlier one first: keysweep diff {after} {before}")));
    }
    Ok((before, after))
}

async fn assessment(store: &Sql, scan: &ScanRecord) -> Result<Assessment, Failure> {
    let id = &scan.begun.id;
    store.assessment(id).await.map_err(failed)?.ok_or_else(|| {
        Failure::usage(anyhow!("scan {id} did not finish, so that it cannot be compared"))
            .hint("`keysweep scan --resume` goes on with the last one; `keysweep history` lists those that finished")
    })
}

impl From<keysweep_core::diff::Outcome> for Exit {
    fn from(outcome: keysweep_core::diff::Outcome) -> Self {
        match outcome {
            keysweep_core::diff::Outcome::NoChange => Self::Clean,
            keysweep_core::diff::Outcome::Changes => Self::Changes,
            keysweep_core::diff::Outcome::Incomplete => Self::Incomplete,
        }
    }
}
