//! `keysweep state`: looks after the store: checks it, moves it, removes what is old.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use keysweep_aws::SystemClock;
use keysweep_core::ports::Clock as _;
use keysweep_core::time::SignedDuration;
use keysweep_report::words::count;
use keysweep_store::{Checked, Pruned, Sql, TransferError};

use crate::args::{StateAction, StateVerb};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::state::{StateArgs, failed, open};
use crate::terminal::note;

/// Looks after the store.
pub fn run(verb: StateVerb) -> Outcome {
    interrupt::run(move |mut stop| async move {
        let work = async {
            match verb.action {
                StateAction::Check { state } => check(&state).await,
                StateAction::Export { state, output } => export(&state, output.as_deref()).await,
                StateAction::Import { state, file } => import(&state, &file).await,
                StateAction::Prune { state, older_than } => prune(&state, older_than).await,
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = interrupt::asked(&mut stop) => {
                Err(Failure::interrupted(anyhow!("interrupted: nothing was changed by half")))
            }
        }
    })
}

fn number(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn print(text: &str) -> Result<(), Failure> {
    Output::stdout().write(|to| to.write_all(text.as_bytes()))
}

/// Tells what is wrong with the store; exit code 1 where anything is.
async fn check(state: &StateArgs) -> Outcome {
    let location = state.location()?;
    let Checked { schema, scans, unfinished, accounts, faults } =
        Sql::check(&location).await.map_err(failed)?;
    let left = match unfinished {
        0 => String::new(),
        scans => format!(", {} of them not finished", number(scans)),
    };
    let holds = format!(
        "{location}: {}{left}; {}; schema {schema}",
        count(number(scans), "scan"),
        count(number(accounts), "account")
    );
    if faults.is_empty() {
        print(&format!("{holds}: sound\n"))?;
        return Ok(Exit::Clean);
    }
    print(&format!("{holds}\n{}\n", faults.join("\n")))?;
    let error = anyhow!("the store {location} is damaged: {}", count(number(faults.len()), "fault"));
    Err(Failure::failed(error)
        .hint("restore a backup, or begin a new store with --state; keysweep never replaces one by itself"))
}

/// Writes the whole store as lines of JSON.
async fn export(state: &StateArgs, output: Option<&Path>) -> Outcome {
    let store = state.open().await?;
    let output = Output::open(output)?;
    // Nobody who reads the export can hold the store up, and an export that fails halfway is written nowhere.
    let spool = tempfile::tempfile().context("the export could not be written").map_err(Failure::failed)?;
    let mut writer = BufWriter::new(spool);
    store.export(&mut writer).await.map_err(not_transferred)?;
    let rewound = writer.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut spool| {
        spool.rewind()?;
        Ok(spool)
    });
    let mut spool = rewound.map_err(|error| not_transferred(TransferError::Write(error)))?;
    output.write(|to| io::copy(&mut spool, to).map(drop))?;
    Ok(Exit::Clean)
}

/// Adds what another store exported.
async fn import(state: &StateArgs, file: &Path) -> Outcome {
    let unreadable = || format!("{} could not be read", file.display());
    let opened = File::open(file).with_context(unreadable).map_err(Failure::failed)?;
    let store = open(Some(state.location()?)).await?;
    let brought = store.import_all(&mut BufReader::new(opened)).await.map_err(|error| {
        let named = matches!(error, TransferError::Line { .. } | TransferError::Read(_));
        let failure = not_transferred(error);
        if named { failure.of(file) } else { failure }
    })?;
    note(
        false,
        &format!(
            "{} new, with {} and {}",
            count(brought.scans, "scan"),
            count(brought.results, "result"),
            count(brought.changes, "status change")
        ),
    );
    Ok(Exit::Clean)
}

fn not_transferred(error: TransferError) -> Failure {
    match error {
        TransferError::Store(error) => failed(error),
        TransferError::Line { .. } => Failure::failed(error)
            .hint("nothing was imported; export again with `keysweep state export --output FILE`"),
        TransferError::Write(_) => Failure::failed(error).hint("free some space, or name another place"),
        TransferError::Read(_) => {
            Failure::failed(error).hint("nothing was imported; name a file that can be read")
        }
    }
}

/// Removes old scans that nothing rests on.
async fn prune(state: &StateArgs, older_than: SignedDuration) -> Outcome {
    let store = state.open().await?;
    let before = SystemClock::new().now() - older_than;
    let Pruned { removed, kept } = store.prune(before).await.map_err(failed)?;
    let still = match kept {
        0 => String::new(),
        kept => format!(
            "; {} as old kept, because nothing newer tells of their scope or of an account of theirs",
            count(number(kept), "scan")
        ),
    };
    note(false, &format!("{} from before {before} removed{still}", count(number(removed), "scan")));
    Ok(Exit::Clean)
}
