//! The program as its users meet it: run as a process, against a simulated AWS on 127.0.0.1 and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod clean_up;
mod complaints;
mod configuration;
mod deliver;
mod demo;
mod diff;
mod docs;
mod doctor;
mod evidence;
mod exempt;
mod exit_codes;
mod explain;
mod help;
mod history;
#[cfg(unix)]
mod interrupt;
mod logging;
mod memory;
mod output;
mod policies;
mod program;
mod report;
mod rules;
mod scan;
#[cfg(unix)]
mod scripts;
mod simulated;
mod state;
mod unattended;
#[path = "../../../report/tests/it/validator.rs"]
mod validator;
