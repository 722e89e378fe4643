//! `keysweep history`: the scans that the store keeps, newest first. What of two of them differs is for `keysweep diff`.

use anyhow::anyhow;
use keysweep_core::ports::Archive as _;
use keysweep_report::history::{json, markdown};
use keysweep_report::terminal::history as drawn;

use crate::args::{HistoryArgs, ListArgs, ListFormat};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state::failed;
use crate::terminal::use_color;

/// Lists them.
pub fn run(HistoryArgs { list }: HistoryArgs) -> Outcome {
    use_color(list.text.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = history(&list) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

async fn history(args: &ListArgs) -> Outcome {
    let scans = args.state.open().await?.scans().await.map_err(failed)?;
    let bytes = match args.format {
        ListFormat::Terminal => drawn::history(&scans, &args.text.style(false)).into_bytes(),
        ListFormat::Json => json::document(&scans).map_err(|error| {
            Failure::failed(anyhow::Error::from(error).context("the list of scans could not be written"))
        })?,
        ListFormat::Markdown => markdown::table(&scans).into_bytes(),
    };
    Output::stdout().write(|to| to.write_all(&bytes))?;
    Ok(Exit::Clean)
}
