//! Looks at one account: each call of a scan there, once. Those that concern a user or a key ask about the first that there
//! is.

use futures_util::future::join_all;
use futures_util::future::{BoxFuture, FutureExt as _};
use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallResult};
use keysweep_core::diagnosis::{Check, Outcome, Subject};
use keysweep_core::key::{AccessKeyId, User};
use keysweep_core::permissions::Grant;
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::time::SignedDuration;

use super::{answered, check, failed, is_allowed};
use crate::gate::{Caller, Gates};

/// So many users are asked for a key at most.
const USERS_ASKED: usize = 5;
/// How far back the event history is asked: one page of it, of whatever length, tells whether it may be asked.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(1);

/// Looks at an account that was entered.
pub(super) async fn look<E: Inventory + StatusHistory, C: Clock>(
    id: AccountId,
    entered: &E,
    caller: &Caller<'_, C>,
) -> Vec<Check> {
    let gates = Gates::new();
    let probe = Probe { id, entered, caller, gates: &gates };
    let listed = caller.call(&gates, Call::ListUsers, || entered.list_users(None)).await;
    let users = listed.as_ref().map(|page| page.items.as_slice()).unwrap_or_default();
    let (keys, key) = probe.keys(users).await;
    let calls = Grant::Scan.calls().map(|call| match call {
        Call::ListUsers => futures_util::future::ready(answered(Some(id), call, &listed)).boxed(),
        Call::ListAccessKeys => futures_util::future::ready(keys.clone()).boxed(),
        other => probe.check(other, users.first(), key.as_ref()),
    });
    join_all(calls).await
}

struct Probe<'a, E, C> {
    id: AccountId,
    entered: &'a E,
    caller: &'a Caller<'a, C>,
    gates: &'a Gates,
}

impl<E: Inventory + StatusHistory, C: Clock> Probe<'_, E, C> {
    fn said(&self, call: Call, outcome: Outcome) -> Check {
        check(Some(self.id), Subject::Call(call), outcome)
    }

    fn not_checked(&self, call: Call, why: &str) -> Check {
        self.said(call, Outcome::NotChecked(why.to_owned()))
    }

    fn allowed<T>(&self, call: Call, answer: CallResult<T>) -> Check {
        match answer {
            Err(error) if !is_allowed(error.kind) => failed(Some(self.id), error),
            _ => self.said(call, Outcome::Works),
        }
    }

    /// Whether keys may be listed, and the first key that is found.
    async fn keys(&self, users: &[User]) -> (Check, Option<AccessKeyId>) {
        let call = Call::ListAccessKeys;
        let mut found = None;
        for user in users.iter().take(USERS_ASKED) {
            let answer =
                self.caller.call(self.gates, call, || self.entered.list_access_keys(&user.name, None)).await;
            match answer {
                Ok(page) => found = page.items.into_iter().next().map(|key| key.id),
                Err(error) => return (self.allowed::<()>(call, Err(error)), None),
            }
            if found.is_some() {
                break;
            }
        }
        let check = match users {
            [] => self.not_checked(call, "there is no user to ask about"),
            _ => self.said(call, Outcome::Works),
        };
        (check, found)
    }

    /// One call that is not made for the others' sake anyway.
    fn check<'b>(
        &'b self,
        call: Call,
        user: Option<&'b User>,
        key: Option<&'b AccessKeyId>,
    ) -> BoxFuture<'b, Check> {
        async move {
            let (caller, gates, entered) = (self.caller, self.gates, self.entered);
            match call {
                Call::GenerateCredentialReport => self
                    .allowed(call, caller.call(gates, call, || entered.generate_credential_report()).await),
                Call::GetCredentialReport => {
                    self.allowed(call, caller.call(gates, call, || entered.get_credential_report()).await)
                }
                Call::GetAccessKeyLastUsed => match key {
                    Some(key) => self.allowed(
                        call,
                        caller.call(gates, call, || entered.get_access_key_last_used(key)).await,
                    ),
                    // A made-up key would tell nothing: AWS need not answer NoSuchEntity for a key of nobody.
                    None => self.not_checked(call, "no access key was found to ask about"),
                },
                Call::ListUserTags => match user {
                    Some(user) => self.allowed(
                        call,
                        caller.call(gates, call, || entered.list_user_tags(&user.name, None)).await,
                    ),
                    None => self.not_checked(call, "there is no user to ask about"),
                },
                Call::GetAccountAuthorizationDetails => self.allowed(
                    call,
                    caller.call(gates, call, || entered.get_account_authorization_details(None)).await,
                ),
                Call::GetAccountSummary => {
                    self.allowed(call, caller.call(gates, call, || entered.get_account_summary()).await)
                }
                Call::LookupEvents => {
                    let now = caller.desk.clock.now();
                    let answer = caller
                        .call(gates, call, || entered.lookup_events(now - LOOKED_BACK, now, None))
                        .await;
                    self.allowed(call, answer)
                }
                // A test holds this against the call table.
                _ => self.not_checked(call, "keysweep doctor does not know how to ask this"),
            }
        }
        .boxed()
    }
}
