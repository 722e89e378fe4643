//! What a scan cost: calls, waiting and time by operation and by phase, and the accounts that took longest. It is told of
//! everything that happens ([`Progress`]) and keeps sums, not events: its size does not grow with the organization.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallErrorKind};

use crate::progress::{Event, Phase, Progress};

/// How many of the accounts that took longest are kept.
pub const SLOWEST: usize = 10;

/// Lengths of time, as many as there are. Percentiles are exact to one part in 32; total and longest are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// How many there are in each bucket: [`bucket`] says in which one a length is.
    buckets: Vec<u64>,
    count: u64,
    total: Duration,
    longest: Duration,
}

/// Each power of two is divided into so many buckets.
const PARTS: u64 = 32;

/// The bucket of a length in microseconds: one each up to 32, then 32 for each power of two.
fn bucket(micros: u64) -> usize {
    let exponent = u64::from(micros.max(1).ilog2());
    let index = match exponent.checked_sub(u64::from(PARTS.ilog2())) {
        None => micros,
        Some(shift) => (shift << 5) + (micros >> shift),
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The greatest length in microseconds that is in this bucket.
fn greatest(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let shift = (bucket >> 5) - 1;
    (((bucket - (shift << 5)) + 1) << shift) - 1
}

impl Lengths {
    /// Adds one.
    pub fn add(&mut self, length: Duration) {
        let bucket = bucket(u64::try_from(length.as_micros()).unwrap_or(u64::MAX >> 1));
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.total += length;
        self.longest = self.longest.max(length);
    }

    /// How many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    pub const fn total(&self) -> Duration {
        self.total
    }

    /// The longest.
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// The length that so many of a hundred do not exceed, rounded up to the end of its bucket; zero where there are none.
    pub fn percentile(&self, hundredths: u64) -> Duration {
        let rank = (self.count * hundredths).div_ceil(100).max(1);
        let mut below = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_micros(greatest(bucket)).min(self.longest);
            }
        }
        Duration::ZERO
    }
}

/// What calls of one operation cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCost {
    /// Requests, by how long they took from being sent to being answered.
    pub took: Lengths,
    /// Requests that AWS refused because there were too many.
    pub throttled: u64,
    /// Requests that failed for another reason. A credential report that is not ready yet is no failure.
    pub failed: u64,
    /// How long they waited for their turn and for the pace, together.
    pub waited: Duration,
}

/// An account, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountCost {
    /// The account.
    pub account: AccountId,
    /// How long its assessment took.
    pub took: Duration,
    /// Requests that were sent for it.
    pub calls: u64,
}

/// What a scan cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// By operation.
    pub calls: BTreeMap<Call, CallCost>,
    /// By phase. Phases go on side by side: their times add up to more than the scan took.
    pub phases: BTreeMap<Phase, Lengths>,
    /// The accounts that took longest, the longest first.
    pub slowest: Vec<AccountCost>,
    /// Accounts whose assessment ended.
    pub accounts: u64,
}

/// Sums up what it is told.
#[derive(Debug, Default)]
pub struct Statistics(Mutex<Cost>);

impl Statistics {
    /// What was told so far.
    pub fn cost(&self) -> Cost {
        self.sums().clone()
    }

    fn sums(&self) -> MutexGuard<'_, Cost> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Statistics {
    fn on(&self, event: Event) {
        let throttled = event.is_throttle();
        match event {
            Event::Called { call, failure, waited, took, .. } => {
                let mut sums = self.sums();
                let cost = sums.calls.entry(call).or_default();
                cost.took.add(took);
                cost.throttled += u64::from(throttled);
                cost.failed += u64::from(failure.is_some_and(|error| is_failure(error.kind)));
                cost.waited += waited;
            }
            Event::PhaseEnded { phase, took, .. } => self.sums().phases.entry(phase).or_default().add(took),
            Event::AccountFinished { account, took, calls, .. } => {
                let mut sums = self.sums();
                sums.accounts += 1;
                let at = sums.slowest.partition_point(|slow| slow.took >= took);
                if at < SLOWEST {
                    sums.slowest.insert(at, AccountCost { account, took, calls });
                    sums.slowest.truncate(SLOWEST);
                }
            }
            _ => {}
        }
    }
}

/// Whether it is more than "not now".
const fn is_failure(kind: CallErrorKind) -> bool {
    !matches!(kind, CallErrorKind::Throttled | CallErrorKind::ReportInProgress | CallErrorKind::ReportAbsent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_and_are_narrow() {
        let mut before = None;
        for micros in
            (0..10_000).chain((14..63).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]))
        {
            let at = bucket(micros);
            let end = greatest(at);
            assert!(end >= micros && end - micros <= micros / PARTS, "{micros} in {at} up to {end}");
            assert!(before.is_none_or(|before| before <= at), "{micros}");
            before = Some(at);
            assert_eq!(bucket(end), at);
            assert_eq!(bucket(end + 1), at + 1);
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_lengths() {
        let mut lengths = Lengths::default();
        assert_eq!((lengths.percentile(50), lengths.longest()), (Duration::ZERO, Duration::ZERO));
        for millis in (1..=1_000).rev() {
            lengths.add(Duration::from_millis(millis));
        }
        for (hundredths, exact) in [(50, 500), (95, 950), (100, 1_000)] {
            let told = lengths.percentile(hundredths);
            let exact = Duration::from_millis(exact);
            assert!(told >= exact && told <= exact + exact / 32, "{hundredths}: {told:?}");
        }
        assert_eq!(lengths.longest(), Duration::from_secs(1));
        assert_eq!((lengths.count(), lengths.total()), (1_000, Duration::from_millis(500_500)));
    }

    #[test]
    fn only_the_slowest_accounts_are_kept() {
        let statistics = Statistics::default();
        for number in 1..=50_u64 {
            statistics.on(Event::AccountFinished {
                account: AccountId::from_number(number).unwrap(),
                status: "complete",
                findings: 0,
                problems: 0,
                calls: number,
                took: Duration::from_secs(number * 7 % 50),
            });
        }
        let cost = statistics.cost();
        let seconds: Vec<u64> = cost.slowest.iter().map(|slow| slow.took.as_secs()).collect();
        assert_eq!(seconds, [49, 48, 47, 46, 45, 44, 43, 42, 41, 40]);
        assert_eq!(cost.accounts, 50);
    }
}
