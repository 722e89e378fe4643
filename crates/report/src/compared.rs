//! The earlier scan that a report is compared with, as a value that can be kept with the other options of a report. What
//! differs is decided in [`keysweep_core::diff`]; its words are those of [`crate::diff`].

use keysweep_core::account::AccountId;
use keysweep_core::assessment::Assessment;
use keysweep_core::diff::{Difference, KeyChange};
use keysweep_core::key::AccessKeyId;

/// An earlier scan, and what is known beyond both scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The earlier scan.
    pub earlier: Assessment,
    /// Keys of which other scans tell whether they were switched on or deleted.
    pub became: Vec<Became>,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Became {
    /// Its account.
    pub account: AccountId,
    /// The key.
    pub key: AccessKeyId,
    /// [`KeyChange::Reactivated`] or [`KeyChange::Deleted`].
    pub change: KeyChange,
}

impl Compared {
    /// What a difference tells that its two assessments alone do not.
    pub fn decided(difference: &Difference<'_>) -> Vec<Became> {
        let decided = difference
            .keys
            .iter()
            .filter(|key| matches!(key.change, KeyChange::Reactivated | KeyChange::Deleted));
        let became = |key: &keysweep_core::diff::KeyDifference<'_>| {
            Some(Became { account: key.account.id, key: key.found.last().key.clone()?, change: key.change })
        };
        decided.filter_map(became).collect()
    }

    /// What differs between the earlier scan and `later`.
    pub fn with<'a>(&'a self, later: &'a Assessment) -> Difference<'a> {
        let mut difference = Difference::between(&self.earlier, later);
        for key in &mut difference.keys {
            let id = key.found.last().key.as_ref();
            let is_this = |became: &&Became| became.account == key.account.id && Some(&became.key) == id;
            if key.change == KeyChange::ReactivatedOrDeleted
                && let Some(became) = self.became.iter().find(is_this)
            {
                key.change = became.change;
            }
        }
        difference.keys.sort_by_key(|key| key.change);
        difference
    }
}
