//! KL010: deletion wants proof. A settling claim becomes proven by reading the history again, which apply does; an observed
//! one stays an assumption.

use super::{Context, Objection, Rule};
use crate::infer::Confidence;

pub(super) const RULE: Rule = Rule {
    id: "KL010",
    name: "not-proven",
    purpose: "That a key stayed inactive must be proven by the time it is deleted; keys that were only observed need allow_observed.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let Context { plan, limits, now, .. } = *context;
    let margin = plan.policy.settling_margin.length();
    let mut found = Vec::new();
    for key in &plan.keys {
        let claim = key.inactive_since;
        match claim.confidence {
            Confidence::Observed if limits.allow_observed => found.push(rule.warning(format!(
                "that key {} of user {} in account {} stayed inactive was only observed, and allow_observed lets it pass",
                key.key, key.user, key.account
            ))),
            Confidence::Observed => found.push(rule.error(format!(
                "that key {} of user {} in account {} stayed inactive was only observed: let the role read LookupEvents, or set allow_observed",
                key.key, key.user, key.account
            ))),
            Confidence::Proven | Confidence::Settling => {}
        }
    }
    let settling = |key: &&crate::plan::PlannedKey| {
        let claim = key.inactive_since;
        claim.confidence == Confidence::Settling && now < claim.as_of + margin
    };
    let latest = plan.keys.iter().filter(settling).map(|key| key.inactive_since.as_of + margin).max();
    if let Some(until) = latest {
        let keys = plan.keys.iter().filter(settling).count();
        found.push(rule.warning(format!(
            "{keys} of the keys are settling: apply leaves them alone until the history has settled, at {until} at the latest"
        )));
    }
    found
}
