//! When what failed is sent again: only where the fault may pass, and only a few times. Calls that AWS throttles are repeated
//! by [`crate::gate`] already.

use std::time::Duration;

use keysweep_core::call::{CallErrorKind, CallResult};
use keysweep_core::delivery::PostError;
use keysweep_core::ports::Clock;

/// Attempts, the first included.
const ATTEMPTS: u32 = 5;
/// The wait before the second attempt; it doubles for each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A receiver that asks for more patience than this is told of as failed; the report can be sent again later.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Calls AWS, and again where there was no answer or a fault of AWS's own.
pub(super) async fn after_faults<T>(
    clock: &impl Clock,
    call: impl AsyncFn() -> CallResult<T>,
) -> CallResult<T> {
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.kind == CallErrorKind::Unavailable => {}
            answer => return answer,
        }
        clock.sleep(wait).await;
        wait *= 2;
    }
    call().await
}

/// Posts, and again where the receiver may take it later.
pub(super) async fn posting(
    clock: &impl Clock,
    post: impl AsyncFn() -> Result<(), PostError>,
) -> Result<(), PostError> {
    let mut usual = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        let wait = match post().await {
            Err(PostError { may_pass: true, wait, .. }) if wait.is_none_or(|wait| wait <= LONGEST_WAIT) => {
                wait.unwrap_or_default().max(usual)
            }
            answer => return answer,
        };
        clock.sleep(wait).await;
        usual *= 2;
    }
    post().await
}
