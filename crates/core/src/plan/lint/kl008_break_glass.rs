//! KL008: keys that are kept for emergencies are Inactive, or unused, on purpose, and are missed only when everything else has failed.

use super::{Context, Objection, Rule};
use crate::exemption::name_matches;

pub(super) const RULE: Rule = Rule {
    id: "KL008",
    name: "break-glass",
    purpose: "A plan deletes and deactivates no key of a user whose name says that it is kept for emergencies (break_glass).",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let mut found = Vec::new();
    for key in context.plan.planned() {
        let names = |pattern: &&String| name_matches(pattern, key.user().as_str());
        if let Some(pattern) = context.limits.break_glass.iter().find(names) {
            found.push(rule.error(format!(
                "key {} belongs to user {} of account {}, a name that break_glass keeps by {pattern}: exempt it, or change break_glass",
                key.key(),
                key.user(),
                key.account()
            )));
        }
    }
    found
}
