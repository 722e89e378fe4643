//! What one scan leaves for the next: the evidence it saw, and the keys it listed. What follows from remembered evidence is
//! the business of [`crate::infer`], as for any other.

use crate::account::{CallerIdentity, Tags};
use crate::assessment::Scope;
use crate::coverage::Coverage;
use crate::evidence::credential_report::{Row, Slot};
use crate::evidence::{Observation, StatusChange};
use crate::key::{AccessKey, AccessKeyId, KeyStatus, ListedStatus, UserName};
use crate::policy::Policy;
use crate::time::Instant;

/// A scan that has begun: what is known of it before its first account is assessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The id of its assessment.
    pub id: String,
    /// The program's version.
    pub version: String,
    /// What is to be assessed.
    pub scope: Scope,
    /// Who makes the calls.
    pub caller: CallerIdentity,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// When it began.
    pub started_at: Instant,
    /// Which accounts and users it was asked to look at.
    pub selection: Selection,
}

/// What a scan was asked to look at. One that goes on with it must be asked for the same: what both together say would
/// otherwise be of neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The texts of `--include`, in their order.
    pub include: Vec<String>,
    /// Those of `--exclude`.
    pub exclude: Vec<String>,
    /// Whether every user is listed (`--exhaustive`).
    pub exhaustive: bool,
}

impl Begun {
    /// Whether both assess the same: the same organization, or the same caller's own account.
    pub fn same_scope(&self, other: &Self) -> bool {
        let same_account = self.caller.account == other.caller.account;
        self.scope == other.scope && (self.scope != Scope::Account || same_account)
    }
}

/// What one scan saw of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Spans of the account's CloudTrail event history that were read and settled.
    pub coverage: Coverage,
    /// Every status change that was read.
    pub changes: Vec<StatusChange>,
    /// Every status that was seen, Active and Inactive, by key.
    pub observations: Vec<(AccessKeyId, Observation)>,
    /// What was listed; `None` where nothing was, so that what was listed before still holds.
    pub listing: Option<Listing>,
}

/// What earlier scans know of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Spans of the account's CloudTrail event history in which every status change was seen.
    pub coverage: Coverage,
    /// Spans of which somebody who imported events by hand said that every status change is among them.
    pub asserted: Coverage,
    /// Every status change that was seen, sorted by time.
    pub changes: Vec<StatusChange>,
    /// Statuses that were seen, by key, oldest first: for each key at least the first and the last of every run of looks
    /// that saw the same. The source of each is [`crate::evidence::ObservationSource::EarlierScan`].
    pub observations: Vec<(AccessKeyId, Observation)>,
    /// The last listing.
    pub listing: Option<Listing>,
}

/// The keys of an account's users as they were listed: what a later scan need not ask again where the credential report
/// shows no change. Losing it costs calls, never a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Users with keys, by the row under which they were listed.
    pub users: Vec<ListedUser>,
    /// Rows that showed a slot without a key when the report was last found true by listing some of them.
    pub vouched: Vec<RowIdentity>,
    /// When that was.
    pub vouched_at: Instant,
}

/// What identifies a row of the credential report, as far as keys are concerned: where it is the same, the user has the same
/// keys with the same statuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowIdentity {
    /// `user`.
    pub user: UserName,
    /// `arn`.
    pub arn: String,
    /// `user_creation_time`.
    pub created: Instant,
    /// `access_key_N_active` and `access_key_N_last_rotated`; `None` for a slot without a key.
    pub slots: [Option<(KeyStatus, Instant)>; 2],
}

/// One user whose keys were listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// The row of the report by which the user was listed.
    pub row: RowIdentity,
    /// Its keys, with the statuses that the row shows.
    pub keys: Vec<AccessKey>,
    /// The scan that listed them.
    pub scan: String,
    /// The first second of that look.
    pub from: Instant,
    /// The last second of that look.
    pub to: Instant,
    /// Its tags, and when they were read; `None` where they were not.
    pub tags: Option<(Instant, Tags)>,
}

impl RowIdentity {
    /// The identity of a user's row; `None` where the row contradicts itself or does not show all keys.
    pub fn of(user: &UserName, row: &Row) -> Option<Self> {
        let slot = |slot: &Slot| match slot {
            Slot::Empty => Some(None),
            Slot::Key { status, rotated, .. } => Some(Some((*status, *rotated))),
            Slot::Contradictory => None,
        };
        let [first, second] = &row.slots;
        let slots = [slot(first)?, slot(second)?];
        let whole = Self { user: user.clone(), arn: row.arn.clone(), created: row.created, slots };
        (!row.has_more).then_some(whole)
    }

    /// Whether these are the keys that the row shows, each told from the other by its creation date.
    pub fn shows(&self, keys: &[AccessKey]) -> bool {
        let mut shown: Vec<(Instant, KeyStatus)> =
            self.slots.iter().flatten().map(|(status, created)| (*created, *status)).collect();
        let known = |key: &AccessKey| match key.status {
            ListedStatus::Known(status) => Some((key.created, status)),
            ListedStatus::Other(_) => None,
        };
        let Some(mut listed) = keys.iter().map(known).collect::<Option<Vec<_>>>() else { return false };
        shown.sort_unstable();
        listed.sort_unstable();
        shown == listed && shown.windows(2).all(|pair| pair[0].0 != pair[1].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::LastUsed;

    fn at(second: i64) -> Instant {
        Instant::from_unix(second)
    }

    fn slot(status: KeyStatus, rotated: i64) -> Slot {
        Slot::Key { status, rotated: at(rotated), last_used: LastUsed::NotRecorded }
    }

    fn row(slots: [Slot; 2]) -> Row {
        Row { arn: "arn:aws:iam::111122223333:user/a".into(), created: at(1), slots, has_more: false }
    }

    fn key(status: &str, created: i64) -> AccessKey {
        let id = format!("AKIA{created:016}").parse().unwrap();
        AccessKey { id, status: ListedStatus::from_api(status), created: at(created) }
    }

    #[test]
    fn a_row_shows_keys_of_its_dates_and_statuses_and_no_others() {
        let user: UserName = "a".parse().unwrap();
        let of = |slots| RowIdentity::of(&user, &row(slots)).unwrap();
        let both = of([slot(KeyStatus::Active, 9), slot(KeyStatus::Inactive, 5)]);
        assert!(both.shows(&[key("Inactive", 5), key("Active", 9)]));
        for other in [
            vec![],
            vec![key("Inactive", 5)],
            vec![key("Active", 5), key("Active", 9)],
            vec![key("Inactive", 5), key("Active", 8)],
            vec![key("Inactive", 5), key("Expired", 9)],
            vec![key("Inactive", 5), key("Active", 9), key("Active", 9)],
        ] {
            assert!(!both.shows(&other), "{other:?}");
        }
        // Made in one second, the keys cannot be told apart: which is Inactive may have changed.
        let twins = of([slot(KeyStatus::Active, 5), slot(KeyStatus::Inactive, 5)]);
        assert!(!twins.shows(&[key("Inactive", 5), key("Active", 5)]));
    }

    #[test]
    fn rows_that_do_not_tell_all_have_no_identity() {
        let user: UserName = "a".parse().unwrap();
        let more = Row { has_more: true, ..row([Slot::Empty, Slot::Empty]) };
        assert_eq!(RowIdentity::of(&user, &more), None);
        assert_eq!(RowIdentity::of(&user, &row([Slot::Contradictory, Slot::Empty])), None);
    }
}
