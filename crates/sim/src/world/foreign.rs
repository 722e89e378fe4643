//! What somebody else does at a moment that the caller does not expect. It goes through the same changes as any call,
//! so truth and history know of it.

use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use super::iam::{Iam, Owner};
use crate::fault::{Act, Deed};

/// Does it, to what `act` names or else to the user and key of the call. What is not there is left alone.
pub(crate) fn perform(iam: &mut Iam, act: &Act, user: Option<&str>, key: Option<&str>, now: Instant) {
    let key = act.key.as_deref().or(if act.user.is_none() { key } else { None });
    let owner = key.and_then(|key| iam.owner(key).cloned());
    let named = act.user.as_deref().or(user).map(|name| Owner::User(name.to_owned()));
    let Some(owner) = owner.or(named) else { return };
    let key = match key {
        Some(key) => Some(key.to_owned()),
        None => iam.keys_of(&owner).first().map(|key| key.id.clone()),
    };
    let name = match &owner {
        Owner::User(name) => Some(name.clone()),
        Owner::Root => None,
    };
    let dice = iam.draw();
    let actor = iam.colleague(dice);
    match (&act.deed, key, name) {
        (Deed::Reactivate, Some(key), name) => {
            iam.set_status(&key, KeyStatus::Active, now, actor, name);
        }
        (Deed::Deactivate, Some(key), name) => {
            iam.set_status(&key, KeyStatus::Inactive, now, actor, name);
        }
        (Deed::DeleteKey, Some(key), name) => iam.delete_key(&key, now, actor, name),
        (Deed::RecreateKey, Some(key), name) => {
            iam.delete_key(&key, now, actor.clone(), name);
            iam.create_key(&owner, now, actor, true);
        }
        (Deed::DeleteUser, _, Some(name)) if iam.users.contains_key(&name) => {
            iam.delete_user(&name, now, &actor);
        }
        (Deed::RenameUser(new), _, Some(name)) => iam.update_user(&name, Some(new), None, now, actor),
        _ => {}
    }
}
