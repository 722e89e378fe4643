//! Grace: a clean-up that nobody attends deletes and deactivates only keys that have been in published plans for a while without
//! a break, so that their owners could see it and object. An owner who switches a key on, or uses it, takes it out: the time for
//! which it is inactive or unused begins anew.

use std::collections::BTreeSet;

use super::{ById, KeptBecause, NotPlanned, Plan, Planned, PlannedDeactivation, PlannedKey};
use crate::account::AccountId;
use crate::time::{Instant, SignedDuration};

/// A plan that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: Instant,
    /// The plan.
    pub plan: Plan,
    /// Accounts that its scan left out on purpose, as far as that is known. Of their keys it says nothing.
    pub left_out: BTreeSet<AccountId>,
}

impl Published {
    /// Since when it counts. One that says it was published before it was made shows that a clock is wrong.
    fn since(&self) -> Instant {
        self.at.max(self.plan.made_at)
    }

    /// Whether it neither holds keys of the account nor leaves any out: another job looks at that account.
    fn is_silent_of(&self, account: AccountId) -> bool {
        self.left_out.contains(&account) && self.plan.account(account).is_none()
    }
}

/// What grace asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// How long a key must have been in published plans.
    pub length: SignedDuration,
    /// Whether keys of an account that no published plan mentions are left alone, however short the grace.
    pub first_run_is_dry: bool,
}

/// The plan without the keys that grace keeps back, which become keys that are not planned. `id` is the id of what is left:
/// it is another plan. `published` are plans of any scope, in any order; those from the future do not count.
pub fn without_waiting(plan: &Plan, id: &str, published: &[Published], grace: Grace) -> Plan {
    let now = plan.made_at;
    let mut earlier: Vec<&Published> =
        published.iter().filter(|one| one.since() <= now && same_scope(&one.plan, plan)).collect();
    earlier.sort_by_key(|one| std::cmp::Reverse(one.since()));
    let known: BTreeSet<AccountId> =
        earlier.iter().flat_map(|one| &one.plan.accounts).map(|account| account.id).collect();
    let earlier: Vec<(&Published, ById<'_>)> =
        earlier.into_iter().map(|one| (one, one.plan.by_id())).collect();
    let mut not_planned = plan.not_planned.clone();
    let mut is_due = |planned: Planned<'_>, first: Option<Instant>| {
        let until = first.unwrap_or(now) + grace.length;
        let reason = if grace.first_run_is_dry && !known.contains(&planned.account()) {
            KeptBecause::FirstRun
        } else if until > now {
            KeptBecause::Grace(until)
        } else {
            return true;
        };
        not_planned.push(NotPlanned {
            account: planned.account(),
            user: planned.user().to_string(),
            key: Some(planned.key().clone()),
            reason,
        });
        false
    };
    let due = |key: &&PlannedKey| {
        let holds = |plan: &ById<'_>| {
            plan.deletion(key.account, &key.key).is_some_and(|before| is_the_same(key, before))
        };
        is_due(Planned::Deletion(key), without_break(&earlier, key.account, holds))
    };
    let keys = plan.keys.iter().filter(due).cloned().collect();
    let due = |key: &&PlannedDeactivation| {
        let holds = |plan: &ById<'_>| {
            plan.deactivation(key.account, &key.key).is_some_and(|before| is_still_unused(key, before))
        };
        is_due(Planned::Deactivation(key), without_break(&earlier, key.account, holds))
    };
    let deactivations = plan.deactivations.iter().filter(due).cloned().collect();
    not_planned.sort_by(|a, b| {
        (a.account, &a.user, &a.key, &a.reason).cmp(&(b.account, &b.user, &b.key, &b.reason))
    });
    Plan { id: id.to_owned(), keys, deactivations, not_planned, ..plan.clone() }
}

/// Whether both plans are for the same: the same organization, or the same account.
fn same_scope(one: &Plan, other: &Plan) -> bool {
    one.scope == other.scope
        && one.partition == other.partition
        && one.made_by.account == other.made_by.account
}

/// Since when published plans, the newest first, have held a key of the account without a break. Those that looked at other
/// accounts only are no break.
fn without_break(
    newest_first: &[(&Published, ById<'_>)],
    account: AccountId,
    holds: impl Fn(&ById<'_>) -> bool,
) -> Option<Instant> {
    let speaking = newest_first.iter().filter(|(one, _)| !one.is_silent_of(account));
    speaking.take_while(|(_, keys)| holds(keys)).last().map(|(one, _)| one.since())
}

/// Whether it is the same key, in the inactive period that it was in then. It was Inactive at the end of the second `as_of`
/// of the earlier plan; had it been switched on since, the claim of today would begin later.
fn is_the_same(key: &PlannedKey, earlier: &PlannedKey) -> bool {
    key.user_arn == earlier.user_arn
        && key.created == earlier.created
        && key.inactive_since.interval.latest() <= earlier.inactive_since.as_of
}

/// Whether it is the same key, neither used nor switched on since then.
fn is_still_unused(key: &PlannedDeactivation, earlier: &PlannedDeactivation) -> bool {
    key.user_arn == earlier.user_arn
        && key.created == earlier.created
        && key.unused_since == earlier.unused_since
        && key.last_used == earlier.last_used
}
