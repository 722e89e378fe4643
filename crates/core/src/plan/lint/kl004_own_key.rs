//! KL004: whoever cleans up must not cut off the branch that the clean-up sits on.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL004",
    name: "own-key",
    purpose: "A plan deletes and deactivates no key of the user that plans, approves or applies it.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let own = |arn: &str| arn == context.caller_arn || arn == context.plan.made_by.arn;
    let of_caller = context.plan.planned().filter(|key| own(key.user_arn()));
    of_caller
        .map(|key| {
            rule.error(format!(
                "key {} belongs to {}, who plans or runs this clean-up: {} it by hand, or run the clean-up as somebody else",
                key.key(),
                key.user_arn(),
                key.verb()
            ))
        })
        .collect()
}
