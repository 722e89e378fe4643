//! Version 1 of the documents. Frozen: a field is never renamed, removed, or given another meaning here.
//!
//! Times are seconds since 1970-01-01T00:00:00Z; a span holds `from` and not `to`.

pub(crate) mod account;
pub(crate) mod evidence;
pub(crate) mod finding;
pub(crate) mod problem;
pub(crate) mod scan;
pub(crate) mod seen;

use keysweep_core::coverage::Coverage;
use keysweep_core::time::{Instant, Span};
use serde::{Deserialize, Serialize};

use super::DocumentError;

/// Borrowed when it is written, owned when it was read.
pub(crate) type Text<'a> = std::borrow::Cow<'a, str>;

type Result<T> = std::result::Result<T, DocumentError>;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct InstantV1(pub(crate) i64);

impl From<Instant> for InstantV1 {
    fn from(instant: Instant) -> Self {
        Self(instant.unix())
    }
}

impl From<InstantV1> for Instant {
    fn from(instant: InstantV1) -> Self {
        Self::from_unix(instant.0)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CoverageV1(Vec<(InstantV1, InstantV1)>);

impl CoverageV1 {
    pub(crate) fn of(coverage: &Coverage) -> Self {
        Self(coverage.spans().iter().map(|span| (span.from().into(), span.to().into())).collect())
    }

    pub(crate) fn read(self) -> Result<Coverage> {
        let span = |(from, to): (InstantV1, InstantV1)| {
            Span::new(from.into(), to.into())
                .ok_or_else(|| DocumentError::Value(format!("a span from {} to {}", from.0, to.0)))
        };
        Ok(Coverage::from_spans(self.0.into_iter().map(span).collect::<Result<Vec<_>>>()?))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StatusV1 {
    Active,
    Inactive,
}

impl From<keysweep_core::key::KeyStatus> for StatusV1 {
    fn from(status: keysweep_core::key::KeyStatus) -> Self {
        match status {
            keysweep_core::key::KeyStatus::Active => Self::Active,
            keysweep_core::key::KeyStatus::Inactive => Self::Inactive,
        }
    }
}

impl From<StatusV1> for keysweep_core::key::KeyStatus {
    fn from(status: StatusV1) -> Self {
        match status {
            StatusV1::Active => Self::Active,
            StatusV1::Inactive => Self::Inactive,
        }
    }
}

/// Reads each.
pub(crate) fn read_all<T, U>(
    items: impl IntoIterator<Item = T>,
    read: impl Fn(T) -> Result<U>,
) -> Result<Vec<U>> {
    items.into_iter().map(read).collect()
}

/// The domain's value for a text, or why there is none.
pub(crate) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T> {
    text.parse().map_err(DocumentError::value)
}
