//! Tests of the simulated AWS through its front door and through the ports.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is not general enough over the context's lifetime"
)]

mod access;
mod faults;
mod history;
mod inventory;
mod ports;
mod world;

use keysweep_core::account::AccountId;
use keysweep_core::time::{Instant, SignedDuration};

use crate::context::Context;
use crate::service::iam::Paging;
use crate::service::sts::AssumeRoleInput;
use crate::{Action, ApiResult, CallerCredentials, Sim};

pub(crate) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const OTHER_KEY: &str = "AKIAI44QH8DHBEXAMPLE";

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn now() -> Instant {
    at("2026-11-23T09:00:00Z")
}

pub(crate) fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}

pub(crate) fn minutes(number: i64) -> SignedDuration {
    SignedDuration::from_mins(number)
}

pub(crate) fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

/// One call with these credentials.
pub(crate) fn call_as<T>(
    sim: &Sim,
    credentials: &CallerCredentials,
    action: Action,
    operation: impl FnOnce(&Context<'_>) -> ApiResult<T>,
) -> ApiResult<T> {
    let token = credentials.session_token.as_deref();
    let context = sim.begin(&credentials.access_key_id, token, action, sim.partition().lead_region())?;
    operation(&context)
}

/// One call of the operator, in the management account.
pub(crate) fn call<T>(
    sim: &Sim,
    action: Action,
    operation: impl FnOnce(&Context<'_>) -> ApiResult<T>,
) -> ApiResult<T> {
    call_as(sim, &sim.operator(), action, operation)
}

/// Credentials for an account: the operator's own, or those of the default role.
pub(crate) fn enter(sim: &Sim, account: AccountId) -> ApiResult<CallerCredentials> {
    if sim.caller_account() == Some(account) {
        return Ok(sim.operator());
    }
    let input = AssumeRoleInput {
        role_arn: format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole"),
        role_session_name: "test".into(),
        ..AssumeRoleInput::default()
    };
    let credentials = call(sim, Action::AssumeRole, |context| context.assume_role(&input))?.credentials;
    Ok(CallerCredentials {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key,
        session_token: Some(credentials.session_token),
    })
}

pub(crate) fn list_keys(
    sim: &Sim,
    credentials: &CallerCredentials,
    user: &str,
) -> ApiResult<Vec<(String, String)>> {
    let page = call_as(sim, credentials, Action::ListAccessKeys, |context| {
        context.list_access_keys(Some(user), &Paging::default())
    })?;
    Ok(page.items.into_iter().map(|key| (key.access_key_id, key.status)).collect())
}
