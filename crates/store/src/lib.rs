//! What keysweep remembers, behind [`keysweep_core::ports::Store`] and [`keysweep_core::ports::Archive`]: in a SQLite file,
//! in a PostgreSQL database, or in memory.
//!
//! This crate decides how things are kept, never what follows from them. It reads no clock and no environment: where the
//! store is, is for its caller to say.

#[cfg(feature = "sql")]
mod document;
mod error;
mod in_memory;
mod location;
#[cfg(feature = "sql")]
mod looks;
#[cfg(feature = "sql")]
mod sql;

#[cfg(feature = "sql")]
pub use document::DocumentError;
pub use error::{StoreError, StoreErrorKind};
pub use in_memory::InMemory;
pub use location::{Location, NotALocation};
#[cfg(feature = "sql")]
pub use sql::{Checked, EXPORT_SCHEMA, Pruned, Sql, TransferError, Transferred};
