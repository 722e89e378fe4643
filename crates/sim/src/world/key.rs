//! An access key with its true history.

use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

/// A successful `UpdateAccessKey`. Two of the same second are in their true order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    pub(crate) status: KeyStatus,
    pub(crate) event: String,
}

/// The last use that IAM recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastUse {
    pub(crate) at: Instant,
    pub(crate) service: String,
    pub(crate) region: String,
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) created: Instant,
    pub(crate) changes: Vec<Change>,
    pub(crate) last_use: Option<LastUse>,
    /// A status that `ListAccessKeys` gives whatever the history says, such as `Expired`.
    pub(crate) listed_as: Option<String>,
    pub(crate) deleted: Option<Instant>,
}

impl Key {
    pub(crate) fn new(id: String, created: Instant) -> Self {
        Self { id, created, changes: Vec::new(), last_use: None, listed_as: None, deleted: None }
    }

    /// The status at the end of the second `at`. Keys are born Active.
    pub(crate) fn status_at(&self, at: Instant) -> KeyStatus {
        self.changes
            .iter()
            .rev()
            .find(|change| change.at <= at)
            .map_or(KeyStatus::Active, |change| change.status)
    }

    pub(crate) fn status(&self) -> KeyStatus {
        self.changes.last().map_or(KeyStatus::Active, |change| change.status)
    }

    /// The status as AWS writes it.
    pub(crate) fn status_text(&self) -> &str {
        self.listed_as.as_deref().unwrap_or(match self.status() {
            KeyStatus::Active => "Active",
            KeyStatus::Inactive => "Inactive",
        })
    }

    /// The true start of the current, unbroken inactive period.
    pub(crate) fn inactive_since(&self) -> Option<Instant> {
        let active = self.changes.iter().rposition(|change| change.status == KeyStatus::Active);
        self.changes.get(active.map_or(0, |position| position + 1)).map(|change| change.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyStatus::{Active, Inactive};

    fn key(changes: &[(i64, KeyStatus)]) -> Key {
        let mut key = Key::new("AKIA".into(), Instant::from_unix(0));
        key.changes = changes
            .iter()
            .map(|(at, status)| Change { at: Instant::from_unix(*at), status: *status, event: String::new() })
            .collect();
        key
    }

    #[test]
    fn the_inactive_period_begins_with_the_first_change_after_the_last_activation() {
        for (changes, since) in [
            (&[][..], None),
            (&[(5, Inactive)], Some(5)),
            (&[(5, Inactive), (9, Inactive)], Some(5)),
            (&[(5, Inactive), (7, Active)], None),
            (&[(5, Inactive), (7, Active), (7, Inactive), (8, Inactive)], Some(7)),
        ] {
            let key = key(changes);
            assert_eq!(key.inactive_since().map(Instant::unix), since, "{changes:?}");
            assert_eq!(key.status() == Inactive, since.is_some());
        }
    }

    #[test]
    fn status_at_looks_at_the_end_of_the_second() {
        let key = key(&[(5, Inactive), (5, Active), (9, Inactive)]);
        let at = |second| key.status_at(Instant::from_unix(second));
        assert_eq!([at(4), at(5), at(8), at(9)], [Active, Active, Active, Inactive]);
    }
}
