//! Runs of `apply` in random worlds where everything goes wrong that can: what the tests of safety and `examples/safety.rs`
//! share. A run is its seed alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a panic is a failed check")]

pub(crate) mod check;
pub(crate) mod ports;
pub(crate) mod run;
#[path = "../search/mod.rs"]
pub(crate) mod search;
pub(crate) mod trouble;
pub(crate) mod world;

pub(crate) use search::Tally;
