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
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    fn now(&self) -> Instant {
        let seconds = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => Instant::from_unix(seconds(after)),
            // Whole seconds are cut downwards on both sides of 1970.
            Err(before) => {
                let before = before.duration();
                Instant::from_unix(-seconds(before) - i64::from(before.subsec_nanos() > 0))
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}
