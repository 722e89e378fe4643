//! What later scans recall of an account: status changes, covered spans, looks, the listing, and whose the keys are.
//!
//! Changes and owners are only ever added. Spans are joined as they come. Looks are condensed; all of them stay in the
//! results of their scans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keysweep_core::account::AccountId;
use keysweep_core::archive::Imported;
use keysweep_core::assessment::AccountAssessment;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{ChangeSource, EventId, Observation, StatusChange, Target};
use keysweep_core::key::{AccessKeyId, KeyStatus, Owner, UserName};
use keysweep_core::memory::{Listing, Remembered, Seen};
use keysweep_core::time::{Instant, Span};

use super::Sql;
use super::database::{Purpose, Row, Transaction, Value};
use super::write::{insert, number};
use crate::document::v1::seen::{ListingV1, LooksV1, ObservationsV1, recalled};
use crate::document::{self, DocumentError};
use crate::error::{StoreError, StoreErrorKind};
use crate::looks::{KeyLooks, Parting, Sight};
use crate::own_looks::in_order;

/// The sources of coverage, as the column holds them.
const EVENT_HISTORY: &str = "event_history";
const ASSERTED: &str = "asserted";
pub(super) const SOURCES: [&str; 2] = [EVENT_HISTORY, ASSERTED];

impl Sql {
    pub(super) async fn recall_account(&self, account: AccountId) -> Result<Remembered, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let looks = looks(&mut open, account).await?;
        let listing = listing(&mut open, account).await?;
        let mut observations = observations(&looks);
        let own = super::journal::own_looks(&mut open, account).await?;
        observations.extend(own);
        Ok(Remembered {
            coverage: coverage(&mut open, account, EVENT_HISTORY).await?,
            asserted: coverage(&mut open, account, ASSERTED).await?,
            changes: changes(&mut open, account).await?,
            observations: in_order(observations),
            listing,
        })
    }
}

fn observations(looks: &BTreeMap<AccessKeyId, KeyLooks>) -> Vec<(AccessKeyId, Observation)> {
    let of_key = |(key, looks): (&AccessKeyId, &KeyLooks)| -> Vec<_> {
        looks.kept.iter().map(|sight| (key.clone(), recalled(sight))).collect()
    };
    looks.iter().flat_map(of_key).collect()
}

/// Lets no other process change what is known of this account before the transaction has ended.
pub(super) async fn lock(open: &mut Transaction, account: AccountId) -> Result<(), StoreError> {
    let nothing = document::write(&LooksV1::default())
        .map_err(|error| open.error(StoreErrorKind::Other).because(error))?;
    open.execute(
        "insert into accounts (id, looks) values ($1, $2) on conflict do nothing",
        vec![number(account).into(), nothing.into()],
    )
    .await?;
    if open.is_postgres() {
        open.rows("select id from accounts where id = $1 for update", vec![number(account).into()]).await?;
    }
    Ok(())
}

/// Adds what a scan saw. Its result is kept already, in the same transaction.
pub(super) async fn add(
    open: &mut Transaction,
    scan: &str,
    result: &AccountAssessment,
    seen: &Seen,
) -> Result<(), StoreError> {
    let account = result.account.id;
    add_changes(open, account, &seen.changes).await?;
    add_coverage(open, account, EVENT_HISTORY, &seen.coverage).await?;
    let scan: Arc<str> = scan.into();
    let mut looks: BTreeMap<AccessKeyId, Vec<Sight>> = BTreeMap::new();
    for (key, observation) in &seen.observations {
        looks.entry(key.clone()).or_default().push(Sight::of(observation, &scan));
    }
    add_looks(open, account, looks).await?;
    add_owners(open, account, owners(result, seen)).await?;
    match &seen.listing {
        Some(listing) => set_listing(open, account, listing).await,
        None => Ok(()),
    }
}

/// Puts a listing in the place of the last one.
pub(super) async fn set_listing(
    open: &mut Transaction,
    account: AccountId,
    listing: &Listing,
) -> Result<(), StoreError> {
    let listing = document::write(&ListingV1::of(listing));
    let listing = listing.map_err(|error| open.error(StoreErrorKind::Other).because(error))?;
    let values = vec![number(account).into(), listing.into()];
    open.execute("update accounts set listing = $2 where id = $1", values).await?;
    Ok(())
}

/// Adds what somebody imported by hand; how many changes were not known before.
pub(super) async fn import(
    open: &mut Transaction,
    account: AccountId,
    imported: &Imported,
) -> Result<u64, StoreError> {
    let added = add_changes(open, account, &imported.changes).await?;
    add_coverage(open, account, ASSERTED, &imported.asserted).await?;
    add_looks(open, account, BTreeMap::new()).await?;
    add_owners(open, account, owners_then(&imported.changes).collect()).await?;
    Ok(added)
}

pub(super) async fn add_changes(
    open: &mut Transaction,
    account: AccountId,
    changes: &[StatusChange],
) -> Result<u64, StoreError> {
    let row = |change: &StatusChange| -> Vec<Value> {
        let (target, user) = match &change.target {
            Target::User(user) => ("user", Some(user.as_str())),
            Target::Root => ("root", None),
            Target::NotRecorded => ("not_recorded", None),
        };
        let (file, record) = match &change.source {
            ChangeSource::EventHistory => (None, None),
            ChangeSource::File { name, record } => (Some(name.as_str()), i64::try_from(*record).ok()),
        };
        vec![
            number(account).into(),
            change.event.as_str().into(),
            change.at.unix().into(),
            status_text(change.status).into(),
            change.key.as_str().into(),
            target.into(),
            user.into(),
            change.account.map(number).into(),
            change.actor.as_deref().into(),
            change.source_ip.as_deref().into(),
            file.into(),
            record.into(),
        ]
    };
    let table = "changes (account, event, at, status, access_key, target, user_name, recipient_account, actor, source_ip, \
         file_name, file_record)";
    insert(open, table, changes.iter().map(row).collect(), "on conflict do nothing").await
}

pub(super) async fn changes(
    open: &mut Transaction,
    account: AccountId,
) -> Result<Vec<StatusChange>, StoreError> {
    let rows = open
        .rows(
            "select event, at, status, access_key, target, user_name, recipient_account, actor, source_ip, \
             file_name, file_record from changes where account = $1 order by at, event",
            vec![number(account).into()],
        )
        .await?;
    rows.iter().map(|row| change(row, open.name())).collect()
}

fn change(row: &Row, store: &str) -> Result<StatusChange, StoreError> {
    let event = row.text(0)?;
    let unreadable = |error| StoreError::unreadable(store, format!("the status change {event}"), error);
    let status = row.text(2)?;
    let (target, user) = (row.text(4)?, row.text_or_null(5)?);
    Ok(StatusChange {
        at: Instant::from_unix(row.int(1)?),
        status: match status.as_str() {
            "Active" => KeyStatus::Active,
            "Inactive" => KeyStatus::Inactive,
            other => return Err(unreadable(DocumentError::Value(format!("the status {other:?}")))),
        },
        key: row.text(3)?.parse().map_err(|error| unreadable(DocumentError::value(error)))?,
        target: match (target.as_str(), user) {
            ("user", Some(user)) => {
                Target::User(user.parse().map_err(|error| unreadable(DocumentError::value(error)))?)
            }
            ("root", None) => Target::Root,
            ("not_recorded", None) => Target::NotRecorded,
            (other, _) => return Err(unreadable(DocumentError::Value(format!("the target {other:?}")))),
        },
        account: row.int_or_null(6)?.map(|number| account_id(number, store)).transpose()?,
        actor: row.text_or_null(7)?,
        source_ip: row.text_or_null(8)?,
        source: match (row.text_or_null(9)?, row.int_or_null(10)?.map(u64::try_from)) {
            (None, None) => ChangeSource::EventHistory,
            (Some(name), Some(Ok(record))) => ChangeSource::File { name, record },
            _ => return Err(unreadable(DocumentError::Value("half a source".to_owned()))),
        },
        event: EventId::new(&event),
    })
}

pub(super) fn account_id(number: i64, store: &str) -> Result<AccountId, StoreError> {
    let id = u64::try_from(number).ok().and_then(AccountId::from_number);
    id.ok_or_else(|| {
        let error = DocumentError::Value(format!("the number {number}"));
        StoreError::unreadable(store, "an account id", error)
    })
}

const fn status_text(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}

/// Adds covered time, joined with the spans that it overlaps or touches.
pub(super) async fn add_coverage(
    open: &mut Transaction,
    account: AccountId,
    source: &str,
    more: &Coverage,
) -> Result<(), StoreError> {
    if more.is_empty() {
        return Ok(());
    }
    let before = coverage(open, account, source).await?;
    let after = Coverage::from_spans(before.spans().iter().chain(more.spans()).copied());
    let gone = before.spans().iter().filter(|span| !after.spans().contains(span));
    for span in gone {
        open.execute(
            "delete from coverage where account = $1 and source = $2 and from_at = $3",
            vec![number(account).into(), source.into(), span.from().unix().into()],
        )
        .await?;
    }
    let new = after.spans().iter().filter(|span| !before.spans().contains(span));
    let row = |span: &Span| -> Vec<Value> {
        vec![number(account).into(), source.into(), span.from().unix().into(), span.to().unix().into()]
    };
    insert(open, "coverage (account, source, from_at, to_at)", new.map(row).collect(), "").await?;
    Ok(())
}

pub(super) async fn coverage(
    open: &mut Transaction,
    account: AccountId,
    source: &str,
) -> Result<Coverage, StoreError> {
    let rows = open
        .rows(
            "select from_at, to_at from coverage where account = $1 and source = $2 order by from_at",
            vec![number(account).into(), source.into()],
        )
        .await?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        let (from, to) = (row.int(0)?, row.int(1)?);
        let span = Span::new(Instant::from_unix(from), Instant::from_unix(to));
        spans.push(span.ok_or_else(|| {
            let error = DocumentError::Value(format!("the span from {from} to {to}"));
            StoreError::unreadable(open.name(), format!("the coverage of account {account}"), error)
        })?);
    }
    let coverage = Coverage::from_spans(spans.iter().copied());
    if coverage.spans() != spans {
        let error = DocumentError::Value("spans that touch or overlap".to_owned());
        return Err(StoreError::unreadable(open.name(), format!("the coverage of account {account}"), error));
    }
    Ok(coverage)
}

pub(super) async fn looks(
    open: &mut Transaction,
    account: AccountId,
) -> Result<BTreeMap<AccessKeyId, KeyLooks>, StoreError> {
    let row = open.row("select looks from accounts where id = $1", vec![number(account).into()]).await?;
    let Some(row) = row else { return Ok(BTreeMap::new()) };
    let looks = document::read::<LooksV1>(&row.bytes(0)?).and_then(LooksV1::read);
    looks.map_err(|error| {
        StoreError::unreadable(open.name(), format!("the looks of account {account}"), error)
    })
}

pub(super) async fn listing(
    open: &mut Transaction,
    account: AccountId,
) -> Result<Option<Listing>, StoreError> {
    let row = open.row("select listing from accounts where id = $1", vec![number(account).into()]).await?;
    let Some(listing) = row.map(|row| row.bytes_or_null(0)).transpose()?.flatten() else { return Ok(None) };
    let listing = document::read::<ListingV1>(&listing).and_then(ListingV1::read);
    let unreadable =
        |error| StoreError::unreadable(open.name(), format!("the listing of account {account}"), error);
    listing.map(Some).map_err(unreadable)
}

/// Adds looks, and condenses all of them in the light of the changes and the coverage that are known now.
pub(super) async fn add_looks(
    open: &mut Transaction,
    account: AccountId,
    more: BTreeMap<AccessKeyId, Vec<Sight>>,
) -> Result<(), StoreError> {
    let before = looks(open, account).await?;
    let parting = AccountParting::of(open, account).await?;
    let after = match condensed(&before, more, &parting) {
        Some(after) => after,
        None => condensed_anew(open, account, before, &parting).await?,
    };
    set_looks(open, account, &after).await
}

/// Condenses all looks that there are at the keys of an account.
pub(super) async fn condense_anew(open: &mut Transaction, account: AccountId) -> Result<(), StoreError> {
    let before = looks(open, account).await?;
    let parting = AccountParting::of(open, account).await?;
    let after = condensed_anew(open, account, before, &parting).await?;
    set_looks(open, account, &after).await
}

async fn set_looks(
    open: &mut Transaction,
    account: AccountId,
    looks: &BTreeMap<AccessKeyId, KeyLooks>,
) -> Result<(), StoreError> {
    let document = document::write(&LooksV1::of(looks));
    let document = document.map_err(|error| open.error(StoreErrorKind::Other).because(error))?;
    let values = vec![number(account).into(), document.into()];
    open.execute("update accounts set looks = $2 where id = $1", values).await?;
    Ok(())
}

/// What parts the looks at the keys of an account.
struct AccountParting {
    changes: BTreeMap<AccessKeyId, Vec<Instant>>,
    ends_of_coverage: Vec<Instant>,
}

impl AccountParting {
    async fn of(open: &mut Transaction, account: AccountId) -> Result<Self, StoreError> {
        let mut changes: BTreeMap<AccessKeyId, Vec<Instant>> = BTreeMap::new();
        for change in self::changes(open, account).await? {
            changes.entry(change.key).or_default().push(change.at);
        }
        let mut ends = BTreeSet::new();
        for source in SOURCES {
            let coverage = coverage(open, account, source).await?;
            ends.extend(coverage.spans().iter().flat_map(|span| [span.from(), span.to()]));
        }
        Ok(Self { changes, ends_of_coverage: ends.into_iter().collect() })
    }

    fn of_key(&self, key: &AccessKeyId) -> Parting<'_> {
        Parting {
            changes: self.changes.get(key).map_or(&[], Vec::as_slice),
            ends_of_coverage: &self.ends_of_coverage,
        }
    }
}

/// The looks with more of them. `None` where some that were left out are needed.
fn condensed(
    before: &BTreeMap<AccessKeyId, KeyLooks>,
    mut more: BTreeMap<AccessKeyId, Vec<Sight>>,
    parting: &AccountParting,
) -> Option<BTreeMap<AccessKeyId, KeyLooks>> {
    let mut after = BTreeMap::new();
    for (key, looks) in before {
        let new = more.remove(key).unwrap_or_default();
        after.insert(key.clone(), looks.with(new, &parting.of_key(key))?);
    }
    for (key, new) in more {
        let looks = KeyLooks::of(new, &parting.of_key(&key));
        after.insert(key, looks);
    }
    Some(after)
}

/// The looks from all results that there are, and those that were kept of results that are gone.
async fn condensed_anew(
    open: &mut Transaction,
    account: AccountId,
    before: BTreeMap<AccessKeyId, KeyLooks>,
    parting: &AccountParting,
) -> Result<BTreeMap<AccessKeyId, KeyLooks>, StoreError> {
    let mut all: BTreeMap<AccessKeyId, Vec<Sight>> =
        before.into_iter().map(|(key, looks)| (key, looks.kept)).collect();
    let rows = open
        .rows("select scan, observations from results where account = $1", vec![number(account).into()])
        .await?;
    for row in rows {
        let scan: Arc<str> = row.text(0)?.into();
        let observations = document::read::<ObservationsV1>(&row.bytes(1)?).and_then(ObservationsV1::read);
        let observations = observations.map_err(|error| {
            let what = format!("what scan {scan} saw of account {account}");
            StoreError::unreadable(open.name(), what, error)
        })?;
        for (key, observation) in observations {
            all.entry(key).or_default().push(Sight::of(&observation, &scan));
        }
    }
    let condense = |(key, looks): (AccessKeyId, Vec<Sight>)| {
        let looks = KeyLooks::of(looks, &parting.of_key(&key));
        (key, looks)
    };
    Ok(all.into_iter().map(condense).collect())
}

/// Whose keys a result, a listing and changes speak of.
fn owners(result: &AccountAssessment, seen: &Seen) -> BTreeSet<(AccessKeyId, UserName)> {
    let found = result.findings.iter().filter_map(|finding| match (&finding.key, &finding.owner) {
        (Some(key), Owner::User { name, .. }) => Some((key.clone(), name.clone())),
        _ => None,
    });
    let listed = seen
        .listing
        .iter()
        .flat_map(|listing| &listing.users)
        .flat_map(|user| user.keys.iter().map(|key| (key.id.clone(), user.row.user.clone())));
    found.chain(listed).chain(owners_then(&seen.changes)).collect()
}

/// Whose keys were changed, by the names of that time.
fn owners_then(changes: &[StatusChange]) -> impl Iterator<Item = (AccessKeyId, UserName)> {
    changes.iter().filter_map(|change| match &change.target {
        Target::User(user) => Some((change.key.clone(), user.clone())),
        Target::Root | Target::NotRecorded => None,
    })
}

pub(super) async fn add_owners(
    open: &mut Transaction,
    account: AccountId,
    owners: BTreeSet<(AccessKeyId, UserName)>,
) -> Result<(), StoreError> {
    let row = |(key, user): (AccessKeyId, UserName)| -> Vec<Value> {
        vec![key.as_str().into(), number(account).into(), user.as_str().into()]
    };
    let rows = owners.into_iter().map(row).collect();
    insert(open, "owners (access_key, account, user_name)", rows, "on conflict do nothing").await?;
    Ok(())
}

/// Whose keys are known, by account.
pub(super) async fn all_owners(
    open: &mut Transaction,
) -> Result<BTreeMap<AccountId, Vec<(AccessKeyId, UserName)>>, StoreError> {
    let mut owners: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let select = "select account, access_key, user_name from owners order by account, access_key, user_name";
    for row in open.rows(select, Vec::new()).await? {
        let account = account_id(row.int(0)?, open.name())?;
        let unreadable =
            |error| StoreError::unreadable(open.name(), format!("an owner in account {account}"), error);
        let key = row.text(1)?.parse().map_err(|error| unreadable(DocumentError::value(error)))?;
        let user = row.text(2)?.parse().map_err(|error| unreadable(DocumentError::value(error)))?;
        owners.entry(account).or_default().push((key, user));
    }
    Ok(owners)
}

/// What is wrong with what is known of an account.
pub(super) async fn faults(open: &mut Transaction, account: AccountId) -> Vec<String> {
    let mut faults = Vec::new();
    let mut note = |fault: Option<StoreError>| {
        faults.extend(fault.map(|error| match &error.source {
            Some(source) => format!("{}: {source}", error.kind),
            None => error.kind.to_string(),
        }));
    };
    note(changes(open, account).await.err());
    note(looks(open, account).await.err());
    note(listing(open, account).await.err());
    for source in SOURCES {
        note(coverage(open, account, source).await.err());
    }
    faults
}
