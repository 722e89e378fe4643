//! Export and import of clean-up: exemptions, which must protect in the next store as well, plans with when they were published,
//! and journals. Approvals stay behind: whoever moves a store approves again.

use keysweep_core::journal::{Event, Sealed};
use keysweep_core::ports::Agreements as _;
use serde::{Deserialize, Serialize};

use super::Sql;
use super::database::Transaction;
use super::journal::{column, is_found_by};
use super::write::number;
use crate::document::DocumentError;
use crate::error::StoreError;

/// An exemption, as its columns have it.
#[derive(Serialize, Deserialize)]
pub(super) struct ExemptionV1 {
    id: String,
    protects: String,
    reason: String,
    author: String,
    created_at: i64,
    expires_at: i64,
}

/// A plan.
#[derive(Serialize, Deserialize)]
pub(super) struct PlanV1 {
    digest: String,
    id: String,
    made_at: i64,
    file: String,
    published_at: Option<i64>,
}

/// An event of a journal.
#[derive(Serialize, Deserialize)]
pub(super) struct EventV1 {
    plan: String,
    number: i64,
    account: Option<String>,
    access_key: Option<String>,
    event: String,
    previous: String,
    digest: String,
}

impl Sql {
    /// Everything of clean-up that moves, damaged or not.
    pub(super) async fn clean_up_lines(
        open: &mut Transaction,
    ) -> Result<(Vec<ExemptionV1>, Vec<PlanV1>, Vec<EventV1>), StoreError> {
        let exemptions = open
            .rows(
                "select id, protects, reason, author, created_at, expires_at from exemptions order by id",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| {
                Ok(ExemptionV1 {
                    id: row.text(0)?,
                    protects: row.text(1)?,
                    reason: row.text(2)?,
                    author: row.text(3)?,
                    created_at: row.int(4)?,
                    expires_at: row.int(5)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let plans = open
            .rows(
                "select digest, id, made_at, file, published_at from plans left join publications on plan = digest order by made_at, digest",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| {
                Ok(PlanV1 {
                    digest: row.text(0)?,
                    id: row.text(1)?,
                    made_at: row.int(2)?,
                    file: row.text(3)?,
                    published_at: row.int_or_null(4)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let events = open
            .rows(
                "select plan, number, account, access_key, event, previous, digest from journal order by plan, number",
                Vec::new(),
            )
            .await?
            .iter()
            .map(|row| {
                Ok(EventV1 {
                    plan: row.text(0)?,
                    number: row.int(1)?,
                    account: row.int_or_null(2)?.map(|account| format!("{account:012}")),
                    access_key: row.text_or_null(3)?,
                    event: row.text(4)?,
                    previous: row.text(5)?,
                    digest: row.text(6)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok((exemptions, plans, events))
    }

    /// Whether exemptions can be read: what cannot protects nothing.
    pub(super) async fn exemption_fault(&self) -> Option<StoreError> {
        self.kept_exemptions().await.err()
    }
}

/// Why a line was not added.
pub(super) enum NotAdded {
    Store(StoreError),
    Document(DocumentError),
}

impl From<StoreError> for NotAdded {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn wrong(what: String) -> NotAdded {
    NotAdded::Document(DocumentError::Value(what))
}

/// Adds an exemption. Another one with its id would have to give way, and protect no longer: that is refused.
pub(super) async fn add_exemption(open: &mut Transaction, one: ExemptionV1) -> Result<(), NotAdded> {
    let select = "select protects, reason, author, created_at, expires_at from exemptions where id = $1";
    if let Some(row) = open.row(select, vec![one.id.as_str().into()]).await? {
        let same = row.text(0)? == one.protects
            && row.text(1)? == one.reason
            && row.text(2)? == one.author
            && row.int(3)? == one.created_at
            && row.int(4)? == one.expires_at;
        return if same {
            Ok(())
        } else {
            Err(wrong(format!("another exemption {:?} than the store has", one.id)))
        };
    }
    open.execute(
        "insert into exemptions (id, protects, reason, author, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
        vec![
            one.id.as_str().into(),
            one.protects.as_str().into(),
            one.reason.as_str().into(),
            one.author.as_str().into(),
            one.created_at.into(),
            one.expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Adds a plan.
pub(super) async fn add_plan(open: &mut Transaction, plan: PlanV1) -> Result<(), NotAdded> {
    open.execute(
        "insert into plans (digest, id, made_at, file) values ($1, $2, $3, $4) on conflict do nothing",
        vec![
            plan.digest.as_str().into(),
            plan.id.as_str().into(),
            plan.made_at.into(),
            plan.file.as_str().into(),
        ],
    )
    .await?;
    if let Some(at) = plan.published_at {
        open.execute(
            "insert into publications (plan, published_at) values ($1, $2) on conflict do nothing",
            vec![plan.digest.as_str().into(), at.into()],
        )
        .await?;
    }
    Ok(())
}

/// Adds an event behind those that are there; a journal that went on otherwise in this store is not overwritten.
pub(super) async fn add_event(open: &mut Transaction, event: EventV1) -> Result<(), NotAdded> {
    let EventV1 { plan, number: place, account, access_key, event, previous, digest } = event;
    let parsed = |text: &str| {
        text.parse().map_err(|error| wrong(format!("event {place} of the journal of {plan}: {error}")))
    };
    let place_of = u64::try_from(place).map_err(|_| wrong("a journal with a negative number".to_owned()))?;
    let sealed = Sealed::read(place_of, &event, parsed(&previous)?, parsed(&digest)?)
        .map_err(|broken| wrong(format!("a damaged journal of {plan}: {broken}")))?;
    let account: Option<keysweep_core::account::AccountId> = account
        .map(|account| account.parse().map_err(|error| wrong(format!("an account: {error}"))))
        .transpose()?;
    let account = account.map(number);
    if !is_found_by(&sealed.event, account, access_key.as_deref()) {
        return Err(wrong(format!(
            "a damaged journal of {plan}: event {place} stands under another key than it tells of"
        )));
    }
    let select = "select digest from journal where plan = $1 and number = $2";
    if let Some(row) = open.row(select, vec![plan.as_str().into(), place.into()]).await? {
        return if row.text(0)? == digest {
            Ok(())
        } else {
            Err(wrong(format!("another event {place} of the journal of {plan} than the store has")))
        };
    }
    // Leases stay behind; the next one must have a number that this journal has not seen.
    let opened = match sealed.event {
        Event::Opened { epoch, .. } | Event::Reverting { epoch, .. } => epoch,
        _ => 0,
    };
    open.execute(
        "insert into leases (plan, epoch, holder, events) values ($1, $2, '', $3) on conflict (plan) do update set epoch = case when leases.epoch < $2 then $2 else leases.epoch end, events = case when leases.events < $3 then $3 else leases.events end",
        vec![plan.as_str().into(), column(opened).into(), place.into()],
    )
    .await?;
    open.execute(
        "insert into journal (plan, number, account, access_key, event, previous, digest) values ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            plan.as_str().into(),
            place.into(),
            account.into(),
            access_key.as_deref().into(),
            event.as_str().into(),
            previous.as_str().into(),
            digest.as_str().into(),
        ],
    )
    .await?;
    Ok(())
}
