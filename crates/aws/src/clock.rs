//! The machine's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keysweep_core::ports::Clock;
use keysweep_core::time::Instant;

/// The machine's wall clock, and time elapsed since the clock was made. Sleeps on tokio's timer.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    made: std::time::Instant,
}

impl SystemClock {
    /// A clock whose elapsed time starts now.
    pub fn new() -> Self {
        Self { made: std::time::Instant::now() }
    }

    /// The current second in UTC, and the microsecond in it, from 0 to 999 999. Verdicts have whole seconds; what begins in the
    /// same one is put into its order by this.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    pub fn moment(&self) -> (Instant, u32) {
        since_1970(SystemTime::now())
    }
}

/// Whole seconds, and the microseconds beyond, both cut downwards on both sides of 1970.
fn since_1970(time: SystemTime) -> (Instant, u32) {
    let seconds = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (Instant::from_unix(seconds(after)), after.subsec_micros()),
        Err(before) => {
            let before = before.duration();
            let beyond = before.subsec_nanos().div_ceil(1_000);
            match beyond {
                0 => (Instant::from_unix(-seconds(before)), 0),
                _ => (Instant::from_unix(-seconds(before) - 1), 1_000_000 - beyond),
            }
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        self.moment().0
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_cut_downwards_before_1970_too() {
        let nanoseconds = Duration::from_nanos;
        for (time, second, microsecond) in [
            (UNIX_EPOCH, 0, 0),
            (UNIX_EPOCH + nanoseconds(1_999_999_999), 1, 999_999),
            (UNIX_EPOCH + nanoseconds(12_345_999), 0, 12_345),
            (UNIX_EPOCH - nanoseconds(1), -1, 999_999),
            (UNIX_EPOCH - nanoseconds(1_000), -1, 999_999),
            (UNIX_EPOCH - nanoseconds(1_001), -1, 999_998),
            (UNIX_EPOCH - nanoseconds(1_000_000_000), -1, 0),
            (UNIX_EPOCH - nanoseconds(1_000_000_001), -2, 999_999),
        ] {
            assert_eq!(since_1970(time), (Instant::from_unix(second), microsecond), "{time:?}");
        }
    }
}
