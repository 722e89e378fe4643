//! KL006: accounts that the configuration protects, checked apart from exemptions and from the planner.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL006",
    name: "protected-account",
    purpose: "A plan deletes and deactivates no key in an account that the configuration protects (protected_accounts).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let protected = |account| context.limits.protected_accounts.contains(&account);
    let keys = context.plan.planned().filter(|key| protected(key.account()));
    keys.map(|key| {
        rule.error(format!(
            "key {} of user {} is in account {}, which protected_accounts protects: exempt the account, and plan again",
            key.key(),
            key.user(),
            key.account()
        ))
    })
    .collect()
}
