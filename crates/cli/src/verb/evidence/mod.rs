//! `keysweep evidence import`: what files of CloudTrail events tell is kept for later scans. Calls nothing at AWS.

mod json;
mod text;

use anyhow::{Context as _, anyhow};
use keysweep_app::import::{self, Covers, Listing, Outcome as Imported, Request};
use keysweep_aws::SystemClock;
use keysweep_core::coverage::Coverage;
use keysweep_core::ports::Clock as _;
use keysweep_core::time::{Instant, Span};
use keysweep_store::Location;
use tokio::sync::watch;

use crate::args::{ImportArgs, ImportFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state;
use crate::terminal::note;

/// Imports.
pub fn run(args: ImportArgs) -> Outcome {
    let listing = listing(&args)?;
    let request = request(&args, SystemClock::new().now())?;
    interrupt::run(move |stop| import(args, request, listing, stop))
}

async fn import(
    args: ImportArgs,
    request: Request,
    listing: Listing,
    stop: watch::Receiver<bool>,
) -> Outcome {
    let location = args.state.location()?;
    note(location != Location::None, "note: nothing is kept, as --state none says");
    let store = state::open(Some(location)).await?;
    let imported = import::run(&request, listing, &store, || *stop.borrow()).await.map_err(state::failed)?;
    let report = match args.format {
        ImportFormat::Terminal => text::write(&request, &imported),
        ImportFormat::Json => json::write(&request, &imported)
            .context("the report could not be written as JSON")
            .map_err(Failure::failed)?,
    };
    Output::stdout().write(|to| to.write_all(report.as_bytes()))?;
    Ok(exit(&imported))
}

fn exit(imported: &Imported) -> Exit {
    match () {
        () if imported.stopped => Exit::Interrupted,
        () if imported.is_complete() => Exit::Clean,
        () => Exit::Incomplete,
    }
}

/// The files, known before the store is opened: a wrong path makes none.
fn listing(args: &ImportArgs) -> Result<Listing, Failure> {
    let path = &args.path;
    let listing = import::list(path)
        .with_context(|| format!("{} cannot be read", path.display()))
        .map_err(Failure::failed)?;
    if listing.files.is_empty() && listing.not_listed.is_empty() {
        let error = anyhow!("there is no file in {}", path.display());
        return Err(Failure::failed(error).hint("links are not followed; name the file or directory itself"));
    }
    Ok(listing)
}

fn request(args: &ImportArgs, now: Instant) -> Result<Request, Failure> {
    if let Some(late) = args.covers.iter().find(|span| span.to() > now) {
        let error =
            anyhow!("--covers ends at {}, and it is {now} now: nobody knows what will happen", late.to());
        return Err(Failure::usage(error).hint("let it end when the files were downloaded, or before"));
    }
    let spans = Coverage::from_spans(args.covers.iter().copied());
    let covers = args.account.filter(|_| !spans.is_empty()).map(|account| Covers { account, spans });
    Ok(Request { path: args.path.clone(), account: args.account, covers })
}

/// A span as `FROM..TO`: days or moments, the second not included.
pub fn span(text: &str) -> Result<Span, String> {
    let (from, to) = text.split_once("..").ok_or(
        "it is not FROM..TO, such as 2025-01-01..2026-01-01 or 2025-01-01T00:00:00Z..2025-06-30T12:00:00Z",
    )?;
    let (from, to) = (moment(from)?, moment(to)?);
    Span::new(from, to).ok_or_else(|| format!("it is empty: {from} is not before {to}"))
}

/// A moment, or the beginning of a day in UTC.
fn moment(text: &str) -> Result<Instant, String> {
    let whole = if text.len() == "2025-01-01".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| {
        format!("{text:?} is neither a day, such as 2025-01-01, nor a moment, such as 2025-01-01T00:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_days_or_moments_and_the_end_is_not_inside() {
        let days = span("2025-01-01..2025-02-01").unwrap();
        assert_eq!(
            (days.from().to_string(), days.to().to_string()),
            ("2025-01-01T00:00:00Z".to_owned(), "2025-02-01T00:00:00Z".to_owned())
        );
        let moments = span("2025-01-01T01:00:00+01:00..2025-02-01").unwrap();
        assert_eq!(moments, days);
        for text in [
            "",
            "..",
            "2025-01-01",
            "2025-01-01..",
            "2025-02-01..2025-01-01",
            "2025-01-01..2025-01-01",
            "2025-02-30..2025-03-01",
            "1 year..now",
        ] {
            assert!(span(text).is_err(), "{text:?}");
        }
    }
}
