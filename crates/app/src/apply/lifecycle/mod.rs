//! Deactivating the unused keys of a plan, and undoing it (`keysweep revert`). Both set the status of keys one by one, each after
//! one more look, and journal every step in the run of the plan; neither deletes anything. A key's status is all that either
//! changes, so what is not known is found out by looking at it.

mod look;
mod outcome;
mod revert;
mod switch;

pub use outcome::{DeactivationOutcome, RevertOutcome, Reverted};
pub use revert::{revert, to_revert};
