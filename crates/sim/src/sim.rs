//! The simulated AWS and its front door: credentials, call counts, rate limits.

use keysweep_core::time::Instant;

use crate::action::Action;
use crate::context::Context;
use crate::error::{ApiError, ApiResult};
use std::time::Duration;

/// A simulated AWS. Shared by reference; its lock is never held while waiting.
pub struct Sim {}

impl Sim {
    /// The front door of every call: authenticates, counts the call, and applies the rate limits.
    pub fn begin(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        action: Action,
        region: &str,
    ) -> ApiResult<Context<'_>> {
        let _ = (access_key_id, session_token, region);
        Err(ApiError::credentials_invalid(action.service()))
    }

    /// How long the profile lets every call take; the wire waits so long before [`Sim::begin`].
    pub fn latency(&self) -> Duration {
        Duration::ZERO
    }

    /// The time of the simulated world.
    pub fn now(&self) -> Instant {
        Instant::from_unix(0)
    }

    /// A new request id, for answers that have no [`Context`].
    pub fn new_request_id(&self) -> String {
        String::new()
    }
}
