//! KL015: what may be deactivated is decided in the configuration file. A plan of a laxer day is refused.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL015",
    name: "unused-limit",
    purpose: "A plan deactivates keys only where the configuration turns that on, and none that was unused for less than it says (deactivate_unused).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let keys = &context.plan.deactivations;
    if keys.is_empty() {
        return Vec::new();
    }
    let Some(limit) = context.limits.deactivate_unused else {
        return vec![rule.error(format!(
            "the plan deactivates {} keys, and the configuration does not turn that on: set deactivate_unused in the section [lifecycle], or plan again",
            keys.len()
        ))];
    };
    let short = keys.iter().filter(|key| key.unused_for() <= limit.length());
    short
        .map(|key| {
            rule.error(format!(
                "key {} of user {} in account {} is not known to be unused for longer than deactivate_unused ({limit}): plan again",
                key.key, key.user, key.account
            ))
        })
        .collect()
}
