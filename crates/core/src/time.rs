//! Points and stretches of time, always UTC, in whole seconds: the resolution of CloudTrail's `eventTime`, of IAM's
//! `CreateDate` and of the credential report.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

pub use jiff::SignedDuration;

/// A second in UTC. Two things that happen in the same second have the same `Instant`; their order is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The second that starts `seconds` after 1970-01-01T00:00:00Z.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The second before this one.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The second after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// RFC 3339 in UTC: `2026-11-23T07:12:00Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        // Of whole seconds jiff shows no fraction. It is faster than with a format string, and a report has a million of them.
        let timestamp = jiff::Timestamp::from_second(self.0.clamp(first, last));
        timestamp.unwrap_or(jiff::Timestamp::UNIX_EPOCH).fmt(f)
    }
}

/// Why a text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 date and time with a zone, such as 2026-11-23T07:12:00Z")]
pub struct NotAnInstant {
    text: String,
}

/// 0000-01-01T00:00:00Z: RFC 3339 has no earlier years.
const YEAR_ZERO: i64 = -62_167_219_200;

/// Reads RFC 3339 with `Z` or a numeric offset; fractions of a second are cut off.
impl FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        let error = || NotAnInstant { text: text.to_owned() };
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| error())?;
        let second = timestamp.as_nanosecond().div_euclid(1_000_000_000);
        i64::try_from(second).ok().filter(|second| *second >= YEAR_ZERO).map(Self).ok_or_else(error)
    }
}

impl Add<SignedDuration> for Instant {
    type Output = Self;

    fn add(self, length: SignedDuration) -> Self {
        Self(self.0.saturating_add(length.as_secs()))
    }
}

impl Sub<SignedDuration> for Instant {
    type Output = Self;

    fn sub(self, length: SignedDuration) -> Self {
        Self(self.0.saturating_sub(length.as_secs()))
    }
}

impl Sub for Instant {
    type Output = SignedDuration;

    fn sub(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

/// A stretch of time `[from, to)`: it holds `from` and does not hold `to`. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from: Instant,
    to: Instant,
}

impl Span {
    /// The seconds from `from` up to, not including, `to`; `None` where there are none.
    pub fn new(from: Instant, to: Instant) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// The first second inside.
    pub const fn from(self) -> Instant {
        self.from
    }

    /// The first second after it.
    pub const fn to(self) -> Instant {
        self.to
    }

    /// Whether `instant` lies inside.
    pub fn contains(self, instant: Instant) -> bool {
        self.from <= instant && instant < self.to
    }

    /// How long it is.
    pub fn length(self) -> SignedDuration {
        self.to - self.from
    }
}

/// `[earliest, latest]`, both included: something happened in one of these seconds, and which is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    earliest: Instant,
    latest: Instant,
}

impl Interval {
    /// The seconds from `earliest` to `latest`, both included; `None` where `latest` is before `earliest`.
    pub fn new(earliest: Instant, latest: Instant) -> Option<Self> {
        (earliest <= latest).then_some(Self { earliest, latest })
    }

    /// The one second `at`.
    pub const fn exactly(at: Instant) -> Self {
        Self { earliest: at, latest: at }
    }

    /// The first second in which it can have happened.
    pub const fn earliest(self) -> Instant {
        self.earliest
    }

    /// The last second in which it can have happened.
    pub const fn latest(self) -> Instant {
        self.latest
    }

    /// Whether `instant` lies inside.
    pub fn contains(self, instant: Instant) -> bool {
        self.earliest <= instant && instant <= self.latest
    }

    /// Whether the second is known exactly.
    pub fn is_exact(self) -> bool {
        self.earliest == self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_any_offset_and_written_in_utc() {
        for (text, shown) in [
            ("2026-11-23T07:12:00Z", "2026-11-23T07:12:00Z"),
            ("2012-01-29T21:54:13+00:00", "2012-01-29T21:54:13Z"),
            ("2012-01-29T23:54:13+02:00", "2012-01-29T21:54:13Z"),
            ("2026-11-23T07:12:00.999Z", "2026-11-23T07:12:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-30T00:00:00Z", "9999-12-30T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "",
            "N/A",
            "2026-02-30T00:00:00Z",
            "2026-11-23",
            "2026-11-23T07:12:00",
            "yesterday",
            "-000005-01-02T00:00:00Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    #[test]
    fn far_instants_are_shown_without_panic() {
        assert!(!Instant::from_unix(i64::MAX).to_string().is_empty());
        assert!(!Instant::from_unix(i64::MIN).to_string().is_empty());
    }
}
