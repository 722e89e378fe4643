//! KL005: users that the configuration protects, checked apart from exemptions and from the planner.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL005",
    name: "protected-user",
    purpose: "A plan deletes and deactivates no key of a user that the configuration protects (protected_users).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let mut found = Vec::new();
    for key in context.plan.planned() {
        let protects = context.limits.protected_users.iter().find(|pattern| pattern.matches(key.user_arn()));
        if let Some(pattern) = protects {
            found.push(rule.error(format!(
                "key {} belongs to {}, which protected_users protects by {pattern}: exempt it, and plan again",
                key.key(),
                key.user_arn()
            )));
        }
    }
    found
}
