//! The scan on the simulated AWS, in process: which keys are found, what is said of them, what is said to be missing, and
//! how many calls it takes.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

mod corpus;
mod deliver;
mod doctor;
mod failures;
mod findings;
mod import;
mod incomplete;
mod intake;
mod lifecycle;
mod memory;
mod support;
