//! The journal of clean-up runs. Whoever writes one is serialised by the row of its plan's lease, and
//! whoever takes a lease with all who do; `append` adds events.

use keysweep_core::account::AccountId;
use keysweep_core::journal::{Appended, Event, KeyRecord, Lease, Leasing, Ledger, Sealed};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::Journal;
use keysweep_core::time::Instant;

use super::Sql;
use super::database::{Purpose, Row, Transaction};
use super::write::number;
use crate::error::{StoreError, StoreErrorKind};
use crate::own_looks::{Observations, observed};

/// The number of a lease or an event as a column holds it.
pub(super) fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn damaged(what: impl Into<String>) -> StoreErrorKind {
    StoreErrorKind::Damaged(what.into())
}

/// The events of a run from one on.
pub(super) const FROM: &str = "select number, event, previous, digest, account, access_key from journal where plan = $1 and number >= $2 order by number";
/// The events of one key of a run.
pub(super) const OF_KEY: &str = "select number, event, previous, digest, account, access_key from journal where plan = $1 and account = $2 and access_key = $3 order by number";

/// Who has a lease at a moment, of whatever plan, and is somebody else.
const HELD: &str =
    "select holder, until_at from leases where until_at > $1 and holder <> $2 order by until_at desc limit 1";

/// What `leases` says of a plan.
#[derive(Clone, Copy, Default)]
pub(super) struct Leased {
    /// The number of its lease.
    pub(super) epoch: u64,
    /// How many events its journal was given.
    pub(super) events: u64,
}

/// Makes all others who write this plan's journal wait for the end of the transaction, and tells of its lease.
pub(super) async fn lock(open: &mut Transaction, plan: Digest) -> Result<Leased, StoreError> {
    let plan = plan.to_string();
    open.execute(
        "insert into leases (plan, epoch, holder) values ($1, 0, '') on conflict (plan) do update set epoch = leases.epoch",
        vec![plan.as_str().into()],
    )
    .await?;
    leased(open, &plan).await?.ok_or_else(|| open.error(damaged("leases lost a row")))
}

/// What `leases` says of the plan with this digest, if anything.
pub(super) async fn leased(open: &mut Transaction, plan: &str) -> Result<Option<Leased>, StoreError> {
    let row = open.row("select epoch, events from leases where plan = $1", vec![plan.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let number =
        |value: i64| u64::try_from(value).map_err(|_| open.error(damaged("leases holds a negative number")));
    Ok(Some(Leased { epoch: number(row.int(0)?)?, events: number(row.int(1)?)? }))
}

/// Whether a journal has all events that it was given, of which the last has this number.
pub(super) fn is_whole(open: &Transaction, last: u64, given: u64) -> Result<(), StoreError> {
    if last >= given {
        return Ok(());
    }
    let what = format!("the journal ends with event {last}, and {given} were written: its end was removed");
    Err(open.error(damaged(what)))
}

/// An event from a row that begins with `number, event, previous, digest, account, access_key`.
fn sealed(row: &Row) -> Result<Sealed, StoreError> {
    let number = row.int(0)?;
    let parsed = |text: String| {
        text.parse::<Digest>()
            .map_err(|error| row.error(damaged(format!("event {number} of the journal: {error}"))))
    };
    let (previous, digest) = (parsed(row.text(2)?)?, parsed(row.text(3)?)?);
    let place =
        u64::try_from(number).map_err(|_| row.error(damaged("the journal holds a negative number")))?;
    let sealed = Sealed::read(place, &row.text(1)?, previous, digest)
        .map_err(|broken| row.error(damaged(broken.to_string())))?;
    if !is_found_by(&sealed.event, row.int_or_null(4)?, row.text_or_null(5)?.as_deref()) {
        let what = format!("event {number} of the journal stands under another key than it tells of");
        return Err(row.error(damaged(what)));
    }
    Ok(sealed)
}

/// Whether these are the columns of an event. They are outside of its seal, and events of a key are found by them.
pub(super) fn is_found_by(event: &Event, account: Option<i64>, key: Option<&str>) -> bool {
    let (of_account, of_key) = event.key().unzip();
    of_account.map(self::number) == account && of_key.map(AccessKeyId::as_str) == key
}

pub(super) async fn of_key(
    open: &mut Transaction,
    plan: Digest,
    account: AccountId,
    key: &AccessKeyId,
) -> Result<KeyRecord, StoreError> {
    let rows = open
        .rows(
            OF_KEY,
            vec![plan.to_string().as_str().into(), self::number(account).into(), key.as_str().into()],
        )
        .await?;
    let mut record = KeyRecord::default();
    for row in &rows {
        let sealed = sealed(row)?;
        record.follow(&sealed.event).map_err(|illegal| {
            open.error(damaged(format!("event {} of the journal may not follow: {illegal}", sealed.number)))
        })?;
    }
    Ok(record)
}

/// Follows what was appended to a journal behind the last event that is known of it, which must still be there.
pub(super) async fn catch_up(open: &mut Transaction, ledger: &mut Ledger) -> Result<(), StoreError> {
    let (known, _) = ledger.head();
    let events = open
        .each(FROM, vec![ledger.plan().to_string().as_str().into(), column(known).into()], |row| sealed(&row))
        .await?;
    let mut events = events.iter();
    if known > 0 && events.next().map(|last| (last.number, last.digest)) != Some(ledger.head()) {
        let what =
            format!("event {known} of the journal, which this process wrote or read, is there no more");
        return Err(open.error(damaged(what)));
    }
    for event in events {
        ledger.join(event).map_err(|broken| open.error(damaged(broken.to_string())))?;
    }
    Ok(())
}

/// What clean-ups saw of an account's keys when they switched them. It is in the journal, and nowhere else.
pub(super) async fn own_looks(
    open: &mut Transaction,
    account: AccountId,
) -> Result<Observations, StoreError> {
    // Only these events hold looks, and each begins with its name.
    let rows = open
        .rows(
            "select number, event, previous, journal.digest, account, access_key, coalesce(plans.id, plan) from journal left join plans on plans.digest = plan where account = $1 and event like '{\"event\":\"switched\"%' order by plan, number",
            vec![number(account).into()],
        )
        .await?;
    let mut observations = Vec::new();
    for row in &rows {
        let event = sealed(row)?.event;
        observations.extend(observed(&event, &row.text(6)?));
    }
    Ok(observations)
}

impl Journal for Sql {
    type Error = StoreError;

    async fn lease(
        &self,
        plan: Digest,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Result<Leasing, StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        // The leases of all plans are looked at, and SQLite has one writer anyway. Nothing is locked before this, so that nobody who
        // holds the row of a lease waits for it.
        if open.is_postgres() {
            open.run("lock table leases in share row exclusive mode").await?;
        }
        if let Some(row) = open.row(HELD, vec![now.unix().into(), holder.into()]).await? {
            return Ok(Leasing::Held { by: row.text(0)?, until: Instant::from_unix(row.int(1)?) });
        }
        let epoch = lock(&mut open, plan).await?.epoch.saturating_add(1);
        // Whoever had another plan, and was too late to have it extended or was killed, goes on with it no more.
        open.execute(
            "update leases set epoch = epoch + 1, until_at = null where plan <> $1 and until_at is not null",
            vec![plan.to_string().as_str().into()],
        )
        .await?;
        open.execute(
            "update leases set epoch = $2, holder = $3, until_at = $4 where plan = $1",
            vec![plan.to_string().as_str().into(), column(epoch).into(), holder.into(), until.unix().into()],
        )
        .await?;
        open.commit().await?;
        Ok(Leasing::Granted(Lease { plan, holder: holder.to_owned(), epoch, until }))
    }

    async fn extend(&self, lease: &Lease, until: Instant) -> Result<Option<Lease>, StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        let extended = open
            .execute(
                "update leases set until_at = $3 where plan = $1 and epoch = $2",
                vec![lease.plan.to_string().as_str().into(), column(lease.epoch).into(), until.unix().into()],
            )
            .await?;
        open.commit().await?;
        Ok((extended == 1).then(|| Lease { until, ..lease.clone() }))
    }

    async fn is_in_force(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let row = open
            .row("select epoch from leases where plan = $1", vec![lease.plan.to_string().as_str().into()])
            .await?;
        let epoch = row.map(|row| row.int(0)).transpose()?;
        Ok(epoch == Some(column(lease.epoch)))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        open.execute(
            "update leases set until_at = null where plan = $1 and epoch = $2",
            vec![lease.plan.to_string().as_str().into(), column(lease.epoch).into()],
        )
        .await?;
        open.commit().await
    }

    async fn append(&self, plan: Digest, event: Event) -> Result<Appended, StoreError> {
        self.queue.append(&self.database, plan, event).await
    }

    async fn record(
        &self,
        plan: Digest,
        account: AccountId,
        key: &AccessKeyId,
    ) -> Result<KeyRecord, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let record = of_key(&mut open, plan, account, key).await?;
        Ok(record)
    }

    async fn events(&self, plan: Digest) -> Result<Vec<Sealed>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let plan = plan.to_string();
        let events = open
            .each(
                "select number, event, previous, digest, account, access_key from journal where plan = $1 order by number",
                vec![plan.as_str().into()],
                |row| sealed(&row),
            )
            .await?;
        let given = leased(&mut open, &plan).await?.unwrap_or_default().events;
        is_whole(&open, events.last().map_or(0, |last| last.number), given)?;
        open.commit().await?;
        Ok(events)
    }

    async fn runs(&self) -> Result<Vec<Digest>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        // Also those whose events are gone.
        let every = "select plan from journal union select plan from leases where events > 0 order by plan";
        let rows = open.rows(every, Vec::new()).await?;
        let run = |row: &Row| {
            row.text(0)?
                .parse::<Digest>()
                .map_err(|error| open.error(damaged(format!("the journal's plan: {error}"))))
        };
        let runs = rows.iter().map(run).collect::<Result<_, _>>()?;
        Ok(runs)
    }
}
