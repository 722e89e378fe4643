//! Writes an assessment where it belongs, in the format that was asked for.

use std::error::Error as _;
use std::io;

use keysweep_core::assessment::Assessment;
use keysweep_report::{Format, Options};

use crate::failure::Failure;
use crate::output::Output;

/// Writes `assessment`.
pub fn render(
    assessment: &Assessment,
    format: Format,
    options: &Options,
    output: Output,
) -> Result<(), Failure> {
    output.write(|to| {
        keysweep_report::write(assessment, format, options, to).map_err(|error| {
            // What failed is said by whoever knows the file; why, by the operating system.
            let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            match source.and_then(io::Error::raw_os_error) {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error),
            }
        })
    })
}
