//! Why a store could not do what it was asked, and what to do about it.

use keysweep_core::account::AccountId;

#[cfg(feature = "sql")]
use crate::document::DocumentError;

/// Why a store could not.
#[derive(Debug, thiserror::Error)]
#[error("the store {store} {kind}")]
pub struct StoreError {
    /// Where the store is, without credentials.
    pub store: String,
    /// What is wrong.
    pub kind: StoreErrorKind,
    /// What the system or the database says.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is wrong with a store, or with what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreErrorKind {
    /// Its place cannot be reached, or the database refuses the caller.
    #[error("could not be opened")]
    NotOpened,
    /// Another process holds it for longer than one is ready to wait.
    #[error("is locked by another process")]
    Locked,
    /// It may only be read.
    #[error("may only be read")]
    ReadOnly,
    /// There is no space left.
    #[error("could not be written: there is no space left")]
    Full,
    /// The connection broke, or the system could not read or write.
    #[error("was lost while it was in use")]
    Lost,
    /// It is damaged.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// There is a database, and it is not keysweep's.
    #[error("is not a store of keysweep: {0}")]
    Foreign(String),
    /// A newer keysweep made it.
    #[error(
        "was made by a newer keysweep (its schema has version {found}, and this keysweep knows up to {known})"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// A document in it cannot be read.
    #[error("holds something that cannot be read: {what}")]
    Unreadable {
        /// What.
        what: String,
    },
    /// No scan with this id has begun.
    #[error("knows no scan {0}")]
    UnknownScan(String),
    /// There is a scan with this id already.
    #[error("has a scan {0} already")]
    ScanExists(String),
    /// The scan ended already.
    #[error("has the end of scan {0} already")]
    ScanFinished(String),
    /// The scan kept a result for this account already.
    #[error("has a result of scan {scan} for account {account} already")]
    AlreadyKept {
        /// The scan.
        scan: String,
        /// The account.
        account: AccountId,
    },
    /// Anything else.
    #[error("could not be used")]
    Other,
}

impl StoreError {
    pub(crate) fn new(store: &str, kind: StoreErrorKind) -> Self {
        Self { store: store.to_owned(), kind, source: None }
    }

    #[cfg(feature = "sql")]
    pub(crate) fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    #[cfg(feature = "sql")]
    pub(crate) fn unreadable(store: &str, what: impl Into<String>, error: DocumentError) -> Self {
        Self::new(store, StoreErrorKind::Unreadable { what: what.into() }).because(error)
    }

    /// What to do about it, in one or two sentences.
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            StoreErrorKind::NotOpened => {
                "Check that the path or the address is right and may be used, or name another store with --state."
            }
            StoreErrorKind::Locked => {
                "Wait until the other keysweep has ended, or find who holds the file, and try again."
            }
            StoreErrorKind::ReadOnly => {
                "Give the user that runs keysweep the right to write the store and its directory, or name another with --state."
            }
            StoreErrorKind::Full => {
                "Make space, or let `keysweep state prune` remove old scans. What was kept before is intact."
            }
            StoreErrorKind::Lost => {
                "Check the database and the way to it, and try again. What was kept before is intact."
            }
            StoreErrorKind::Damaged(_) | StoreErrorKind::Unreadable { .. } => {
                "`keysweep state check` says what is damaged. Restore a backup, or keep the file and begin a new one with --state; keysweep never replaces it by itself."
            }
            StoreErrorKind::Foreign(_) => {
                "Name a file that does not exist yet, or a store of keysweep, with --state."
            }
            StoreErrorKind::Newer { .. } => {
                "Use the newer keysweep, or name another store with --state. A store is never changed back."
            }
            StoreErrorKind::UnknownScan(_) => "`keysweep history` lists the scans.",
            StoreErrorKind::ScanExists(_)
            | StoreErrorKind::ScanFinished(_)
            | StoreErrorKind::AlreadyKept { .. }
            | StoreErrorKind::Other => "Try again; if it stays, report it with the message above.",
        }
    }
}
