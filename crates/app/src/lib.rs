//! The use cases of keysweep over the ports of `keysweep-core`: how accounts are found and entered, which calls are made
//! and at what pace, and how an assessment comes of their answers. Names no AWS SDK; what it is composed of, the binary
//! decides.

mod account;
pub mod apply;
pub mod clocks;
pub mod deliver;
pub mod doctor;
pub mod filter;
mod gate;
pub mod import;
mod log;
pub mod max_rate;
pub mod memory;
mod organization;
pub mod pacer;
pub mod progress;
pub mod scan;
pub mod stats;
pub mod survey;
