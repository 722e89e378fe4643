//! KL007: organizational units that the configuration protects. Where it is not known in which units an account lies, it may
//! lie in a protected one.

use super::{Context, Objection, Rule};
use crate::exemption::lies_below;

pub(super) const RULE: Rule = Rule {
    id: "KL007",
    name: "protected-unit",
    purpose: "A plan deletes and deactivates no key in an account below an organizational unit that the configuration protects (protected_units), nor in one of which that cannot be told.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let units = &context.limits.protected_units;
    if units.is_empty() {
        return Vec::new();
    }
    let with_keys = |id| context.plan.planned().any(|key| key.account() == id);
    let accounts = context.plan.accounts.iter().filter(|account| with_keys(account.id));
    let judge = |account: &crate::plan::PlanAccount| {
        let id = account.id;
        match &account.path {
            None => Some(format!(
                "in which organizational units account {id} lies is not known, and protected_units protects some: make the scan complete"
            )),
            Some(path) => units.iter().find(|unit| lies_below(path, unit)).map(|unit| {
                format!(
                    "account {id} lies below {unit}, which protected_units protects: exempt the unit, and plan again"
                )
            }),
        }
    };
    accounts.filter_map(judge).map(|message| rule.error(message)).collect()
}
