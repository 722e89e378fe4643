//! keysweep's ports on the simulated AWS, in the same process: the same operations, limits and faults as on the wire,
//! without HTTP. For tests with thousands of scans in milliseconds.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is not general enough over the context's lifetime"
)]

mod accounts;
mod directory;
mod history;
mod inventory;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::Clock;
use keysweep_core::time::{Instant, SignedDuration};

use crate::action::Action;
use crate::context::{Context, Delivery};
use crate::error::{ApiError, ApiResult};
use crate::service::sts::AssumeRoleInput;
use crate::sim::{CallerCredentials, Sim};

/// How the role in member accounts is assumed.
#[derive(Clone, Debug)]
pub struct RoleOptions {
    /// The role's name, with its path if it has one.
    pub role_name: String,
    /// `ExternalId`.
    pub external_id: Option<String>,
    /// `RoleSessionName`.
    pub session_name: String,
    /// `DurationSeconds`.
    pub duration_seconds: Option<i64>,
}

impl Default for RoleOptions {
    fn default() -> Self {
        Self {
            role_name: "OrganizationAccountAccessRole".to_owned(),
            external_id: None,
            session_name: "keysweep".to_owned(),
            duration_seconds: None,
        }
    }
}

/// `Directory` and `Accounts` for a caller of the simulated AWS.
#[derive(Clone)]
pub struct SimPorts {
    sim: Arc<Sim>,
    credentials: CallerCredentials,
    role: RoleOptions,
}

impl SimPorts {
    /// As the world's operator, who enters member accounts by the default role.
    pub fn new(sim: Arc<Sim>) -> Self {
        let credentials = sim.operator();
        Self { sim, credentials, role: RoleOptions::default() }
    }

    /// With these credentials.
    #[must_use]
    pub fn credentials(mut self, credentials: CallerCredentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Entering member accounts so.
    #[must_use]
    pub fn role(mut self, role: RoleOptions) -> Self {
        self.role = role;
        self
    }

    /// The world's clock as a port.
    pub fn clock(&self) -> SimClockPort {
        SimClockPort(Arc::clone(&self.sim))
    }

    async fn call<T>(
        &self,
        call: Call,
        operation: impl FnOnce(&Context<'_>) -> ApiResult<T>,
    ) -> CallResult<T> {
        make(&self.sim, &self.credentials, call, operation).await
    }
}

/// `Inventory` and `StatusHistory` of one account.
pub struct SimAccount {
    ports: SimPorts,
    /// The account that a role leads to; `None` for the caller's own.
    entered: Option<AccountId>,
    session: Mutex<Session>,
}

#[derive(Clone)]
struct Session {
    credentials: CallerCredentials,
    /// When they end; `None` for credentials that were given.
    expires: Option<Instant>,
}

/// How long before its end a session is renewed.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_secs(60);

impl SimAccount {
    async fn call<T>(
        &self,
        call: Call,
        operation: impl FnOnce(&Context<'_>) -> ApiResult<T>,
    ) -> CallResult<T> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let old = session.expires.is_some_and(|expires| self.ports.sim.now() + RENEWED_BEFORE >= expires);
        if let (true, Some(account)) = (old, self.entered) {
            session = self.ports.assume(account).await?;
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session.clone();
        }
        make(&self.ports.sim, &session.credentials, call, operation).await
    }
}

impl SimPorts {
    async fn assume(&self, account: AccountId) -> CallResult<Session> {
        let role_arn = self.role_arn(account);
        let input = AssumeRoleInput {
            role_arn,
            role_session_name: self.role.session_name.clone(),
            duration_seconds: self.role.duration_seconds,
            external_id: self.role.external_id.clone(),
        };
        let output = self.call(Call::AssumeRole, |context| context.assume_role(&input)).await?.credentials;
        let credentials = CallerCredentials {
            access_key_id: output.access_key_id,
            secret_access_key: output.secret_access_key,
            session_token: Some(output.session_token),
        };
        Ok(Session { credentials, expires: Some(output.expiration) })
    }

    fn role_arn(&self, account: AccountId) -> String {
        format!("arn:{}:iam::{account}:role/{}", self.sim.partition(), self.role.role_name)
    }
}

/// Makes one call: waits for the latency, goes through the front door, and delivers the answer.
async fn make<T>(
    sim: &Sim,
    credentials: &CallerCredentials,
    call: Call,
    operation: impl FnOnce(&Context<'_>) -> ApiResult<T>,
) -> CallResult<T> {
    if !sim.latency().is_zero() {
        sim.clock().sleep(sim.latency()).await;
    }
    let error = |kind, code: Option<String>, message: String, request_id| CallError {
        call,
        kind,
        code,
        message,
        request_id,
    };
    let Some(action) = Action::find(call.service(), call.name()) else {
        let text = "the simulated AWS does not know this operation".to_owned();
        return Err(error(CallErrorKind::Rejected, None, text, None));
    };
    let region = sim.partition().lead_region();
    let (result, delivery, request_id) = {
        let token = credentials.session_token.as_deref();
        match sim.begin(&credentials.access_key_id, token, action, region) {
            Ok(context) => (operation(&context), context.delivery(), context.request_id().to_owned()),
            Err(refused) => (Err(refused), Delivery::Answer, sim.new_request_id()),
        }
    };
    let no_answer = |what: &str| Err(error(CallErrorKind::Unavailable, None, what.to_owned(), None));
    match delivery {
        Delivery::Answer => {}
        Delivery::Slow(length) => sim.clock().sleep(length).await,
        // On the wire the caller's own time limit ends the wait. Here it is over at once.
        Delivery::Hang => return no_answer("no answer in time"),
        Delivery::Lost => return no_answer("the connection was closed without an answer"),
        Delivery::Reset => return no_answer("the connection was reset"),
        Delivery::Truncated => return no_answer("the connection broke while the answer was read"),
        Delivery::Malformed | Delivery::WrongContentType | Delivery::Redirect => {
            let text = "the answer cannot be read".to_owned();
            return Err(error(CallErrorKind::Malformed, None, text, None));
        }
    }
    result.map_err(|refused| {
        error(kind_of(&refused), Some(refused.code.into_owned()), refused.message, Some(request_id))
    })
}

/// The kind of an error answer, as `keysweep_core::call` documents it.
fn kind_of(error: &ApiError) -> CallErrorKind {
    match error.code.as_ref() {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            CallErrorKind::Throttled
        }
        "AccessDenied" | "AccessDeniedException" | "AWSOrganizationsNotInUseException" => {
            CallErrorKind::Denied
        }
        "NoSuchEntity" => CallErrorKind::NotFound,
        "ReportInProgress" => CallErrorKind::ReportInProgress,
        "ReportNotPresent" | "ReportExpired" => CallErrorKind::ReportAbsent,
        "ExpiredToken" | "ExpiredTokenException" => CallErrorKind::CredentialsExpired,
        "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" => {
            CallErrorKind::CredentialsInvalid
        }
        _ if error.status == 429 => CallErrorKind::Throttled,
        _ if error.status >= 500 => CallErrorKind::Unavailable,
        _ => CallErrorKind::Rejected,
    }
}

/// A field of an answer in keysweep's terms.
fn field<T>(call: Call, name: &str, text: &str) -> CallResult<T>
where
    T: FromStr<Err: Display>,
{
    text.parse().map_err(|error: T::Err| CallError {
        call,
        kind: CallErrorKind::Malformed,
        code: None,
        message: format!("{name}: {error}"),
        request_id: None,
    })
}

/// The world's clock: wall-clock time and elapsed time move together.
#[derive(Clone)]
pub struct SimClockPort(Arc<Sim>);

impl Clock for SimClockPort {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.clock().elapsed()
    }

    async fn sleep(&self, length: Duration) {
        self.0.clock().sleep(length).await;
    }
}
