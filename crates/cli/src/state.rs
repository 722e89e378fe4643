//! Where scans are kept: what `--state` says, or the platform's directory for data. Every verb that needs the store opens
//! it here.

use std::collections::BTreeMap;

use anyhow::anyhow;
use etcetera::BaseStrategy as _;
use keysweep_app::scan::Resumed;
use keysweep_core::archive::ScanRecord;
use keysweep_core::ports::Archive as _;
use keysweep_store::{Location, Sql, StoreError, StoreErrorKind};

use crate::config;
use crate::failure::Failure;
use crate::setting_values;

/// The option of the verbs that read or change the store.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StateArgs {
    /// Where the store is.
    #[arg(
        long,
        value_name = "STORE",
        value_parser = store,
        help = "The store: a SQLite file, or postgres://USER@HOST/DATABASE [default: what `state` in keysweep.toml or KEYSWEEP_STATE say, or else state.db in the user's data directory]"
    )]
    pub state: Option<String>,
}

impl StateArgs {
    /// Where the store is: by this option, `KEYSWEEP_STATE`, `state` in keysweep.toml, or the default.
    pub fn location(&self) -> Result<Location, Failure> {
        let given: BTreeMap<_, _> = self.state.iter().map(|state| ("state", vec![state.clone()])).collect();
        let resolved = config::resolve(&given, None, std::env::vars_os())
            .map_err(|error| Failure::usage(error).hint("docs/CONFIG.md lists every setting"))?;
        resolved.settings.state.map_or_else(default, Ok)
    }

    /// Opens it as it is: it is not made.
    pub async fn open(&self) -> Result<Sql, Failure> {
        open_existing(Some(self.location()?)).await
    }

    /// The same, for verbs to which a store that keeps nothing is none.
    pub async fn open_lasting(&self) -> Result<Sql, Failure> {
        let location = Some(self.location()?);
        outlasts(location.as_ref())?;
        open_existing(location).await
    }
}

/// A text that says where a store is.
fn store(text: &str) -> Result<String, String> {
    setting_values::state(text).map(|_| text.to_owned())
}

/// Opens the store at `location`, or the default one; it is made where there is none.
pub async fn open(location: Option<Location>) -> Result<Sql, Failure> {
    let location = location.map_or_else(default, Ok)?;
    Sql::open(&location).await.map_err(failed)
}

/// Opens the store at `location`, or the default one, for verbs that go on with what others kept: a store that is not there is
/// mostly a path that was mistyped, and none is made of it.
pub async fn open_existing(location: Option<Location>) -> Result<Sql, Failure> {
    let location = location.map_or_else(default, Ok)?;
    Sql::open_existing(&location).await.map_err(|error| match error.kind {
        StoreErrorKind::NotOpened => {
            let hint = format!("{} `keysweep scan` makes one where there was none yet.", error.remedy());
            Failure::failed(error).hint(hint)
        }
        _ => failed(error),
    })
}

/// Opens the store as [`open_existing`] does, for whom a file beside it may be enough: where none is named, and the default one is
/// not there yet, it is taken for empty.
pub async fn open_if_there(location: Option<Location>) -> Result<Sql, Failure> {
    let location = match location {
        Some(named) => named,
        None => match default()? {
            Location::File(path) if !path.exists() => Location::None,
            there => there,
        },
    };
    open_existing(Some(location)).await
}

/// Refuses a store that ends with the process, for verbs whose work would be lost with it, or be done without a record.
pub fn outlasts(location: Option<&Location>) -> Result<(), Failure> {
    if location != Some(&Location::None) {
        return Ok(());
    }
    let error =
        anyhow!("the store is `none`: approvals, exemptions and journals would end with this process");
    Err(Failure::usage(error).hint(
        "name a store that is kept with --state; it wins over KEYSWEEP_STATE and `state` in keysweep.toml",
    ))
}

/// `$XDG_DATA_HOME/keysweep/state.db`, `~/Library/Application Support/keysweep/state.db`, or
/// `%APPDATA%\keysweep\state.db`.
fn default() -> Result<Location, Failure> {
    let platform = etcetera::base_strategy::choose_native_strategy().map_err(|_| {
        Failure::usage(anyhow!("there is no home directory to keep scans in"))
            .hint("name a store with --state, or keep nothing with --state none")
    })?;
    Ok(Location::File(platform.data_dir().join("keysweep").join("state.db")))
}

/// The last scan of an organization, or of one account, which must not have finished.
pub async fn unfinished(store: &Sql, of_organization: bool) -> Result<Resumed, Failure> {
    let scans = store.scans().await.map_err(failed)?;
    let Some(record) = ScanRecord::unfinished(&scans, of_organization) else {
        let scope = if of_organization { "an organization" } else { "an account" };
        let nothing =
            anyhow!("the last scan of {scope} finished, or there was none: there is nothing to go on with");
        return Err(Failure::usage(nothing).hint("leave --resume out; `keysweep history` lists the scans"));
    };
    let begun = record.begun.clone();
    let mut kept = Vec::new();
    for account in store.accounts_of(&begun.id).await.map_err(failed)? {
        kept.extend(store.account_result(&begun.id, account).await.map_err(failed)?);
    }
    Ok(Resumed { begun, kept })
}

/// The one of `scans`, newest first, that a text on the command line names.
pub fn named<'a>(scans: &'a [ScanRecord], text: &str) -> Result<&'a ScanRecord, Failure> {
    ScanRecord::named(scans, text).map_err(|error| {
        Failure::usage(error)
            .hint("`keysweep history` lists the scans; `latest` is the last one that finished")
    })
}

/// What the store could not do, and what to do about it.
pub fn failed(error: StoreError) -> Failure {
    let remedy = error.remedy();
    Failure::failed(error).hint(remedy)
}
