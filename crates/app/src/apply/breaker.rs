//! Counts what should not happen often, and stops the run when it does.

use std::sync::{Mutex, PoisonError};

/// How often each may happen before the run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopAfter {
    /// Keys that were switched on, or whose status was set, since the plan.
    pub reactivated: u32,
    /// Calls that AWS does not allow.
    pub denied: u32,
    /// Deletes of which it cannot be found out what came.
    pub unknown: u32,
}

impl Default for StopAfter {
    fn default() -> Self {
        Self { reactivated: 5, denied: 5, unknown: 3 }
    }
}

/// What should not happen often.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Reactivated,
    Denied,
    Unknown,
}

#[derive(Debug, Default)]
struct Counts {
    reactivated: u32,
    denied: u32,
    unknown: u32,
    reason: Option<String>,
}

#[derive(Debug)]
pub(super) struct Breaker {
    limits: StopAfter,
    counts: Mutex<Counts>,
}

impl Breaker {
    pub(super) fn new(limits: StopAfter) -> Self {
        Self { limits, counts: Mutex::default() }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more.
    pub(super) fn count(&self, trouble: Trouble) {
        let mut counts = self.counts();
        let (count, limit, what) = match trouble {
            Trouble::Reactivated => (
                &mut counts.reactivated,
                self.limits.reactivated,
                "keys were reactivated or changed since the plan: scan and plan again",
            ),
            Trouble::Denied => (
                &mut counts.denied,
                self.limits.denied,
                "calls were denied: give the clean-up role the permissions that `keysweep policies` prints",
            ),
            Trouble::Unknown => (
                &mut counts.unknown,
                self.limits.unknown,
                "deletes are of unknown outcome: apply again once AWS can be reached, which finds out what came of them",
            ),
        };
        *count += 1;
        let count = *count;
        if count >= limit.max(1) && counts.reason.is_none() {
            counts.reason = Some(format!("{count} {what}"));
        }
    }

    /// Stops the run for a reason of its own.
    pub(super) fn stop(&self, reason: String) {
        self.counts().reason.get_or_insert(reason);
    }

    /// Why the run is to be stopped.
    pub(super) fn reason(&self) -> Option<String> {
        self.counts().reason.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_apart_and_stops_at_its_limit() {
        let breaker = Breaker::new(StopAfter { reactivated: 2, denied: 3, unknown: 1 });
        breaker.count(Trouble::Reactivated);
        breaker.count(Trouble::Denied);
        breaker.count(Trouble::Denied);
        assert_eq!(breaker.reason(), None);
        breaker.count(Trouble::Reactivated);
        let reason = breaker.reason().unwrap();
        assert!(reason.starts_with("2 keys were reactivated"), "{reason}");
        breaker.count(Trouble::Unknown);
        assert_eq!(breaker.reason(), Some(reason));
    }
}
