//! Finds out what came of a delete whose answer is not known: by looking, never by assuming. A key that is not found under a
//! name is not therefore gone: its user may have been renamed, and its name given to another. So whoever saw the key at its
//! user looks under that user's id, and whoever did not see it looks at every user of the account.

use std::collections::BTreeMap;

use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::key::{AccessKey, AccessKeyId, User, UserName};
use keysweep_core::plan::PlannedKey;
use keysweep_core::ports::{Clock, Inventory, KeyControl};
use keysweep_core::time::Instant;

use super::account::Entered;
use crate::organization::all_pages;

/// How often a user is looked at that is renamed meanwhile.
const LOOKS: u32 = 4;

/// What a look says of a key.
pub(super) enum Fate {
    /// No user of this id has it.
    Gone,
    /// It is still there.
    There,
}

impl<E: Inventory + KeyControl, C: Clock> Entered<'_, E, C> {
    /// What became of the user's key. An error means that it could not be found out.
    pub(super) async fn fate(&self, user: &UserName, user_id: &str, key: &AccessKeyId) -> CallResult<Fate> {
        let mut name = user.clone();
        for _ in 0..=LOOKS {
            if !self.is_named(&name, user_id).await? {
                match self.renamed(user_id).await? {
                    Some(found) => name = found,
                    // A user that is deleted has no keys: IAM lets nobody delete one that has.
                    None => return Ok(Fate::Gone),
                }
            }
            match self.keys(&name).await {
                Ok(keys) if keys.iter().any(|listed| listed.id == *key) => return Ok(Fate::There),
                // A name that was given to another user meanwhile listed that user's keys.
                Ok(_) if self.is_named(&name, user_id).await? => return Ok(Fate::Gone),
                Ok(_) => {}
                Err(error) if error.kind == CallErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(Self::keeps_changing(&name))
    }

    /// What became of a key that nobody saw at its user: whether any user has it that is as old as the key.
    pub(super) async fn fate_anywhere(&self, planned: &PlannedKey) -> CallResult<Fate> {
        let found = self.anywhere(&planned.user, &planned.key, planned.created).await?;
        Ok(found.map_or(Fate::Gone, |_| Fate::There))
    }

    /// The key, which was created then, at whichever user has it; `None` where none does. `name` was its user's name once.
    pub(super) async fn anywhere(
        &self,
        name: &UserName,
        key: &AccessKeyId,
        created: Instant,
    ) -> CallResult<Option<AccessKey>> {
        let mut users = self.users().await?;
        for _ in 0..=LOOKS {
            for user in users.iter().filter(|user| user.created <= created) {
                match self.keys(&user.name).await {
                    Ok(keys) => {
                        if let Some(found) = keys.into_iter().find(|listed| listed.id == *key) {
                            return Ok(Some(found));
                        }
                    }
                    Err(error) if error.kind == CallErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            // Names that changed hands meanwhile may have hidden a user.
            let names = |users: &[User]| -> BTreeMap<String, UserName> {
                users.iter().map(|user| (user.id.clone(), user.name.clone())).collect()
            };
            let again = self.users().await?;
            if names(&again) == names(&users) {
                return Ok(None);
            }
            users = again;
        }
        Err(Self::keeps_changing(name))
    }

    fn keeps_changing(name: &UserName) -> CallError {
        let message = format!("user {name} is renamed faster than it can be looked at");
        CallError {
            call: Call::GetUser,
            kind: CallErrorKind::Rejected,
            code: None,
            message,
            request_id: None,
        }
    }

    /// Whether the user with this id has this name now.
    async fn is_named(&self, name: &UserName, user_id: &str) -> CallResult<bool> {
        match self.call(Call::GetUser, || self.account.get_user(name)).await {
            Ok(found) => Ok(found.user.id == user_id),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The name that the user with this id has now; `None` where there is no such user any more.
    async fn renamed(&self, user_id: &str) -> CallResult<Option<UserName>> {
        Ok(self.users().await?.into_iter().find(|user| user.id == user_id).map(|user| user.name))
    }

    async fn users(&self) -> CallResult<Vec<User>> {
        let (users, failed) = all_pages(async |marker: Option<String>| {
            self.call(Call::ListUsers, || self.account.list_users(marker.as_deref())).await
        })
        .await;
        failed.map_or(Ok(users), Err)
    }

    /// The keys of a user, all pages.
    pub(super) async fn keys(&self, user: &UserName) -> CallResult<Vec<AccessKey>> {
        let (keys, failed) = all_pages(async |marker: Option<String>| {
            self.call(Call::ListAccessKeys, || self.account.list_access_keys(user, marker.as_deref())).await
        })
        .await;
        failed.map_or(Ok(keys), Err)
    }
}
