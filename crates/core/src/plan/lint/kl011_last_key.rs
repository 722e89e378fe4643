//! KL011: a user whose last key goes cannot call AWS by key any more. That is often the aim, and worth a look.

use std::collections::BTreeMap;

use super::{Context, Objection, Rule};
use crate::account::AccountId;

pub(super) const RULE: Rule = Rule {
    id: "KL011",
    name: "last-key",
    purpose: "A warning where a plan deletes the last access key that a user has, or where that is not known.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let mut by_user: BTreeMap<(AccountId, &str), (u32, Option<u32>)> = BTreeMap::new();
    for key in &context.plan.keys {
        let (planned, others) =
            by_user.entry((key.account, key.user.as_str())).or_insert((0, key.other_keys));
        *planned += 1;
        *others = others.and(key.other_keys);
    }
    let last = by_user.iter().filter(|(_, (planned, others))| *others == Some(planned - 1));
    let mut found: Vec<Objection> = last
        .map(|((account, user), (planned, _))| {
            let keys = if *planned == 1 { "its only key" } else { "all its keys" };
            rule.warning(format!("user {user} of account {account} loses {keys}"))
        })
        .collect();
    let unknown = by_user.values().filter(|(_, others)| others.is_none()).count();
    if unknown > 0 {
        found.push(rule.warning(format!(
            "whether any other key is left to them is not known of {unknown} of the plan's {} users",
            by_user.len()
        )));
    }
    found
}
