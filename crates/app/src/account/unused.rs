//! Looks for the unused keys of one account, with the parts that assess one: the credential report names users with an Active key
//! whose last use is long ago; their keys, last uses, tags and the account's status changes are then asked for one by one.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::future::join;
use keysweep_core::account::Tags;
use keysweep_core::call::{Call, CallErrorKind};
use keysweep_core::evidence::credential_report::{Row, Slot};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, UserName};
use keysweep_core::plan::unused::{AccountSurvey, ActiveKey, LAST_USE_LAGS, USES_RECORDED_SINCE};
use keysweep_core::policy::UnusedLimit;
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::problem::Problem;
use keysweep_core::time::Instant;

use super::{IN_FLIGHT, Work};
use crate::organization::all_pages;

/// What is asked of one user.
struct Asked {
    keys: Result<Vec<ActiveKey>, String>,
    user: UserName,
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    /// The account's keys that may be unused, with all that is known of them. An error says why nothing can be said of the account.
    pub(super) async fn unused(&self, limit: UnusedLimit) -> Result<AccountSurvey, String> {
        let mut problems = Vec::new();
        let report = self.report(&mut problems).await.ok_or_else(|| {
            problems.first().map_or_else(|| "the credential report could not be used".to_owned(), words)
        })?;
        let now = self.caller.desk.clock.now();
        let seems_unused = |since: Instant| now - LAST_USE_LAGS - since > limit.length();
        let users: Vec<(&UserName, &Row)> = report
            .rows
            .users
            .iter()
            .filter(|(_, row)| shows_unused(row, &seems_unused))
            .map(|(name, row)| (name, row))
            .collect();
        if users.is_empty() {
            let nothing = (Vec::new(), Vec::new(), Ok(Vec::new()), BTreeMap::new());
            let (keys, unread, changes, seen_inactive) = nothing;
            return Ok(AccountSurvey { keys, unread, changes, seen_inactive });
        }
        let ask = async |(user, row): (&UserName, &Row)| Asked {
            keys: self.active_keys(user, row, &seems_unused).await,
            user: user.clone(),
        };
        let asking =
            futures_util::stream::iter(users).map(ask).buffer_unordered(IN_FLIGHT).collect::<Vec<_>>();
        let (asked, history) = join(asking, self.history()).await;
        let (mut keys, mut unread) = (Vec::new(), Vec::new());
        for Asked { keys: of_user, user } in asked {
            match of_user {
                Ok(of_user) => keys.extend(of_user),
                Err(reason) => unread.push((user, reason)),
            }
        }
        keys.sort_by(|a, b| (&a.user, &a.key).cmp(&(&b.user, &b.key)));
        unread.sort();
        let mut seen_inactive: BTreeMap<AccessKeyId, Instant> = BTreeMap::new();
        for (key, look) in &self.remembered.observations {
            if look.status == KeyStatus::Inactive {
                let last = seen_inactive.entry(key.clone()).or_insert(look.to);
                *last = look.to.max(*last);
            }
        }
        let changes = match history.problems.first() {
            Some(problem) => Err(words(problem)),
            None => Ok(history.changes),
        };
        Ok(AccountSurvey { keys, unread, changes, seen_inactive })
    }

    /// The user's Active keys, but for those of which the report's row says that they are in use.
    async fn active_keys(
        &self,
        user: &UserName,
        row: &Row,
        seems_unused: &impl Fn(Instant) -> bool,
    ) -> Result<Vec<ActiveKey>, String> {
        let (keys, failed) = all_pages(async |marker: Option<String>| {
            self.call(Call::ListAccessKeys, || self.entered.list_access_keys(user, marker.as_deref())).await
        })
        .await;
        match failed {
            Some(error) if error.kind == CallErrorKind::NotFound => {
                return Err("the user was renamed or deleted meanwhile".to_owned());
            }
            Some(error) => return Err(error.to_string()),
            None => {}
        }
        let is_active = |key: &&AccessKey| key.status == ListedStatus::Known(KeyStatus::Active);
        let active = keys.iter().filter(is_active).count();
        let candidates: Vec<&AccessKey> = keys
            .iter()
            .filter(is_active)
            .filter(|key| !shows_in_use(row, &keys, key, seems_unused))
            .collect();
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let tags = self.tags_of(user).await;
        let mut found = Vec::with_capacity(candidates.len());
        for key in candidates {
            let as_of = self.caller.desk.clock.now();
            let last_used = self
                .call(Call::GetAccessKeyLastUsed, || self.entered.get_access_key_last_used(&key.id))
                .await
                .map_err(|error| error.to_string());
            found.push(ActiveKey {
                user: user.clone(),
                user_arn: row.arn.clone(),
                key: key.id.clone(),
                created: key.created,
                as_of,
                last_used,
                tags: tags.clone(),
                other_keys: others(keys.len()),
                other_active: others(active),
            });
        }
        Ok(found)
    }

    async fn tags_of(&self, user: &UserName) -> Option<Tags> {
        let (tags, failed) = all_pages(async |marker: Option<String>| {
            self.call(Call::ListUserTags, || self.entered.list_user_tags(user, marker.as_deref())).await
        })
        .await;
        failed.is_none().then(|| Tags::from_iter(tags))
    }
}

fn others(keys: usize) -> u32 {
    u32::try_from(keys.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// What a problem says, in a line.
fn words(problem: &Problem) -> String {
    let said = problem.error.as_ref().map(ToString::to_string).or_else(|| problem.detail.clone());
    said.unwrap_or_else(|| problem.gap.name().to_owned())
}

/// The latest of a slot's creation and last use.
fn last_sign(rotated: Instant, last_used: &LastUsed) -> Instant {
    match last_used {
        LastUsed::At { at, .. } => rotated.max(*at),
        LastUsed::NotRecorded | LastUsed::NotRead => rotated.max(USES_RECORDED_SINCE),
    }
}

/// Whether the user's keys are to be looked at: the row shows an unused Active key, or does not tell all.
fn shows_unused(row: &Row, seems_unused: &impl Fn(Instant) -> bool) -> bool {
    row.has_more
        || row.slots.iter().any(|slot| match slot {
            Slot::Key { status: KeyStatus::Active, rotated, last_used } => {
                seems_unused(last_sign(*rotated, last_used))
            }
            Slot::Contradictory => true,
            Slot::Key { .. } | Slot::Empty => false,
        })
}

/// Whether the row says of this very key that it is in use: one slot alone has its creation date, and so has no other key.
fn shows_in_use(
    row: &Row,
    keys: &[AccessKey],
    key: &AccessKey,
    seems_unused: &impl Fn(Instant) -> bool,
) -> bool {
    let mut slots = row.slots.iter().filter_map(|slot| match slot {
        Slot::Key { status, rotated, last_used } if *rotated == key.created => {
            Some((*status, last_sign(*rotated, last_used)))
        }
        _ => None,
    });
    let alone = keys.iter().filter(|other| other.created == key.created).count() == 1;
    match (slots.next(), slots.next()) {
        (Some((KeyStatus::Active, sign)), None) => alone && !row.has_more && !seems_unused(sign),
        _ => false,
    }
}
