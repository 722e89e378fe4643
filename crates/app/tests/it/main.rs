//! The scan and the apply on the simulated AWS, in process: which keys are found, what is said of them, what is said to be
//! missing, how many calls it takes, and what is deleted.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

mod apply;
mod corpus;
mod deliver;
mod doctor;
mod failures;
mod findings;
mod import;
mod incomplete;
mod intake;
mod memory;
mod pace;
mod support;
