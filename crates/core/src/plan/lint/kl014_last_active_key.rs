//! KL014: a user whose last Active key is switched off cannot call AWS by key until somebody switches one on.

use std::collections::BTreeMap;

use super::{Context, Objection, Rule};
use crate::account::AccountId;

pub(super) const RULE: Rule = Rule {
    id: "KL014",
    name: "last-active-key",
    purpose: "A warning where a plan leaves a user without an Active access key by deactivating keys.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let mut by_user: BTreeMap<(AccountId, &str), (u32, u32)> = BTreeMap::new();
    for key in &context.plan.deactivations {
        let (planned, others) =
            by_user.entry((key.account, key.user.as_str())).or_insert((0, key.other_active));
        *planned += 1;
        *others = key.other_active.min(*others);
    }
    let last = by_user.iter().filter(|(_, (planned, others))| *others < *planned);
    last.map(|((account, user), _)| {
        rule.warning(format!("user {user} of account {account} is left without an Active key"))
    })
    .collect()
}
