//! What the user decides: how long a key may stay inactive, and how long CloudTrail is given to deliver.

use std::fmt;
use std::str::FromStr;

use crate::time::SignedDuration;

/// How long a key may stay inactive. From a second up to a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(SignedDuration);

const LONGEST: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a length of time from one second to a hundred years, such as 30d, 6weeks or 12h")]
pub struct NotALength {
    text: String,
}

fn length(text: &str) -> Result<SignedDuration, NotALength> {
    let error = || NotALength { text: text.to_owned() };
    let length = humantime::parse_duration(text).map_err(|_| error())?;
    let length = SignedDuration::try_from(length).map_err(|_| error())?;
    if (SignedDuration::from_secs(1)..=LONGEST).contains(&length) { Ok(length) } else { Err(error()) }
}

/// A length in the words that [`Threshold`] reads: `30days`, `1day 2h`.
pub(crate) fn show(length: SignedDuration) -> String {
    // Days are the largest unit: humantime's months and years are averages, which no reader expects.
    let seconds = length.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let rest = humantime::format_duration(std::time::Duration::from_secs(rest.unsigned_abs())).to_string();
    match (days, rest.as_str()) {
        (0, _) => rest,
        (1, "0s") => "1day".to_owned(),
        (1, _) => format!("1day {rest}"),
        (_, "0s") => format!("{days}days"),
        _ => format!("{days}days {rest}"),
    }
}

impl Threshold {
    /// The default: 30 days.
    pub const DEFAULT: Self = Self(SignedDuration::from_hours(30 * 24));

    /// The length.
    pub const fn length(self) -> SignedDuration {
        self.0
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for Threshold {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Self, NotALength> {
        length(text).map(Self)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self.0))
    }
}

/// How long an Active key must have been unused before it may be deactivated, from 30 days up to a hundred years. Less is
/// refused: with the day by which the record of uses lags ([`crate::plan::unused::LAST_USE_LAGS`]), 30 days let a key of a
/// monthly job pass in the longest month, and no shorter limit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnusedLimit(SignedDuration);

/// Why a text is not such a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnUnusedLimit {
    /// It is not a length of time.
    #[error(transparent)]
    NotALength(#[from] NotALength),
    /// It is too short.
    #[error("{0} is less than 30 days: a key of a monthly job would be taken for unused")]
    TooShort(String),
}

impl UnusedLimit {
    /// The shortest limit.
    pub const SHORTEST: SignedDuration = SignedDuration::from_hours(30 * 24);

    /// The length.
    pub const fn length(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for UnusedLimit {
    type Err = NotAnUnusedLimit;

    fn from_str(text: &str) -> Result<Self, NotAnUnusedLimit> {
        let length = length(text)?;
        if length < Self::SHORTEST {
            return Err(NotAnUnusedLimit::TooShort(show(length)));
        }
        Ok(Self(length))
    }
}

impl fmt::Display for UnusedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self.0))
    }
}

/// How long after a call its CloudTrail event is taken to be visible. AWS promises no limit; five minutes is the average
/// and 85 minutes the longest delay that was measured (AWS-FACTS), so the default is two hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlingMargin(SignedDuration);

impl SettlingMargin {
    /// The default: two hours.
    pub const DEFAULT: Self = Self(SignedDuration::from_hours(2));

    /// The length.
    pub const fn length(self) -> SignedDuration {
        self.0
    }
}

impl Default for SettlingMargin {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for SettlingMargin {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Self, NotALength> {
        length(text).map(Self)
    }
}

impl fmt::Display for SettlingMargin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self.0))
    }
}

/// What a verdict is measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long a key may stay inactive.
    pub threshold: Threshold,
    /// How long CloudTrail is given to deliver.
    pub settling_margin: SettlingMargin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_shown_in_days() {
        for (text, shown) in [
            ("45d", "45days"),
            ("30 days", "30days"),
            ("2weeks", "14days"),
            ("1d 2h", "1day 2h"),
            ("90m", "1h 30m"),
        ] {
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), shown, "{text}");
            assert_eq!(shown.parse::<Threshold>(), text.parse(), "{text}");
        }
    }

    #[test]
    fn a_limit_for_unused_keys_spares_what_runs_once_a_month() {
        assert_eq!("30d".parse::<UnusedLimit>().unwrap().to_string(), "30days");
        assert_eq!(
            "29d 23h".parse::<UnusedLimit>().unwrap_err().to_string().split(':').next(),
            Some("29days 23h is less than 30 days")
        );
        assert!("soon".parse::<UnusedLimit>().is_err());
    }

    #[test]
    fn senseless_lengths_are_refused() {
        for text in ["", "30", "-1d", "0s", "500ms", "200years", "30 fortnights"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
