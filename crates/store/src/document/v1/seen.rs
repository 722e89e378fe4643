//! What a scan saw of an account beside its result: the statuses of keys, and the listing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use keysweep_core::account::Tags;
use keysweep_core::evidence::{Observation, ObservationSource};
use keysweep_core::key::{AccessKey, AccessKeyId, ListedStatus};
use keysweep_core::memory::{ListedUser, Listing, RowIdentity};
use serde::{Deserialize, Serialize};

use super::evidence::ObservationV1;
use super::{DocumentError, InstantV1, Result, StatusV1, Text, parse, read_all};
use crate::looks::{KeyLooks, Sight, Stretch};

/// Every status that one scan saw, by key, as it saw it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ObservationsV1<'a>(Vec<(Text<'a>, ObservationV1<'a>)>);

impl<'a> ObservationsV1<'a> {
    pub(crate) fn of(observations: &'a [(AccessKeyId, Observation)]) -> Self {
        let one = |(key, observation): &'a (AccessKeyId, Observation)| {
            (key.as_str().into(), ObservationV1::of(observation))
        };
        Self(observations.iter().map(one).collect())
    }

    pub(crate) fn read(self) -> Result<Vec<(AccessKeyId, Observation)>> {
        read_all(self.0, |(key, observation)| Ok((parse(&key)?, observation.read())))
    }
}

/// The looks at every key of an account, condensed.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct LooksV1 {
    /// The scans that looked, by their index in `looks`.
    scans: Vec<String>,
    keys: BTreeMap<String, KeyLooksV1>,
}

#[derive(Serialize, Deserialize)]
struct KeyLooksV1 {
    looks: Vec<(InstantV1, InstantV1, StatusV1, usize)>,
    condensed: Vec<(InstantV1, InstantV1)>,
}

impl LooksV1 {
    pub(crate) fn of(looks: &BTreeMap<AccessKeyId, KeyLooks>) -> Self {
        let mut indexes: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let mut scans = Vec::new();
        let mut keys = BTreeMap::new();
        for (key, KeyLooks { kept, condensed }) in looks {
            let mut look = |sight: &Sight| {
                let index = *indexes.entry(Arc::clone(&sight.scan)).or_insert_with(|| {
                    scans.push(sight.scan.to_string());
                    scans.len() - 1
                });
                (sight.from.into(), sight.to.into(), sight.status.into(), index)
            };
            let looks = KeyLooksV1 {
                looks: kept.iter().map(&mut look).collect(),
                condensed: condensed.iter().map(|stretch| (stretch.from.into(), stretch.to.into())).collect(),
            };
            keys.insert(key.as_str().to_owned(), looks);
        }
        Self { scans, keys }
    }

    pub(crate) fn read(self) -> Result<BTreeMap<AccessKeyId, KeyLooks>> {
        let scans: Vec<Arc<str>> = self.scans.into_iter().map(Into::into).collect();
        let sight = |(from, to, status, index): (InstantV1, InstantV1, StatusV1, usize)| {
            let scan = scans.get(index).map(Arc::clone);
            let scan =
                scan.ok_or_else(|| DocumentError::Value(format!("a look of the unknown scan {index}")))?;
            Ok(Sight { from: from.into(), to: to.into(), status: status.into(), scan })
        };
        let key = |(key, KeyLooksV1 { looks, condensed }): (String, KeyLooksV1)| {
            let condensed =
                condensed.into_iter().map(|(from, to)| Stretch { from: from.into(), to: to.into() });
            let looks = KeyLooks { kept: read_all(looks, sight)?, condensed: condensed.collect() };
            Ok((parse(&key)?, looks))
        };
        self.keys.into_iter().map(key).collect()
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ListingV1<'a> {
    users: Vec<ListedUserV1<'a>>,
    vouched: Vec<RowV1<'a>>,
    vouched_at: InstantV1,
}

#[derive(Serialize, Deserialize)]
struct RowV1<'a> {
    user: Text<'a>,
    arn: Text<'a>,
    created: InstantV1,
    slots: [Option<(StatusV1, InstantV1)>; 2],
}

#[derive(Serialize, Deserialize)]
struct ListedUserV1<'a> {
    row: RowV1<'a>,
    keys: Vec<AccessKeyV1<'a>>,
    scan: Text<'a>,
    from: InstantV1,
    to: InstantV1,
    tags: Option<(InstantV1, Cow<'a, Tags>)>,
}

#[derive(Serialize, Deserialize)]
struct AccessKeyV1<'a> {
    id: Text<'a>,
    status: ListedStatusV1,
    created: InstantV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ListedStatusV1 {
    Known(StatusV1),
    Other(String),
}

impl<'a> RowV1<'a> {
    fn of(row: &'a RowIdentity) -> Self {
        Self {
            user: row.user.as_str().into(),
            arn: row.arn.as_str().into(),
            created: row.created.into(),
            slots: row.slots.map(|slot| slot.map(|(status, at)| (status.into(), at.into()))),
        }
    }

    fn read(self) -> Result<RowIdentity> {
        Ok(RowIdentity {
            user: parse(&self.user)?,
            arn: self.arn.into_owned(),
            created: self.created.into(),
            slots: self.slots.map(|slot| slot.map(|(status, at)| (status.into(), at.into()))),
        })
    }
}

impl<'a> AccessKeyV1<'a> {
    fn of(key: &'a AccessKey) -> Self {
        Self {
            id: key.id.as_str().into(),
            status: match &key.status {
                ListedStatus::Known(status) => ListedStatusV1::Known((*status).into()),
                ListedStatus::Other(text) => ListedStatusV1::Other(text.clone()),
            },
            created: key.created.into(),
        }
    }

    fn read(self) -> Result<AccessKey> {
        Ok(AccessKey {
            id: parse(&self.id)?,
            status: match self.status {
                ListedStatusV1::Known(status) => ListedStatus::Known(status.into()),
                ListedStatusV1::Other(text) => ListedStatus::Other(text),
            },
            created: self.created.into(),
        })
    }
}

impl<'a> ListingV1<'a> {
    pub(crate) fn of(listing: &'a Listing) -> Self {
        let user = |user: &'a ListedUser| ListedUserV1 {
            row: RowV1::of(&user.row),
            keys: user.keys.iter().map(AccessKeyV1::of).collect(),
            scan: user.scan.as_str().into(),
            from: user.from.into(),
            to: user.to.into(),
            tags: user.tags.as_ref().map(|(at, tags)| ((*at).into(), Cow::Borrowed(tags))),
        };
        Self {
            users: listing.users.iter().map(user).collect(),
            vouched: listing.vouched.iter().map(RowV1::of).collect(),
            vouched_at: listing.vouched_at.into(),
        }
    }

    pub(crate) fn read(self) -> Result<Listing> {
        let user = |user: ListedUserV1<'a>| {
            Ok(ListedUser {
                row: user.row.read()?,
                keys: read_all(user.keys, AccessKeyV1::read)?,
                scan: user.scan.into_owned(),
                from: user.from.into(),
                to: user.to.into(),
                tags: user.tags.map(|(at, tags)| (at.into(), tags.into_owned())),
            })
        };
        Ok(Listing {
            users: read_all(self.users, user)?,
            vouched: read_all(self.vouched, RowV1::read)?,
            vouched_at: self.vouched_at.into(),
        })
    }
}

/// The observation that a later scan recalls.
pub(crate) fn recalled(sight: &Sight) -> Observation {
    Observation {
        from: sight.from,
        to: sight.to,
        status: sight.status,
        source: ObservationSource::EarlierScan(sight.scan.to_string()),
    }
}
