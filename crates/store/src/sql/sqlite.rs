//! Opens a SQLite file: made with permissions for its owner only, in WAL mode so that readers do not wait for writers.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::database::failure;
use crate::error::{StoreError, StoreErrorKind};

/// How long until a file that others are opening is tried again.
const RETRY: Duration = Duration::from_millis(20);

fn options(patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(patience)
        // A killed process loses nothing by it; a loss of power at worst the last accounts of a scan that has not ended,
        // and never the file. The end of a scan waits for the disk (`Database::settle`).
        // What must survive more says so itself (`Purpose::Record`).
        .synchronous(SqliteSynchronous::Normal)
        // 16 MiB, in KiB: SQLite's 2 MB do not hold the indices of 100,000 keys.
        .pragma("cache_size", "-16384")
}

async fn pool(
    options: SqliteConnectOptions,
    patience: Duration,
    name: &str,
) -> Result<SqlitePool, StoreError> {
    // SQLite has one writer at a time; a second connection would only wait for the first.
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(2 * patience)
        .idle_timeout(None)
        // A file does not hang up.
        .test_before_acquire(false)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| failure(name, error))
}

/// The file at `path`, which is made where there is none, if that is wanted.
pub(super) async fn open(
    path: &Path,
    wanted: bool,
    patience: Duration,
    name: &str,
) -> Result<SqlitePool, StoreError> {
    let there = if wanted { make(path) } else { path.metadata().map(drop) };
    there.map_err(|error| StoreError::new(name, StoreErrorKind::NotOpened).because(error))?;
    let options = options(patience).filename(path).journal_mode(SqliteJournalMode::Wal);
    // SQLite waits for a writer, but not for another process that opens a new file at the same moment.
    for _ in 0..patience.as_millis() / RETRY.as_millis() {
        match pool(options.clone(), patience, name).await {
            Err(error) if error.kind == StoreErrorKind::Locked => tokio::time::sleep(RETRY).await,
            Err(error) if error.kind == StoreErrorKind::NotOpened => return Err(why_not(path, error)),
            opened => return opened,
        }
    }
    pool(options, patience, name).await
}

/// SQLite does not say that it cannot open a file because it may not write it, or the log beside it.
fn why_not(path: &Path, error: StoreError) -> StoreError {
    match std::fs::OpenOptions::new().write(true).open(path) {
        Err(refused)
            if matches!(refused.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            StoreError::new(&error.store, StoreErrorKind::ReadOnly).because(refused)
        }
        _ => error,
    }
}

/// A database that ends with the process.
pub(super) async fn in_memory(patience: Duration, name: &str) -> Result<SqlitePool, StoreError> {
    pool(options(patience).in_memory(true), patience, name).await
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
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
