//! Clean-up without any call: plans, their files, the linter, approvals, the decision before a delete, the journal, and the
//! journal's protocol in every order of steps.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod approvals;
mod decisions;
mod documents;
mod graces;
mod journals;
mod lifecycle;
mod linting;
mod planning;
mod protocol;
mod sample;
mod switches;
mod told;
