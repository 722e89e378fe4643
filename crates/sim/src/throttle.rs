//! Token buckets, one per account and operation, and the count of calls.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::call::Service;
use serde::Serialize;

use crate::action::Action;
use crate::profile::{Profile, Rate};

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Duration,
}

impl Bucket {
    fn take(&mut self, rate: Rate, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate.per_second).min(rate.burst);
        self.filled_at = now;
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

/// All token buckets.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    buckets: HashMap<(AccountId, Action), Bucket>,
}

impl Buckets {
    /// Whether the call is within the limits; takes a token if so.
    pub(crate) fn admit(
        &mut self,
        profile: &Profile,
        account: AccountId,
        index: usize,
        action: Action,
        now: Duration,
    ) -> bool {
        let rates = match (action.service(), action) {
            (Service::Iam, _) => &profile.iam,
            (_, Action::LookupEvents) => &profile.lookup_events,
            (Service::Organizations, _) => &profile.organizations,
            (_, Action::AssumeRole) => &profile.assume_role,
            _ => return true,
        };
        let Some(rate) = rates.of(account, index) else { return true };
        let bucket = self.buckets.entry((account, action));
        bucket.or_insert(Bucket { tokens: rate.burst, filled_at: now }).take(rate, now)
    }
}

/// How many calls of one operation an account got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallCount {
    /// All calls, throttled ones too.
    pub sent: u64,
    /// Calls that were refused because there were too many.
    pub throttled: u64,
}

/// Calls by the account that the credentials belong to, and by operation, as `/_sim/calls` shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallLog {
    /// All calls together.
    pub total: CallCount,
    /// By account id, then by the operation's API name.
    pub accounts: BTreeMap<String, BTreeMap<&'static str, CallCount>>,
}

impl CallLog {
    /// The calls of one operation in one account.
    pub fn of(&self, account: AccountId, action: Action) -> CallCount {
        let calls = self.accounts.get(&account.to_string());
        calls.and_then(|calls| calls.get(action.name())).copied().unwrap_or_default()
    }

    /// The calls of one operation in all accounts.
    pub fn total_of(&self, action: Action) -> CallCount {
        let calls = self.accounts.values().filter_map(|calls| calls.get(action.name()));
        calls.fold(CallCount::default(), |sum, count| CallCount {
            sent: sum.sent + count.sent,
            throttled: sum.throttled + count.throttled,
        })
    }
}

/// The running count.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: HashMap<(AccountId, Action), CallCount>,
}

impl Counter {
    pub(crate) fn sent(&mut self, account: AccountId, action: Action) {
        self.counts.entry((account, action)).or_default().sent += 1;
    }

    pub(crate) fn throttled(&mut self, account: AccountId, action: Action) {
        self.counts.entry((account, action)).or_default().throttled += 1;
    }

    pub(crate) fn log(&self) -> CallLog {
        let mut log = CallLog::default();
        for ((account, action), count) in &self.counts {
            log.total.sent += count.sent;
            log.total.throttled += count.throttled;
            log.accounts.entry(account.to_string()).or_default().insert(action.name(), *count);
        }
        log
    }
}
