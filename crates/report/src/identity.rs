//! The id of a finding: the same key has the same one in every scan, so that a system that keeps findings updates them
//! instead of adding them again.

use std::collections::HashMap;

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::Finding;

use crate::mask::Mask;

/// The findings of an account, each with its id: `111122223333:AKIAIOSFODNN7EXAMPLE`, or for a root user's key, whose id
/// AWS does not tell, `111122223333:root:2020-01-31T08:00:00Z` with its creation.
///
/// A masked id is made of what a masked report shows anyway, with the creation to tell keys apart. It is not a hash of
/// the key id: of an id whose account and last four characters are known, about a million candidates are left, and a hash
/// would pick the right one. So the same key has one id in masked reports and another one in the others.
pub fn identified<'a>(
    account: &'a AccountAssessment,
    mask: &'a Mask<'a>,
) -> impl Iterator<Item = (String, &'a Finding)> {
    // Ids that come out alike, such as two root keys of the same second, are counted: `…:2`.
    let mut seen: HashMap<String, u32> = HashMap::new();
    account.findings.iter().map(move |finding| {
        let base = base(finding, mask);
        let count = seen.entry(base.clone()).or_default();
        *count += 1;
        (if *count == 1 { base } else { format!("{base}:{count}") }, finding)
    })
}

/// The id of a finding that is alone with it, as nearly all are.
pub(crate) fn base(finding: &Finding, mask: &Mask<'_>) -> String {
    let account = finding.account;
    match &finding.key {
        Some(key) if mask.is_on() => format!("{account}:{}:{}", key.masked(), finding.created),
        Some(key) => format!("{account}:{key}"),
        None => format!("{account}:root:{}", finding.created),
    }
}
