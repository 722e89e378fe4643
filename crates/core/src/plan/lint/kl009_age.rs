//! KL009: what was true when a plan was made is less true every day. A plan from the future shows that a clock is wrong, and
//! then nothing that rests on time can be relied on.

use super::{Context, Objection, Rule};
use crate::policy::show;
use crate::time::SignedDuration;

pub(super) const RULE: Rule = Rule {
    id: "KL009",
    name: "age",
    purpose: "A plan, and the assessment that it was made from, is at most so old (max_age, 7 days unless configured otherwise), and not from the future.",
    check,
};

fn check(rule: Rule, context: &Context<'_>) -> Vec<Objection> {
    let Context { plan, limits, now, .. } = *context;
    let judge = |(what, at): (&str, crate::time::Instant)| {
        if at > now {
            Some(format!("{what} at {at}, which is later than now ({now}): a clock is wrong"))
        } else if now - at > limits.max_age {
            let most = shown(limits.max_age);
            Some(format!("{what} at {at}, more than max_age ({most}) ago: scan and plan again"))
        } else {
            None
        }
    };
    [("the plan was made", plan.made_at), ("the accounts were assessed", plan.assessed_at)]
        .into_iter()
        .filter_map(judge)
        .map(|message| rule.error(message))
        .collect()
}

/// Whole days as people say them, and what is no whole number of days in full.
fn shown(length: SignedDuration) -> String {
    match (length.as_secs() / 86_400, length.as_secs() % 86_400) {
        (1, 0) => "1 day".to_owned(),
        (days @ 2.., 0) => format!("{days} days"),
        _ => show(length),
    }
}
