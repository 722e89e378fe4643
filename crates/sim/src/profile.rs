//! How the simulated AWS behaves beyond what is true: latency, rate limits, paging, delivery lag. All fields are public,
//! so that tests and benchmarks set their own numbers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_core::account::AccountId;
use keysweep_core::time::SignedDuration;

/// A token bucket: `burst` calls at once, refilled by `per_second`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls a second in the long run.
    pub per_second: f64,
    /// Calls at once.
    pub burst: f64,
}

impl Rate {
    /// A token bucket.
    pub const fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst }
    }
}

/// A rate that may differ by account.
#[derive(Clone, Default)]
pub enum Rates {
    /// No limit.
    #[default]
    Unlimited,
    /// The same in every account.
    Same(Rate),
    /// By the account's place in the organization, from the start again after the last.
    Each(Vec<Rate>),
    /// By account; `None` for no limit.
    By(Arc<dyn Fn(AccountId) -> Option<Rate> + Send + Sync>),
}

impl Rates {
    pub(crate) fn of(&self, account: AccountId, index: usize) -> Option<Rate> {
        match self {
            Self::Unlimited => None,
            Self::Same(rate) => Some(*rate),
            Self::Each(rates) => rates.get(index.checked_rem(rates.len())?).copied(),
            Self::By(rate) => rate(account),
        }
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("Unlimited"),
            Self::Same(rate) => f.debug_tuple("Same").field(rate).finish(),
            Self::Each(rates) => f.debug_tuple("Each").field(rates).finish(),
            Self::By(_) => f.write_str("By(..)"),
        }
    }
}

/// How long after a call its CloudTrail event becomes visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// Always the same.
    Fixed(SignedDuration),
    /// As measured on AWS: 2 to 15 minutes for 80% of events, up to 40 for 15%, up to 85 for 5%.
    Drawn,
}

impl Lag {
    pub(crate) fn draw(self, hash: u64) -> SignedDuration {
        match self {
            Self::Fixed(lag) => lag,
            Self::Drawn => {
                let mut rng = Rng::with_seed(hash);
                let minutes = match rng.u8(..100) {
                    0..80 => 2..15,
                    80..95 => 15..40,
                    _ => 40..85,
                };
                SignedDuration::from_secs(rng.i64(minutes.start * 60..=minutes.end * 60))
            }
        }
    }
}

/// Behaviour of the simulated AWS.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How long every call takes.
    pub latency: Duration,
    /// IAM, per account and operation.
    pub iam: Rates,
    /// `LookupEvents`, per account.
    pub lookup_events: Rates,
    /// Organizations, per operation in the caller's account.
    pub organizations: Rates,
    /// `AssumeRole`, in the caller's account.
    pub assume_role: Rates,
    /// The share of IAM's pages that end early with `IsTruncated`.
    pub short_pages: f64,
    /// The share of Organizations' pages before which an empty page comes.
    pub empty_pages: f64,
    /// How long a credential report is in the making.
    pub report_delay: Duration,
    /// Whether `GeneratedTime` is the end of the making. The rows are of its beginning.
    pub report_stamped_at_end: bool,
    /// How long CloudTrail takes to deliver.
    pub lag: Lag,
    /// Whether Organizations gives `State`.
    pub account_state: bool,
    /// Whether Organizations gives `Status`, which AWS was to retire on 2026-09-09.
    pub account_status: bool,
}

impl Profile {
    /// No latency, no limits, no surprises in paging. CloudTrail still takes its time.
    pub fn unlimited() -> Self {
        Self {
            latency: Duration::ZERO,
            iam: Rates::Unlimited,
            lookup_events: Rates::Unlimited,
            organizations: Rates::Unlimited,
            assume_role: Rates::Unlimited,
            short_pages: 0.0,
            empty_pages: 0.0,
            report_delay: Duration::ZERO,
            report_stamped_at_end: false,
            lag: Lag::Drawn,
            account_state: true,
            account_status: true,
        }
    }

    /// Latency, limits and paging as practitioners know them: a careful assumption for IAM's and Organizations'
    /// limits. Published are 2 calls a second for `LookupEvents` (CloudTrail, service quotas) and 600 for AWS STS, for each
    /// account and region (IAM User Guide, IAM and AWS STS quotas).
    pub fn aws_like() -> Self {
        Self {
            latency: Duration::from_millis(40),
            iam: Rates::Same(Rate::new(15.0, 30.0)),
            lookup_events: Rates::Same(Rate::new(2.0, 2.0)),
            organizations: Rates::Same(Rate::new(10.0, 20.0)),
            assume_role: Rates::Same(Rate::new(600.0, 600.0)),
            short_pages: 0.1,
            empty_pages: 0.1,
            report_delay: Duration::from_secs(2),
            report_stamped_at_end: true,
            ..Self::unlimited()
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::unlimited()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_lags_stay_between_two_minutes_and_two_hours() {
        for hash in 0..10_000 {
            let minutes = Lag::Drawn.draw(hash).as_mins();
            assert!((2..120).contains(&minutes), "{minutes}");
        }
    }

    #[test]
    fn rates_can_differ_by_account() {
        let account = |number| AccountId::from_number(number).unwrap();
        let (slow, fast) = (Rate::new(1.0, 1.0), Rate::new(9.0, 9.0));
        let each = Rates::Each(vec![slow, fast]);
        assert_eq!(
            [each.of(account(1), 0), each.of(account(2), 1), each.of(account(3), 2)],
            [Some(slow), Some(fast), Some(slow)]
        );
        assert_eq!(Rates::Each(Vec::new()).of(account(1), 0), None);
        let by = Rates::By(Arc::new(|account| {
            (account.to_string() == "000000000007").then_some(Rate::new(1.0, 1.0))
        }));
        assert_eq!([by.of(account(7), 0), by.of(account(8), 0)], [Some(slow), None]);
    }
}
