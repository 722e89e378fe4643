//! KL001: a plan of too many keys is more likely a mistake than a clean-up.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL001",
    name: "too-many-keys",
    purpose: "A plan deletes at most so many keys (max_keys, 50 unless configured otherwise).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let (planned, most) = (context.plan.keys.len(), context.limits.max_keys);
    if planned <= most as usize {
        return Vec::new();
    }
    vec![rule.error(format!(
        "the plan deletes {planned} keys, and max_keys is {most}: plan fewer accounts at a time, or raise max_keys"
    ))]
}
