//! KL009: what was true when a plan was made is less true every day. A plan from the future shows that a clock is wrong, and
//! then nothing that rests on time can be relied on.

use super::{Context, Objection, Rule};

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
            let days = limits.max_age.as_hours() / 24;
            Some(format!("{what} at {at}, more than max_age ({days} days) ago: scan and plan again"))
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
