//! KL003: as KL002, over all accounts together.

use super::{Context, HANDFUL, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL003",
    name: "organization-share",
    purpose: "A plan deletes and deactivates no more keys than a share of all users that were assessed (max_organization_share, 20% unless configured otherwise); up to two keys always pass.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let keys = context.plan.amount();
    let share = context.limits.max_organization_share;
    let message = match context.plan.users {
        _ if keys.changes() <= HANDFUL => return Vec::new(),
        Some(users) if share.is_less_than(keys.changes(), users) => format!(
            "the plan {keys} of {users} users, and max_organization_share is {share}: look whether that is meant, and raise it if so"
        ),
        Some(_) => return Vec::new(),
        None => format!(
            "the plan {keys}, and how many users there are is not known for every account: make the scan complete"
        ),
    };
    vec![rule.error(message)]
}
