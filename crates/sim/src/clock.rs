//! The clock of the simulated world. Wall-clock time dates events; elapsed time fills token buckets and never runs
//! backwards.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use keysweep_core::time::{Instant, SignedDuration};

/// A clock that stands still until it is moved, or that runs with tokio's time (which tests may pause).
#[derive(Debug)]
pub struct SimClock {
    start: Duration,
    anchor: Option<tokio::time::Instant>,
    advanced_nanos: AtomicU64,
    skew_seconds: AtomicI64,
}

impl SimClock {
    fn new(start: Duration, anchor: Option<tokio::time::Instant>) -> Self {
        Self { start, anchor, advanced_nanos: AtomicU64::new(0), skew_seconds: AtomicI64::new(0) }
    }

    fn since_epoch(start: Instant) -> Duration {
        Duration::from_secs(start.unix().unsigned_abs())
    }

    /// A clock that moves only by [`SimClock::advance`]. The world begins at `start`, which must be after 1970.
    pub fn manual(start: Instant) -> Self {
        Self::new(Self::since_epoch(start), None)
    }

    /// A clock that shows `start` now and runs on with tokio's time.
    pub fn running(start: Instant) -> Self {
        Self::new(Self::since_epoch(start), Some(tokio::time::Instant::now()))
    }

    /// A clock that shows the real time.
    #[expect(clippy::disallowed_methods, reason = "this is where the simulation's clock is implemented")]
    pub fn real() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::new(now, Some(tokio::time::Instant::now()))
    }

    /// The world's current second.
    pub fn now(&self) -> Instant {
        let seconds = (self.start + self.elapsed()).as_secs();
        let skew = self.skew_seconds.load(Ordering::Relaxed);
        Instant::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(skew))
    }

    /// Time since the world began.
    pub fn elapsed(&self) -> Duration {
        let ran = self.anchor.map(|anchor| anchor.elapsed()).unwrap_or_default();
        ran + Duration::from_nanos(self.advanced_nanos.load(Ordering::Relaxed))
    }

    /// Lets time pass: the wall clock moves and token buckets fill.
    pub fn advance(&self, length: Duration) {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        self.advanced_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Waits. A clock that runs with tokio's time waits with it; one that stands still lets the time pass at once.
    pub async fn sleep(&self, length: Duration) {
        if self.anchor.is_some() {
            tokio::time::sleep(length).await;
        } else {
            self.advance(length);
            tokio::task::yield_now().await;
        }
    }

    /// Sets how far the wall clock is off: AWS's clock against the caller's. No time passes.
    pub fn set_skew(&self, skew: SignedDuration) {
        self.skew_seconds.store(skew.as_secs(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = SimClock::manual(Instant::from_unix(1_000));
        assert_eq!((clock.now().unix(), clock.elapsed()), (1_000, Duration::ZERO));
        clock.advance(Duration::from_millis(2_500));
        assert_eq!((clock.now().unix(), clock.elapsed()), (1_002, Duration::from_millis(2_500)));
        clock.set_skew(SignedDuration::from_secs(-600));
        assert_eq!((clock.now().unix(), clock.elapsed()), (402, Duration::from_millis(2_500)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_clock_follows_paused_time() {
        let clock = SimClock::running(Instant::from_unix(1_000));
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!(clock.now().unix(), 8_200);
    }
}
