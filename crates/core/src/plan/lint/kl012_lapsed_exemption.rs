//! KL012: somebody once had a reason to keep the key, and may only have forgotten to renew it.

use super::{Context, Objection, Rule};

pub(super) const RULE: Rule = Rule {
    id: "KL012",
    name: "lapsed-exemption",
    purpose: "A warning where a plan deletes or deactivates a key that an exemption protected which has expired.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let lapsed = context.plan.planned().filter(|key| !key.lapsed_exemptions().is_empty());
    lapsed
        .map(|key| {
            rule.warning(format!(
                "key {} of user {} in account {} was exempt until the exemption {} expired: ask its author",
                key.key(),
                key.user(),
                key.account(),
                key.lapsed_exemptions().join(", ")
            ))
        })
        .collect()
}
