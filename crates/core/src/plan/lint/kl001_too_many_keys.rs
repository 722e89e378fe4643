//! KL001: a plan of too many keys is more likely a mistake than a clean-up.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL001",
    name: "too-many-keys",
    purpose: "A plan deletes and deactivates at most so many keys together (max_keys, 50 unless configured otherwise).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let (planned, most) = (context.plan.amount(), context.limits.max_keys);
    if planned.changes() <= u64::from(most) {
        return Vec::new();
    }
    vec![rule.error(format!(
        "the plan {planned}, and max_keys is {most}: plan fewer accounts at a time, or raise max_keys"
    ))]
}
