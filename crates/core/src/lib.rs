//! The pure heart of keysweep: what an access key, a status change and a covered span of time are, and what follows
//! from them.
//!
//! Nothing here reads a clock, draws a random number, or does input or output. Every function can be replayed from its
//! arguments. The outside world is named only by the traits in [`ports`].

pub mod account;
pub mod approval;
pub mod archive;
pub mod assessment;
pub mod call;
pub mod cause;
pub mod coverage;
pub mod coverage_summary;
pub mod delivery;
pub mod diagnosis;
pub mod diff;
pub mod evidence;
pub mod exemption;
pub mod finding;
pub mod infer;
pub mod journal;
pub mod key;
pub mod memory;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod ports;
pub mod problem;
pub mod rule;
pub mod time;
pub mod totals;
