//! Which calls the SDK repeats by itself: those that a transient fault ended (5xx, a timeout, a broken connection).
//! A throttled call goes back to the caller at once, because only the pacer of `keysweep-app` knows how fast the account
//! may be asked.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::{ErrorKind, RetryConfig};

/// Attempts of one call, the first included. Two repetitions ride out a lost connection or a lone 5xx; what lasts
/// longer is reported.
const ATTEMPTS: u32 = 3;

/// The longest wait before the first repetition; it doubles for the next. The SDK's default, a second, is made for
/// throttles.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The SDK's standard retry, for transient faults.
pub(crate) fn transient_faults() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_WAIT)
}

/// Overrules the SDK's classifiers where they take an answer for a throttle.
#[derive(Debug)]
pub(crate) struct ThrottlesAreTheCallers;

impl ClassifyRetry for ThrottlesAreTheCallers {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, _: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError {
                kind: ErrorKind::ThrottlingError,
                ..
            }) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttles are the caller's"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
