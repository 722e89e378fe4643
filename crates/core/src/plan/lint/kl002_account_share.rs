//! KL002: a plan that takes keys from many of an account's users at once may rest on a wrong picture of that account.

use std::collections::BTreeMap;

use super::{Context, HANDFUL, Objection, Rule};
use crate::account::AccountId;
use crate::plan::Amount;

pub(super) const RULE: Rule = Rule {
    id: "KL002",
    name: "account-share",
    purpose: "A plan deletes and deactivates in no account more keys than a share of its users (max_account_share, 20% unless configured otherwise); up to two keys of an account always pass.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let mut planned: BTreeMap<AccountId, Amount> = BTreeMap::new();
    for key in context.plan.planned() {
        planned.entry(key.account()).or_default().count(key);
    }
    let share = context.limits.max_account_share;
    let judge = |(account, keys): (AccountId, Amount)| {
        let users = context.plan.account(account).and_then(|account| account.users);
        match users {
            _ if keys.changes() <= HANDFUL => None,
            Some(users) if share.is_less_than(keys.changes(), users) => Some(format!(
                "in account {account} the plan {keys} of {users} users, and max_account_share is {share}: look whether that is meant, and raise it if so"
            )),
            Some(_) => None,
            None => Some(format!(
                "in account {account} the plan {keys}, and how many users the account has is not known: scan it again"
            )),
        }
    };
    planned.into_iter().filter_map(judge).map(|message| rule.error(message)).collect()
}
