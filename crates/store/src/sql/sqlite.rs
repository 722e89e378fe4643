//! Opens a SQLite file: made with permissions for its owner only, in WAL mode so that readers do not wait for writers.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::database::failure;
use crate::error::{StoreError, StoreErrorKind};

/// How long to wait for another process that writes. One account is kept in milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // What was kept survives a loss of power, too. A scan keeps a few accounts a second.
        .synchronous(SqliteSynchronous::Full)
}

async fn pool(options: SqliteConnectOptions, name: &str) -> Result<SqlitePool, StoreError> {
    // SQLite has one writer at a time; a second connection would only wait for the first.
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(2 * PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| failure(name, error))
}

/// The file at `path`, which is made where there is none, if that is wanted.
pub(super) async fn open(path: &Path, wanted: bool, name: &str) -> Result<SqlitePool, StoreError> {
    let there = if wanted { make(path) } else { path.metadata().map(drop) };
    there.map_err(|error| StoreError::new(name, StoreErrorKind::NotOpened).because(error))?;
    pool(options().filename(path).journal_mode(SqliteJournalMode::Wal), name).await
}

/// A database that ends with the process.
pub(super) async fn in_memory(name: &str) -> Result<SqlitePool, StoreError> {
    pool(options().in_memory(true), name).await
}

/// Makes the file, and the directories that lead to it, for nobody but its owner.
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
