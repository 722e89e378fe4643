//! What else there is to know of inactive keys: their users' tags and their last use, with as few calls as either takes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use keysweep_core::account::Tags;
use keysweep_core::call::Call;
use keysweep_core::evidence::credential_report::Slot;
use keysweep_core::key::{AccessKeyId, LastUsed, UserName};
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::Instant;

use super::keys::{InactiveKey, row_of};
use super::known::Known;
use super::report::Report;
use super::{IN_FLIGHT, Work};
use crate::organization::all_pages;

/// `GetAccountAuthorizationDetails` lists this many users a page.
const DETAILS_A_PAGE: u64 = 1000;

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    /// The tags of users with inactive keys. Users whose tags could not be read are missing, and a problem tells so: one that
    /// was renamed or deleted meanwhile is not one without tags.
    pub(super) async fn tags(
        &self,
        keys: &[InactiveKey],
        users: Option<u64>,
        known: &Known<'_>,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<UserName, Tags> {
        let mut owners: BTreeSet<&UserName> = keys.iter().map(|key| &key.user).collect();
        let remembered: BTreeMap<UserName, Tags> = owners
            .iter()
            .filter_map(|owner| Some(((*owner).clone(), known.tags(owner)?.1.clone())))
            .collect();
        owners.retain(|owner| !remembered.contains_key(*owner));
        let pages = users.map_or(u64::MAX, |users| users.div_ceil(DETAILS_A_PAGE));
        let (mut tags, failed): (BTreeMap<UserName, Tags>, _) = if owners.len() as u64 <= pages {
            let list = async |user: &UserName| {
                let (tags, failed) = all_pages(async |marker: Option<String>| {
                    self.call(Call::ListUserTags, || self.entered.list_user_tags(user, marker.as_deref()))
                        .await
                })
                .await;
                failed.map_or(Ok((user.clone(), Tags::from_iter(tags))), Err)
            };
            let answers: Vec<_> = futures_util::stream::iter(owners.iter().copied())
                .map(list)
                .buffer_unordered(IN_FLIGHT)
                .collect()
                .await;
            let mut failed = None;
            let known =
                answers.into_iter().filter_map(|answer| answer.map_err(|error| failed = Some(error)).ok());
            (known.collect(), failed)
        } else {
            let (details, failed) = all_pages(async |marker: Option<String>| {
                self.call(Call::GetAccountAuthorizationDetails, || {
                    self.entered.get_account_authorization_details(marker.as_deref())
                })
                .await
            })
            .await;
            let known = details.into_iter().filter(|detail| owners.contains(&detail.name));
            (known.map(|detail| (detail.name, detail.tags)).collect(), failed)
        };
        if let Some(error) = failed {
            problems.push(self.problem(Gap::UserTagsNotRead, error));
        } else if let Some(missing) = owners.iter().find(|owner| !tags.contains_key(**owner)) {
            let detail = format!("user {missing} was renamed or deleted meanwhile");
            problems.push(self.problem_saying(Gap::UserTagsNotRead, detail));
        }
        tags.extend(remembered);
        tags
    }

    /// When each key was last used: from the report where it tells which key it speaks of, else by asking for the key.
    pub(super) async fn last_used(
        &self,
        keys: &[InactiveKey],
        report: Option<&Report>,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<AccessKeyId, LastUsed> {
        let mut known = BTreeMap::new();
        let mut to_ask = Vec::new();
        for key in keys {
            match report.and_then(|report| reported(key, report)) {
                Some((_, last_used)) => {
                    known.insert(key.key.id.clone(), last_used.clone());
                }
                None => to_ask.push(key),
            }
        }
        let ask = async |key: &InactiveKey| {
            let id = &key.key.id;
            let answer =
                self.call(Call::GetAccessKeyLastUsed, || self.entered.get_access_key_last_used(id)).await;
            (id.clone(), key.user.clone(), answer)
        };
        let answers: Vec<_> =
            futures_util::stream::iter(to_ask).map(ask).buffer_unordered(IN_FLIGHT).collect().await;
        for (key, user, answer) in answers {
            let last_used = answer.unwrap_or_else(|error| {
                problems.push(self.problem(Gap::LastUseNotRead { user, key: key.clone() }, error));
                LastUsed::NotRead
            });
            known.insert(key, last_used);
        }
        known
    }
}

/// What the report's row says of this very key: its slot, when the dates tell it from the user's other keys. A key has
/// the slot whose `last_rotated` is its creation date, if no other slot and no other key has the same. The row of a user that
/// was renamed since says nothing: it is followed by its creation date, and another may have been created in the same second.
pub(super) fn reported<'a>(key: &InactiveKey, report: &'a Report) -> Option<(&'a Slot, &'a LastUsed)> {
    let created = key.key.created;
    let rotated = |slot: &Slot| -> Option<Instant> {
        match slot {
            Slot::Key { rotated, .. } => Some(*rotated),
            _ => None,
        }
    };
    let row = row_of(report, &key.report_name).filter(|_| key.report_name == key.user)?;
    let mut slots = row.slots.iter().filter(|slot| rotated(slot) == Some(created));
    let (slot, another) = (slots.next()?, slots.next());
    let twins = key.all_created.iter().filter(|other| **other == created).count();
    match slot {
        Slot::Key { last_used, .. } if another.is_none() && twins == 1 && !row.has_more => {
            Some((slot, last_used))
        }
        _ => None,
    }
}
