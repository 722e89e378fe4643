//! One call on its way: who makes it, and how its answer is to be delivered. The operations are in [`crate::service`].

use std::cell::Cell;
use std::time::Duration;

use keysweep_core::account::{AccountId, Partition};
use keysweep_core::call::Service;
use keysweep_core::time::Instant;

use crate::action::Action;
use crate::error::{ApiError, ApiResult};
use crate::fault::{self, Instead, Subject};
use crate::sim::Sim;
use crate::world::World;
use crate::world::foreign;
use crate::world::history::{Actor, Deed, Refused};
use crate::world::iam::Iam;

/// Whose credentials signed a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account that the credentials belong to.
    pub account: AccountId,
    /// The ARN of the user, the root user or the session.
    pub arn: String,
    /// `AIDA…`, `AROA…:session`, or the account id for the root user.
    pub user_id: String,
    /// The key that signed.
    pub access_key_id: String,
    /// What kind of principal it is.
    pub kind: CallerKind,
}

/// A kind of principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// The root user.
    Root,
    /// An IAM user.
    User {
        /// Its name.
        name: String,
    },
    /// A session of a role.
    AssumedRole {
        /// The role's name.
        role: String,
        /// The session's name.
        session: String,
    },
}

/// How an answer reaches the caller. Read it with [`Context::delivery`] *after* the operation was called, whatever the
/// operation returned. A call in the same process takes all but `Answer` and `Slow` as "no answer".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// As it is.
    #[default]
    Answer,
    /// As it is, but only after this time.
    Slow(Duration),
    /// Never; the connection stays open. The operation has taken effect or not, as the fault says.
    Hang,
    /// Never; the connection is closed in order, without an answer. The operation has taken effect.
    Lost,
    /// Never; the connection is reset. The operation has not taken effect.
    Reset,
    /// With a body that is no XML or JSON.
    Malformed,
    /// With a body that ends in the middle.
    Truncated,
    /// With an HTML page of status 200 instead of the body, as proxies answer.
    WrongContentType,
    /// With a redirect to the same address.
    Redirect,
}

/// A call whose credentials were accepted and that was not throttled: call the operation once, then look at
/// [`Context::delivery`].
pub struct Context<'a> {
    pub(crate) sim: &'a Sim,
    pub(crate) caller: Caller,
    pub(crate) action: Action,
    pub(crate) region: String,
    pub(crate) request_id: String,
    pub(crate) delivery: Cell<Delivery>,
}

impl Context<'_> {
    /// Whose credentials signed the call.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The operation that was begun.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The request id that the answer carries, and the CloudTrail event too.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How the answer reaches the caller; known once the operation was called.
    pub fn delivery(&self) -> Delivery {
        self.delivery.get()
    }

    /// Runs an operation on the world: asks the fault plan first, then does it, all under one lock.
    pub(crate) fn run<T>(
        &self,
        subject: &Subject<'_>,
        deed: Option<&Deed>,
        operation: impl FnOnce(&mut Scene<'_>) -> ApiResult<T>,
    ) -> ApiResult<T> {
        let now = self.sim.now();
        let mut world = self.sim.world();
        let outcome = world.faults.consult(self.action, subject);
        self.delivery.set(outcome.delivery);
        for act in &outcome.before {
            if let Some(iam) = world.iam(subject.account) {
                foreign::perform(iam, act, subject.user, subject.key, now);
            }
        }
        let service = self.action.service();
        let result = match outcome.instead {
            Some(Instead::Throttle) => {
                world.counter.throttled(self.caller.account, self.action);
                Err(ApiError::throttled(service))
            }
            Some(Instead::Denied(denial)) => {
                let refusal =
                    fault::refusal(denial, service, &self.caller.arn, self.action, subject.resource);
                let event = deed.map(|deed| self.refused(deed, "AccessDenied", &refusal.message, true));
                if let (Some((actor, deed, refused)), Some(iam)) = (event, world.iam(self.caller.account)) {
                    iam.on_behalf_of(&self.request_id);
                    iam.record_refused(now, actor, deed, refused);
                }
                Err(refusal)
            }
            Some(Instead::Error(error)) => Err(error),
            None if outcome.no_effect => Err(ApiError::no_answer("the call got no answer")),
            None => {
                let mut scene = Scene { world: &mut world, now, report_stuck: outcome.report_stuck };
                let result = operation(&mut scene);
                if let (Err(error), Some(deed)) = (&result, deed) {
                    // CloudTrail writes the exception's name, which for IAM is the code with a suffix.
                    let (actor, deed, refused) =
                        self.refused(deed, &format!("{}Exception", error.code), &error.message, false);
                    if let Some(iam) = world.iam(self.caller.account) {
                        iam.on_behalf_of(&self.request_id);
                        iam.record_refused(now, actor, deed, refused);
                    }
                }
                result
            }
        };
        for act in &outcome.after {
            if let Some(iam) = world.iam(subject.account) {
                foreign::perform(iam, act, subject.user, subject.key, now);
            }
        }
        result
    }

    fn refused(&self, deed: &Deed, code: &str, message: &str, unauthorized: bool) -> (Actor, Deed, Refused) {
        let refused =
            Refused { code: code.to_owned(), message: message.to_owned(), without_parameters: unauthorized };
        (self.actor(), deed.clone(), refused)
    }

    /// The caller as CloudTrail records it.
    pub(crate) fn actor(&self) -> Actor {
        let key = self.caller.access_key_id.clone();
        match &self.caller.kind {
            CallerKind::Root => Actor::Root { key },
            CallerKind::User { name } => Actor::User {
                name: name.clone(),
                arn: self.caller.arn.clone(),
                id: self.caller.user_id.clone(),
                key,
            },
            CallerKind::AssumedRole { role, session } => {
                let role_id = self.caller.user_id.split(':').next().unwrap_or_default().to_owned();
                Actor::Role { role: role.clone(), role_id, session: session.clone(), key }
            }
        }
    }

    /// A rule's view of a call that concerns no user.
    pub(crate) fn about<'s>(&self, resource: &'s str) -> Subject<'s> {
        Subject { account: self.caller.account, user: None, key: None, resource }
    }

    pub(crate) fn partition(&self) -> Partition {
        self.sim.partition()
    }
}

/// The world while an operation runs.
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) now: Instant,
    pub(crate) report_stuck: bool,
}

impl Scene<'_> {
    /// What IAM holds of the account.
    pub(crate) fn iam(&mut self, account: AccountId) -> ApiResult<&mut Iam> {
        self.world.iam(account).ok_or_else(|| ApiError::service_failure(Service::Iam))
    }
}
