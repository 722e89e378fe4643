//! `keysweep journal` and `keysweep receipts`: what clean-ups did, read from the journal and checked on the way. They call
//! nothing of AWS and change nothing.

use std::path::PathBuf;

use anyhow::anyhow;
use keysweep_core::journal::Ledger;
use keysweep_core::journal::receipt::{Action, Receipt, receipts};
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::ports::{Agreements as _, Journal as _, KeptPlan};
use keysweep_report::journal as written;
use keysweep_report::terminal::journal::{self as drawn, Run, Whole};
use keysweep_store::Sql;

use crate::args::TextArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state::{StateArgs, failed};
use crate::terminal::use_color;

/// The command line of `keysweep journal`.
#[derive(Debug, clap::Args)]
pub struct JournalArgs {
    /// The run: its plan's id or the beginning of it, or its digest; `latest` [default: all runs are listed]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Check every run, or this one, and say what it came to. Exit code 1 where anything was changed or removed
    #[arg(long)]
    pub verify: bool,
    /// How a run is written
    #[arg(
        long,
        short,
        value_name = "FORMAT",
        default_value = "terminal",
        requires = "run",
        conflicts_with = "verify"
    )]
    pub format: JournalFormat,
    /// How it is drawn.
    #[command(flatten)]
    pub text: TextArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum JournalFormat {
    /// To read in a terminal
    Terminal,
    /// One JSON document, schema keysweep.journal/v1
    Json,
}

/// The command line of `keysweep receipts`.
#[derive(Debug, clap::Args)]
pub struct ReceiptsArgs {
    /// The run: its plan's id or the beginning of it, or its digest; `latest` [default: all runs]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// How they are written
    #[arg(long, short, value_name = "FORMAT", default_value = "terminal")]
    pub format: ReceiptsFormat,
    /// Where they are written; a file that exists is replaced, whole or not at all [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How it is drawn.
    #[command(flatten)]
    pub text: TextArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// How receipts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReceiptsFormat {
    /// To read in a terminal
    Terminal,
    /// One row for each deleted or switched key, RFC 4180
    Csv,
    /// One JSON document, schema keysweep.receipts/v1
    Json,
}

/// Shows the journal.
pub fn run(args: JournalArgs) -> Outcome {
    use_color(args.text.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = journal(&args) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

/// Writes the receipts.
pub fn run_receipts(args: ReceiptsArgs) -> Outcome {
    use_color(args.text.color);
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = of_receipts(&args) => outcome,
            () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
        }
    })
}

/// The runs of the store with their plans, the newest first; runs without a plan last.
pub(crate) struct Runs {
    plans: Vec<KeptPlan>,
    runs: Vec<Digest>,
}

impl Runs {
    pub(crate) async fn of(store: &Sql) -> Result<Self, Failure> {
        let (plans, mut runs) = (store.plans().await.map_err(failed)?, store.runs().await.map_err(failed)?);
        runs.sort_by_key(|run| plans.iter().position(|plan| plan.digest == *run).unwrap_or(plans.len()));
        Ok(Self { plans, runs })
    }

    fn id(&self, run: Digest) -> Option<&str> {
        self.plans.iter().find(|plan| plan.digest == run).map(|plan| plan.id.as_str())
    }

    /// The plan of a run, as it was when it was made.
    pub(crate) fn plan(&self, run: Digest) -> Result<Plan, String> {
        let kept = self.plans.iter().find(|plan| plan.digest == run);
        let kept = kept.ok_or("the store does not have its plan, so nothing tells what was agreed to")?;
        let (plan, digest) = document::read(&kept.text)
            .map_err(|error| format!("its plan in the store is damaged: {error}"))?;
        if digest == run { Ok(plan) } else { Err("its plan in the store is another one".to_owned()) }
    }

    /// The runs that a text names; all of them without one.
    pub(crate) fn named(&self, text: Option<&str>) -> Result<Vec<Digest>, Failure> {
        let Some(text) = text else { return Ok(self.runs.clone()) };
        // Every id begins with it, so that a variable that a script has not set would name the only run.
        if text.is_empty() {
            return Err(Failure::usage(anyhow!("the run that is named is empty"))
                .hint("`keysweep journal` lists the runs; `latest` is the last one"));
        }
        let fits = |run: &&Digest| {
            self.id(**run).is_some_and(|id| id.starts_with(text)) || run.to_string().starts_with(text)
        };
        let found: Vec<Digest> = if text == "latest" {
            self.runs.first().copied().into_iter().collect()
        } else {
            self.runs.iter().filter(fits).copied().collect()
        };
        match &found[..] {
            [_] => Ok(found),
            [] => Err(Failure::usage(anyhow!("no plan that begins with {text:?} was applied"))
                .hint("`keysweep journal` lists the runs")),
            several => Err(Failure::usage(anyhow!("{} runs begin with {text:?}", several.len()))
                .hint("write more of the id; `keysweep journal` lists the runs")),
        }
    }
}

/// The run's receipts and what there is to say of its journal, or what is wrong with it.
async fn checked(store: &Sql, runs: &Runs, run: Digest) -> Result<(Vec<Receipt>, Whole), String> {
    let events = store.events(run).await.map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
        let texts: Vec<String> = causes.map(ToString::to_string).collect();
        std::iter::once(error.to_string()).chain(texts).collect::<Vec<_>>().join(": ")
    })?;
    let ledger = Ledger::replay(run, &events).map_err(|broken| broken.to_string())?;
    let receipts = receipts(&runs.plan(run)?, run, &events).map_err(|error| error.to_string())?;
    let number_of = |action| receipts.iter().filter(|one| one.action == action).count();
    let whole = Whole {
        events: events.len(),
        begun: events.first().map(|sealed| sealed.event.at()),
        gone: number_of(Action::Deleted),
        deactivated: number_of(Action::Deactivated),
        reactivated: number_of(Action::Reactivated),
        head: ledger.head().1,
    };
    Ok((receipts, whole))
}

pub(crate) fn damaged(runs: &Runs, run: Digest, wrong: &str) -> Failure {
    let name = runs.id(run).map_or_else(|| run.to_string(), str::to_owned);
    Failure::failed(anyhow!("the journal of {name} is not to be relied on: {wrong}"))
        .hint("`keysweep journal --verify` checks all runs; restore the store from a copy, and apply nothing with it until then")
}

async fn journal(args: &JournalArgs) -> Outcome {
    let store = args.state.open_lasting().await?;
    let runs = Runs::of(&store).await?;
    let named = runs.named(args.run.as_deref())?;
    let style = args.text.style(false);
    if let (Some(_), false, [run]) = (&args.run, args.verify, &named[..]) {
        // Whether it is whole is asked first: nothing is shown of a journal that was changed.
        checked(&store, &runs, *run).await.map_err(|wrong| damaged(&runs, *run, &wrong))?;
        let events = store.events(*run).await.map_err(failed)?;
        let bytes = match args.format {
            JournalFormat::Terminal => drawn::events(runs.id(*run), *run, &events, &style).into_bytes(),
            JournalFormat::Json => {
                written::document(runs.id(*run), *run, &events).map_err(Failure::failed)?
            }
        };
        Output::stdout().write(|to| to.write_all(&bytes))?;
        return Ok(Exit::Clean);
    }
    let mut listed = Vec::new();
    for run in named {
        let state = checked(&store, &runs, run).await.map(|(_, whole)| whole);
        listed.push(Run { plan_id: runs.id(run), plan: run, state });
    }
    let text = drawn::runs(&listed, &style);
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    let wrong = listed.iter().find_map(|run| run.state.as_ref().err().map(|wrong| (run.plan, wrong)));
    match wrong {
        Some((run, wrong)) => Err(damaged(&runs, run, wrong)),
        None => Ok(Exit::Clean),
    }
}

async fn of_receipts(args: &ReceiptsArgs) -> Outcome {
    let output = Output::open(args.output.as_deref())?;
    let store = args.state.open_lasting().await?;
    let runs = Runs::of(&store).await?;
    let mut all = Vec::new();
    for run in runs.named(args.run.as_deref())? {
        let (receipts, _) = checked(&store, &runs, run).await.map_err(|wrong| damaged(&runs, run, &wrong))?;
        all.extend(receipts);
    }
    let bytes = match args.format {
        ReceiptsFormat::Terminal => {
            drawn::receipts(&all, &args.text.style(args.output.is_some())).into_bytes()
        }
        ReceiptsFormat::Csv => written::receipts_csv(&all).map_err(Failure::failed)?,
        ReceiptsFormat::Json => written::receipts(&all).map_err(Failure::failed)?,
    };
    output.write(|to| to.write_all(&bytes))?;
    Ok(Exit::Clean)
}
