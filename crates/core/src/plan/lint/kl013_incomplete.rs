//! KL013: what could not be assessed in an account may have told against a deletion or a deactivation there.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL013",
    name: "incomplete",
    purpose: "A warning where a plan deletes or deactivates keys in an account that was not assessed completely.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let with_keys = |id| context.plan.planned().any(|key| key.account() == id);
    let incomplete =
        context.plan.accounts.iter().filter(|account| !account.complete && with_keys(account.id));
    incomplete
        .map(|account| {
            rule.warning(format!(
                "account {} was not assessed completely: the report of the scan says what is missing",
                account.id
            ))
        })
        .collect()
}
