//! What earlier scans know of an account's keys, as far as it still holds: a user whose row in the credential report is the
//! same has the same keys with the same statuses, unless something newer than the report says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::Tags;
use keysweep_core::evidence::ObservationSource;
use keysweep_core::evidence::credential_report::Row;
use keysweep_core::key::{AccessKeyId, KeyStatus, UserName};
use keysweep_core::memory::{ListedUser, Listing, Remembered, RowIdentity};
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::time::{Instant, SignedDuration};

use super::Work;
use super::history::History;
use super::report::Report;

/// What no report shows is asked again after this time: tags, and whether the report tells the truth of users without keys.
const ASK_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What need not be asked.
pub(super) struct Known<'a> {
    /// Users with the keys that they were listed with, by name.
    users: BTreeMap<&'a UserName, &'a ListedUser>,
    /// Rows without a key that were vouched for, and when.
    vouched: BTreeSet<&'a RowIdentity>,
    vouched_at: Option<Instant>,
    /// The earliest second at which the report's rows were gathered.
    gathered_from: Instant,
    now: Instant,
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    /// What the last listing foretells of the users of the report.
    pub(super) fn known(&self, report: Option<&Report>) -> Known<'_> {
        let now = self.caller.desk.clock.now();
        let nothing = Known {
            users: BTreeMap::new(),
            vouched: BTreeSet::new(),
            vouched_at: None,
            gathered_from: now,
            now,
        };
        let (Some(report), Some(listing)) = (report, &self.remembered.listing) else { return nothing };
        if self.plan.fresh {
            return nothing;
        }
        let gathered_from = report.gathered_from();
        let rows: BTreeMap<&UserName, &Row> =
            report.rows.users.iter().map(|(name, row)| (name, row)).collect();
        let seen_otherwise = seen_otherwise(self.remembered, gathered_from);
        let holds = |user: &&ListedUser| {
            let row = rows.get(&user.row.user).and_then(|row| RowIdentity::of(&user.row.user, row));
            let contradicted = |(status, created): &(KeyStatus, Instant)| {
                let mut keys = user.keys.iter().filter(|key| key.created == *created);
                keys.any(|key| seen_otherwise.contains(&(&key.id, *status)))
            };
            row.as_ref() == Some(&user.row) && !user.row.slots.iter().flatten().any(contradicted)
        };
        let is_due = now - listing.vouched_at >= ASK_AGAIN_AFTER;
        Known {
            users: listing.users.iter().filter(holds).map(|user| (&user.row.user, user)).collect(),
            vouched: listing.vouched.iter().filter(|_| !is_due).collect(),
            vouched_at: (!is_due).then_some(listing.vouched_at),
            gathered_from,
            ..nothing
        }
    }
}

/// The keys that were seen after the report was gathered, each with the status that it was *not* seen with.
fn seen_otherwise(remembered: &Remembered, gathered_from: Instant) -> BTreeSet<(&AccessKeyId, KeyStatus)> {
    let other = |status| match status {
        KeyStatus::Active => KeyStatus::Inactive,
        KeyStatus::Inactive => KeyStatus::Active,
    };
    let later = remembered.observations.iter().filter(|(_, seen)| seen.to >= gathered_from);
    later.map(|(key, seen)| (key, other(seen.status))).collect()
}

impl Known<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Forgets users with a key whose status was changed, to whatever, after the report was gathered.
    pub(super) fn retain_untouched(&mut self, history: &History) {
        let later = history.changes.iter().rev().take_while(|change| change.at >= self.gathered_from);
        let touched: BTreeSet<&AccessKeyId> = later.map(|change| &change.key).collect();
        self.users.retain(|_, user| !user.keys.iter().any(|key| touched.contains(&key.id)));
    }

    pub(super) fn user(&self, name: &UserName) -> Option<&ListedUser> {
        self.users.get(name).copied()
    }

    /// Whether the report was found true of this very row, though it shows a slot without a key.
    pub(super) fn is_vouched(&self, name: &UserName, row: &Row) -> bool {
        RowIdentity::of(name, row).is_some_and(|row| self.vouched.contains(&row))
    }

    /// When the report was last found true: now, where nothing is known from before.
    pub(super) fn vouched_at(&self) -> Instant {
        self.vouched_at.unwrap_or(self.now)
    }

    /// The user's tags and when they were read, unless that is long ago.
    pub(super) fn tags(&self, name: &UserName) -> Option<&(Instant, Tags)> {
        self.user(name)?.tags.as_ref().filter(|(read_at, _)| self.now - *read_at < ASK_AGAIN_AFTER)
    }
}

/// The later of the two looks at a known user's keys: the report's row, or the listing that the row still agrees with.
pub(super) fn last_look(user: &ListedUser, report: &Report) -> (Instant, Instant, ObservationSource) {
    if report.generated_at >= user.to {
        (report.gathered_from(), report.generated_at, ObservationSource::CredentialReport)
    } else {
        (user.from, user.to, ObservationSource::EarlierScan(user.scan.clone()))
    }
}

/// The listing, with the tags that are known now.
pub(super) fn with_tags(
    mut listing: Listing,
    tags: &BTreeMap<UserName, Tags>,
    known: &Known<'_>,
    now: Instant,
) -> Listing {
    for user in &mut listing.users {
        let remembered = known.tags(&user.row.user).cloned();
        let read = || Some((now, tags.get(&user.row.user)?.clone()));
        user.tags = remembered.or_else(read);
    }
    listing
}
