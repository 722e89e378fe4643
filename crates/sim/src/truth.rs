//! What is true of the world, for tests and benchmarks to compare with, and as `/_sim/truth` shows it.

use keysweep_core::account::{AccountId, Partition};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;
use serde::{Serialize, Serializer};

use crate::world::World;
use crate::world::iam::{Iam, Owner};
use crate::world::key::{Change, Key};

fn shown<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn maybe_shown<T: std::fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
fn status<S: Serializer>(value: &KeyStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match value {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    })
}

/// The whole truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The seed that the world was made from.
    pub seed: u64,
    /// The world's time.
    #[serde(serialize_with = "shown")]
    pub now: Instant,
    /// The partition.
    #[serde(serialize_with = "shown")]
    pub partition: Partition,
    /// Every account; the first is the caller's, and the management account.
    pub accounts: Vec<AccountTruth>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountTruth {
    /// Its id.
    #[serde(serialize_with = "shown")]
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its state in the organization, as AWS writes it.
    pub state: String,
    /// The names of organizational units on the way to it, without the root.
    pub ou_path: String,
    /// Whether it has a role that can be assumed. The management account has none and needs none.
    pub has_role: bool,
    /// How many users it has.
    pub users: usize,
    /// Every key that it has, in the order of users' names; the root user's come first.
    pub keys: Vec<KeyTruth>,
    /// Keys that it had, in the order in which they were deleted.
    pub deleted_keys: Vec<KeyTruth>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyTruth {
    /// The user's name, or `<root_account>`.
    pub user: String,
    /// The user's ARN.
    pub user_arn: String,
    /// The key's id.
    pub id: String,
    /// Its status.
    #[serde(serialize_with = "status")]
    pub status: KeyStatus,
    /// When it was created.
    #[serde(serialize_with = "shown")]
    pub created: Instant,
    /// The true start of the current, unbroken inactive period; `None` while it is Active.
    #[serde(serialize_with = "maybe_shown")]
    pub inactive_since: Option<Instant>,
    /// Every successful `UpdateAccessKey`, in the order in which they happened.
    pub changes: Vec<ChangeTruth>,
    /// The last use that IAM recorded.
    #[serde(serialize_with = "maybe_shown")]
    pub last_used: Option<Instant>,
    /// When it was deleted.
    #[serde(serialize_with = "maybe_shown")]
    pub deleted: Option<Instant>,
}

/// One successful `UpdateAccessKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeTruth {
    /// When.
    #[serde(serialize_with = "shown")]
    pub at: Instant,
    /// The status from then on.
    #[serde(serialize_with = "status")]
    pub status: KeyStatus,
    /// CloudTrail's `eventID`; empty for a change that was never recorded.
    pub event: String,
}

impl Truth {
    /// Every account's Inactive keys, with the account.
    pub fn inactive_keys(&self) -> impl Iterator<Item = (&AccountTruth, &KeyTruth)> {
        self.accounts.iter().flat_map(|account| account.inactive_keys().map(move |key| (account, key)))
    }

    /// The truth of one account.
    pub fn account(&self, id: AccountId) -> Option<&AccountTruth> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The truth of one key that exists.
    pub fn key(&self, id: &str) -> Option<&KeyTruth> {
        self.accounts.iter().flat_map(|account| &account.keys).find(|key| key.id == id)
    }
}

impl AccountTruth {
    /// The Inactive keys, the root user's too.
    pub fn inactive_keys(&self) -> impl Iterator<Item = &KeyTruth> {
        self.keys.iter().filter(|key| key.status == KeyStatus::Inactive)
    }
}

fn key(owner: &Owner, arn: String, key: &Key) -> KeyTruth {
    let user = match owner {
        Owner::Root => "<root_account>".to_owned(),
        Owner::User(name) => name.clone(),
    };
    let change =
        |change: &Change| ChangeTruth { at: change.at, status: change.status, event: change.event.clone() };
    KeyTruth {
        user,
        user_arn: arn,
        id: key.id.clone(),
        status: key.status(),
        created: key.created,
        inactive_since: key.inactive_since(),
        changes: key.changes.iter().map(change).collect(),
        last_used: key.last_use.as_ref().map(|used| used.at),
        deleted: key.deleted,
    }
}

fn keys(iam: &Iam) -> Vec<KeyTruth> {
    let owners = std::iter::once(Owner::Root).chain(iam.users.keys().map(|name| Owner::User(name.clone())));
    owners
        .flat_map(|owner| {
            let arn = iam.owner_arn(&owner);
            iam.keys_of(&owner).iter().map(|one| key(&owner, arn.clone(), one)).collect::<Vec<_>>()
        })
        .collect()
}

/// The truth of the world at `now`. Touches every account.
pub(crate) fn of(world: &mut World, now: Instant) -> Truth {
    let mut accounts = Vec::with_capacity(world.members.len());
    for place in 0..world.members.len() {
        let (users, keys, deleted_keys) = match world.iam_at(place) {
            Some(iam) => {
                let gone =
                    iam.gone.iter().map(|gone| key(&gone.owner, gone.arn.clone(), &gone.key)).collect();
                (iam.users.len(), keys(iam), gone)
            }
            None => continue,
        };
        let Some(member) = world.members.get(place) else { continue };
        accounts.push(AccountTruth {
            id: member.id,
            name: member.name.clone(),
            state: member.state.as_api().to_owned(),
            ou_path: world.organization.path(member.unit),
            has_role: !member.roles.is_empty(),
            users,
            keys,
            deleted_keys,
        });
    }
    Truth { seed: world.spec.seed, now, partition: world.spec.partition, accounts }
}
