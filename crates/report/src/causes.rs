//! The words for the causes of everything that was not covered: what it is, where it was met, and what to do. Every format
//! that lists causes takes them from here.

use keysweep_core::assessment::Assessment;
use keysweep_core::cause::{CauseGroup, causes};

use crate::words::count;

/// How many causes are listed, the most frequent first; every single problem stands with its account.
pub const LISTED: usize = 10;

/// The most frequent causes, in how many accounts before how often.
pub fn most_frequent(assessment: &Assessment) -> Vec<CauseGroup<'_>> {
    let mut groups = causes(assessment);
    groups.truncate(LISTED);
    groups
}

/// The same without accounts that were skipped because of their state: they are no problem, and mostly nothing is to be
/// mended.
pub fn to_mend(assessment: &Assessment) -> Vec<CauseGroup<'_>> {
    let mut groups = causes(assessment);
    groups.retain(|group| !group.problems.is_empty());
    groups
}

/// What failed: the gap, the error and the call that it came from.
pub fn what(group: &CauseGroup<'_>) -> String {
    let gap = group.gap.unwrap_or_else(|| group.cause.name());
    match (group.call, group.code) {
        (Some(call), Some(code)) => format!("{gap}: {code} from {call}"),
        (Some(call), None) => format!("{gap}: {call} failed"),
        (None, _) => gap.to_owned(),
    }
}

/// Where, and how often: `2 accounts`, `1 account, 40 times`, `the organization`.
pub fn extent(group: &CauseGroup<'_>) -> String {
    let accounts = u64::try_from(group.accounts.len()).unwrap_or(u64::MAX);
    let place = if accounts == 0 { "the organization".to_owned() } else { count(accounts, "account") };
    if group.times > accounts.max(1) { format!("{place}, {}", count(group.times, "time")) } else { place }
}
