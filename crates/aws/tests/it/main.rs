//! The adapters through the real SDK, against servers on 127.0.0.1.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this crate is tests")]

mod answers;
mod deliveries;
mod environment;
mod failures;
mod roles;
mod server;
mod simulated;
mod strange;
mod trust;
mod wire_faults;
