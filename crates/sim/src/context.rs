//! One call on its way: who makes it, and how its answer is to be delivered. The operations are in [`crate::service`].

use std::cell::Cell;
use std::time::Duration;

use keysweep_core::account::AccountId;

use crate::action::Action;
use crate::error::ApiError;
use crate::sim::Sim;

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

    pub(crate) fn unfinished(&self) -> ApiError {
        ApiError::new(501, "NotImplemented", format!("{} {}", self.action.name(), self.region))
    }
}
