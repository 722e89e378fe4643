//! The store's tests. One suite says what the port promises; it runs against every store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod arbitrary;
mod care;
mod clean_up;
mod conformance;
mod faults;
mod places;
