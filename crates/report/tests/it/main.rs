//! Whole outputs of hand-made assessments, and what must hold for any assessment.

#![expect(
    clippy::unwrap_used,
    reason = "what fails to unwrap fails the test, here as in functions marked #[test]"
)]

mod anonymity;
mod clean_up;
mod clean_up_samples;
mod csv_rows;
mod diff;
mod documentation;
mod explained;
mod history;
mod keys;
mod ndjson_lines;
mod pdf;
mod pipelines;
mod properties;
mod samples;
mod schema;
mod security_tools;
mod settling;
mod snapshots;
mod validator;
