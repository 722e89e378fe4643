//! Holds this machine's clock against AWS's. What is proven, what has settled and what has expired is told by it: with one that is
//! hours off, keys would be deleted that were switched off a minute ago.

use keysweep_core::ports::ServerTime;
use keysweep_core::time::{Instant, SignedDuration};

/// By more than this no clock may be off. It is what AWS tolerates in a signature, and far less than CloudTrail is given to deliver.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

/// Why this machine's clock cannot be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It is not AWS's.
    #[error("this machine's clock says {here}, and AWS's {there}")]
    Off {
        /// What it says.
        here: Instant,
        /// What AWS's answer said (`Date`, RFC 9110).
        there: Instant,
    },
    /// AWS's answer had no `Date`.
    #[error("AWS's answer did not say what time it is, so this machine's clock could not be checked")]
    NotTold,
}

/// By how much AWS's time, which was told between two moments of this machine's clock, is later than that; negative where it is
/// earlier.
pub(crate) fn off(told: Instant, before: Instant, after: Instant) -> SignedDuration {
    told - told.clamp(before.min(after), after)
}

/// Whether the clock, which said `before` before the call that was answered last and says `after` now, is AWS's.
pub fn check(ports: &impl ServerTime, before: Instant, after: Instant) -> Result<(), ClockError> {
    let there = ports.server_time().ok_or(ClockError::NotTold)?;
    if off(there, before, after).abs() <= TOLERANCE {
        Ok(())
    } else {
        Err(ClockError::Off { here: after, there })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(Option<Instant>);

    impl ServerTime for Told {
        fn server_time(&self) -> Option<Instant> {
            self.0
        }
    }

    #[test]
    fn a_clock_may_be_off_by_a_quarter_of_an_hour() {
        let at = |second: i64| Instant::from_unix(1_000_000 + second);
        let judged = |told: i64| check(&Told(Some(at(told))), at(0), at(60));
        for fine in [0, 30, 60, -900, 960] {
            assert_eq!(judged(fine), Ok(()), "{fine}");
        }
        for wrong in [-901, 961, 7_800, -7_800] {
            assert_eq!(judged(wrong), Err(ClockError::Off { here: at(60), there: at(wrong) }));
        }
        assert_eq!(check(&Told(None), at(0), at(60)), Err(ClockError::NotTold));
        // A clock that is set back during the call says nothing of the time before.
        assert_eq!(check(&Told(Some(at(0))), at(9_000), at(0)), Ok(()));
    }
}
