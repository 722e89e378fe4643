//! The account's event history: every call that changed something or was refused, with its delivery. How an event is
//! written as a CloudTrail record is in [`super::record`].

use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, SignedDuration};

/// How long CloudTrail keeps the event history.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Who made a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The account's root user.
    Root { key: String },
    /// An IAM user of the account.
    User { name: String, arn: String, id: String, key: String },
    /// A session of a role of the account.
    Role { role: String, role_id: String, session: String, key: String },
}

impl Actor {
    /// `Username` of the `LookupEvents` envelope.
    pub(crate) fn username(&self) -> &str {
        match self {
            Self::Root { .. } => "root",
            Self::User { name, .. } => name,
            Self::Role { session, .. } => session,
        }
    }

    /// The key that signed.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Root { key } | Self::User { key, .. } | Self::Role { key, .. } => key,
        }
    }
}

/// What was called. `user` is `requestParameters.userName`: `None` where the caller left it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    CreateAccessKey { user: Option<String>, owner: Option<String>, key: Option<String> },
    UpdateAccessKey { user: Option<String>, key: String, status: KeyStatus },
    DeleteAccessKey { user: Option<String>, key: String },
    CreateUser { user: String, path: String },
    UpdateUser { user: String, new_name: Option<String>, new_path: Option<String> },
    DeleteUser { user: String },
    TagUser { user: String, tags: Vec<(String, String)> },
}

impl Deed {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateAccessKey { .. } => "CreateAccessKey",
            Self::UpdateAccessKey { .. } => "UpdateAccessKey",
            Self::DeleteAccessKey { .. } => "DeleteAccessKey",
            Self::CreateUser { .. } => "CreateUser",
            Self::UpdateUser { .. } => "UpdateUser",
            Self::DeleteUser { .. } => "DeleteUser",
            Self::TagUser { .. } => "TagUser",
        }
    }

    /// The user that the call names.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::CreateAccessKey { user, .. }
            | Self::UpdateAccessKey { user, .. }
            | Self::DeleteAccessKey { user, .. } => user.as_deref(),
            Self::CreateUser { user, .. }
            | Self::UpdateUser { user, .. }
            | Self::DeleteUser { user }
            | Self::TagUser { user, .. } => Some(user),
        }
    }

    /// The key that the call names or made.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::CreateAccessKey { key, .. } => key.as_deref(),
            Self::UpdateAccessKey { key, .. } | Self::DeleteAccessKey { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// Why a call was refused, as CloudTrail writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// `errorCode`, such as `AccessDenied` or `NoSuchEntityException`.
    pub(crate) code: String,
    /// `errorMessage`.
    pub(crate) message: String,
    /// Whether `requestParameters` are null, as they are where authorization failed.
    pub(crate) without_parameters: bool,
}

/// One recorded call.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) request_id: String,
    pub(crate) at: Instant,
    pub(crate) delivered: Instant,
    pub(crate) actor: Actor,
    pub(crate) deed: Deed,
    pub(crate) refused: Option<Refused>,
    /// A record to give instead of the one that follows from the fields: for readers of malformed events.
    pub(crate) raw: Option<String>,
}

/// All recorded calls of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// By time; within a second by event id, for CloudTrail keeps no order there.
    events: Vec<Event>,
}

impl History {
    pub(crate) fn add(&mut self, event: Event) {
        let place = self.events.partition_point(|other| (other.at, &other.id) <= (event.at, &event.id));
        self.events.insert(place, event);
    }

    /// Takes over many events at once.
    pub(crate) fn extend(&mut self, events: Vec<Event>) {
        self.events.extend(events);
        self.events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Event> {
        self.events.iter_mut().find(|event| event.id == id)
    }

    /// Events that a trail has delivered by `now`, from `from` up to, not including, `to`, oldest first.
    pub(crate) fn delivered(&self, now: Instant, from: Instant, to: Instant) -> impl Iterator<Item = &Event> {
        let inside = move |event: &&Event| from <= event.at && event.at < to && event.delivered <= now;
        self.events.iter().filter(inside)
    }

    /// Events that `LookupEvents` knows at `now`, from `from` to `to`, newest first.
    pub(crate) fn visible(
        &self,
        now: Instant,
        from: Option<Instant>,
        to: Option<Instant>,
    ) -> impl Iterator<Item = &Event> {
        let oldest = from.unwrap_or(now - KEPT).max(now - KEPT);
        let first = self.events.partition_point(|event| event.at < oldest);
        let end = to.map_or(self.events.len(), |to| self.events.partition_point(|event| event.at <= to));
        let inside = self.events.get(first..end).unwrap_or_default();
        inside.iter().rev().filter(move |event| event.delivered <= now)
    }
}
