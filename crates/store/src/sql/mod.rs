//! The store in a database: SQLite or PostgreSQL, by the same queries.
//!
//! `write` keeps scans, `read` tells of them, `evidence` holds what later scans recall, `check`, `prune` and `transfer`
//! look after all of it; `agreements`, `journal` and `append` keep what clean-up needs; `schema` has the tables, and `database` the way to the two databases.

mod agreements;
mod append;
mod check;
mod clean_up_transfer;
mod database;
mod evidence;
mod journal;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod read;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
mod transfer;
mod write;

use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::archive::{Imported, KeyQuery, KnownKey, ScanRecord};
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::memory::{Begun, Remembered, Seen};
use keysweep_core::ports::{Archive, Store};

use self::append::Queue;
pub use self::check::Checked;
use self::database::{Database, Pool, Purpose};
pub use self::prune::Pruned;
pub use self::transfer::{SCHEMA as EXPORT_SCHEMA, TransferError, Transferred};
use crate::error::{StoreError, StoreErrorKind};
use crate::location::Location;

/// How long to wait for another process that writes, and for a server that does not answer. One account is kept in
/// milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store in a SQLite file, in a PostgreSQL database, or in the memory of this process.
pub struct Sql {
    database: Database,
    queue: Queue,
}

impl Sql {
    /// Opens the store there. A SQLite file is made where there is none; an older store is brought to this version.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        Self::open_within(location, PATIENCE).await
    }

    /// As [`Sql::open`], and waits for other processes and for an answer no longer than `patience`.
    pub async fn open_within(location: &Location, patience: Duration) -> Result<Self, StoreError> {
        let store = Self::connect(location, true, patience).await?;
        schema::migrate(&store.database, schema::newest()).await?;
        Ok(store)
    }

    /// Opens the store there as [`Sql::open`] does, but makes none: an error where there is none yet. A store in memory is made.
    pub async fn open_existing(location: &Location) -> Result<Self, StoreError> {
        let store = Self::connect(location, false, PATIENCE).await?;
        let mut looking = store.database.begin(Purpose::Read).await?;
        let found = schema::version(&mut looking).await?;
        looking.commit().await?;
        if found == 0 && *location != Location::None {
            return Err(store.error(StoreErrorKind::NotOpened).because("nothing was ever kept there"));
        }
        schema::migrate(&store.database, schema::newest()).await?;
        Ok(store)
    }

    /// Connects to the store there, as it is. A SQLite file that does not exist is made where that is wanted.
    async fn connect(location: &Location, make: bool, patience: Duration) -> Result<Self, StoreError> {
        let database = connect(location, make, patience).await?;
        Ok(Self { database, queue: Queue::default() })
    }

    fn error(&self, kind: StoreErrorKind) -> StoreError {
        self.database.error(kind)
    }
}

/// Connects to the database. A SQLite file that does not exist is made where that is wanted.
async fn connect(location: &Location, make: bool, patience: Duration) -> Result<Database, StoreError> {
    let name = location.to_string();
    let pool = match location {
        #[cfg(feature = "sqlite")]
        Location::File(path) => Pool::Sqlite(sqlite::open(path, make, patience, &name).await?),
        #[cfg(feature = "sqlite")]
        Location::None => Pool::Sqlite(sqlite::in_memory(patience, &name).await?),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => Pool::Postgres(postgres::open(url, patience, &name).await?),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => {
            let error = StoreError::new(&name, StoreErrorKind::NotOpened);
            return Err(error.because("this keysweep was built without that database"));
        }
    };
    Ok(Database { name, pool })
}

impl Store for Sql {
    type Error = StoreError;

    async fn recall(&self, account: AccountId) -> Result<Remembered, StoreError> {
        self.recall_account(account).await
    }

    async fn begin(&self, scan: &Begun) -> Result<(), StoreError> {
        self.begin_scan(scan).await
    }

    async fn keep(&self, scan: &str, result: &AccountAssessment, seen: &Seen) -> Result<(), StoreError> {
        self.keep_account(scan, result, seen).await
    }

    async fn finish(&self, assessment: &Assessment) -> Result<(), StoreError> {
        self.finish_scan(assessment).await
    }
}

impl Archive for Sql {
    async fn scans(&self) -> Result<Vec<ScanRecord>, StoreError> {
        self.list_scans().await
    }

    async fn assessment(&self, id: &str) -> Result<Option<Assessment>, StoreError> {
        self.load_assessment(id).await
    }

    async fn account_result(
        &self,
        scan: &str,
        account: AccountId,
    ) -> Result<Option<AccountAssessment>, StoreError> {
        self.load_account(scan, account).await
    }

    async fn scans_of(&self, account: AccountId) -> Result<Vec<String>, StoreError> {
        self.list_scans_of(account).await
    }

    async fn find_keys(&self, query: &KeyQuery) -> Result<Vec<KnownKey>, StoreError> {
        self.search_keys(query).await
    }

    async fn accounts_of(&self, scan: &str) -> Result<Vec<AccountId>, StoreError> {
        self.list_accounts_of(scan).await
    }

    async fn import(&self, account: AccountId, imported: &Imported) -> Result<u64, StoreError> {
        self.import_evidence(account, imported).await
    }
}
