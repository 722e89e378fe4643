//! JSON, schema `keysweep.assessment/v1` (`docs/schema/assessment-v1.schema.json`), written as it is made: findings and
//! accounts are converted one at a time.
//!
//! What the fields are is the business of [`v1`], how they are laid out that of [`layout`]. Strings are exact.

mod coverage_v1;
pub(crate) mod finding_v1;
pub(crate) mod layout;
pub mod v1;

use std::io;

use keysweep_core::assessment::Assessment;
use keysweep_core::totals::Totals;

use self::layout::Layout;
use crate::mask::Mask;

/// The value of `schema`.
pub const SCHEMA: &str = "keysweep.assessment/v1";

/// Writes the assessment as one JSON document and a line feed.
pub fn write(assessment: &Assessment, mask: bool, mut out: impl io::Write) -> io::Result<()> {
    let mask = Mask::new(assessment, mask);
    let document = v1::Document::of(assessment, &Totals::of(assessment), &mask);
    Layout::spread(SPREAD).write(&document, &mut out)?;
    out.write_all(b"\n")
}

/// Containers down to this depth (the document, its accounts, an account, its findings) spread over lines; what lies
/// deeper is one line. So each finding is one line, to be found with grep and compared with diff, and an assessment of
/// 100,000 findings is not mostly indentation.
const SPREAD: usize = 4;
