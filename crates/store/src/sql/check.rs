//! `state check`: what the database says of itself, and what keysweep promises of it. It changes nothing.

use std::collections::BTreeSet;

use keysweep_core::account::AccountId;
use keysweep_core::journal::Ledger;
use keysweep_core::plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements as _, Journal as _};
use keysweep_core::totals::Totals;

use super::database::{Purpose, Transaction};
use super::evidence::{self, account_id};
use super::journal::leased;
use super::schema;
use super::{PATIENCE, Sql};
use crate::document;
use crate::document::v1::seen::ObservationsV1;
use crate::error::{StoreError, StoreErrorKind};
use crate::location::Location;

/// What `state check` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The version of the tables.
    pub schema: i64,
    /// How many scans there are.
    pub scans: usize,
    /// How many of them did not finish, or are still running.
    pub unfinished: usize,
    /// How many accounts something is known of.
    pub accounts: usize,
    /// What is wrong; nothing where the store is sound.
    pub faults: Vec<String>,
}

impl Sql {
    /// Looks at everything in the store at `location`, and tells all that is wrong with it. The store is neither made nor
    /// migrated. An error means that it could not even be looked at.
    pub async fn check(location: &Location) -> Result<Checked, StoreError> {
        let store = Self::connect(location, false, PATIENCE).await?;
        store.examine().await
    }

    async fn examine(&self) -> Result<Checked, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let mut faults = Vec::new();
        if !open.is_postgres() {
            for pragma in ["pragma integrity_check(20)", "pragma foreign_key_check"] {
                match open.texts(pragma).await {
                    Ok(rows) => faults.extend(
                        rows.into_iter().filter(|text| text != "ok").map(|text| format!("SQLite: {text}")),
                    ),
                    Err(error) => faults.push(told(&error)),
                }
            }
        }
        let schema = schema::version(&mut open).await?;
        if schema > schema::newest() {
            return Err(open.error(StoreErrorKind::Newer { found: schema, known: schema::newest() }));
        }
        let mut checked = Checked { schema, scans: 0, unfinished: 0, accounts: 0, faults };
        if schema == schema::newest() {
            match self.accounts(&mut open, &mut checked).await {
                Ok(()) => {}
                Err(error) => checked.faults.push(told(&error)),
            }
            open.commit().await?;
            checked.faults.extend(self.exemption_fault().await.iter().map(told));
            match self.clean_up(&mut checked).await {
                Ok(()) => {}
                Err(error) => checked.faults.push(told(&error)),
            }
            match self.scans(&mut checked).await {
                Ok(()) => {}
                Err(error) => checked.faults.push(told(&error)),
            }
        }
        Ok(checked)
    }

    /// What is recalled of each account.
    async fn accounts(&self, open: &mut Transaction, checked: &mut Checked) -> Result<(), StoreError> {
        let known = accounts(open).await?;
        checked.accounts = known.len();
        if let Err(error) = evidence::all_owners(open).await {
            checked.faults.push(told(&error));
        }
        for account in known {
            for fault in evidence::faults(open, account).await {
                checked.faults.push(format!("account {account}: {fault}"));
            }
        }
        Ok(())
    }

    /// Each plan, its approvals, and the journal of its run.
    async fn clean_up(&self, checked: &mut Checked) -> Result<(), StoreError> {
        for plan in self.plans().await? {
            match plan::document::read(&plan.text) {
                Ok((_, digest)) if digest == plan.digest => {}
                Ok(_) => checked.faults.push(format!("plan {}: its file is that of another", plan.id)),
                Err(error) => checked.faults.push(format!("plan {}: {error}", plan.id)),
            }
            if let Err(error) = self.approvals(plan.digest).await {
                checked.faults.push(told(&error));
            }
        }
        for run in self.runs().await? {
            match self.events(run).await {
                Ok(events) => match Ledger::replay(run, &events) {
                    Ok(ledger) => {
                        let fault = self.lease_fault(run, ledger.epoch()).await?;
                        checked.faults.extend(fault.map(|fault| format!("the run of plan {run}: {fault}")));
                    }
                    Err(broken) => checked.faults.push(format!("the run of plan {run}: {broken}")),
                },
                Err(error) => checked.faults.push(format!("the run of plan {run}: {}", told(&error))),
            }
        }
        Ok(())
    }

    /// What is wrong with the lease of a run that was opened with this number last.
    async fn lease_fault(&self, run: Digest, opened: u64) -> Result<Option<String>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let number = leased(&mut open, &run.to_string()).await?.unwrap_or_default().epoch;
        let fault = format!(
            "its lease has the number {number}, and its journal was opened with number {opened}: leases were removed, and it cannot go on"
        );
        Ok(Some(fault).filter(|_| number < opened))
    }

    /// Each scan and its results.
    async fn scans(&self, checked: &mut Checked) -> Result<(), StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let half = "select id from scans where (finished_at is null) <> (totals is null) or (finished_at is null) <> (ended is null)";
        for row in open.rows(half, Vec::new()).await? {
            checked.faults.push(format!("scan {}: it has half an end", row.text(0)?));
        }
        let ids = open.texts("select id from scans order by started_at, id").await?;
        open.commit().await?;
        checked.scans = ids.len();
        let records = match self.list_scans().await {
            Ok(records) => records,
            Err(error) => {
                checked.faults.push(told(&error));
                return Ok(());
            }
        };
        for record in records {
            let id = &record.begun.id;
            if !ids.contains(id) {
                checked.faults.push(format!("scan {id}: its document tells of another"));
            }
            checked.unfinished += usize::from(record.finished.is_none());
            let faults = self.results(id).await?;
            let sound = faults.is_empty();
            checked.faults.extend(faults.into_iter().map(|fault| format!("scan {id}: {fault}")));
            let Some(finished) = record.finished.filter(|_| sound) else { continue };
            match self.load_assessment(id).await {
                Ok(Some(assessment)) if Totals::of(&assessment) == finished.totals => {}
                Ok(_) => checked.faults.push(format!("scan {id}: its results do not add up to its totals")),
                Err(error) => checked.faults.push(told(&error)),
            }
        }
        Ok(())
    }

    async fn results(&self, scan: &str) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        let mut open = self.database.begin(Purpose::Read).await?;
        let rows = open
            .rows("select account, result, observations from results where scan = $1", vec![scan.into()])
            .await?;
        for row in rows {
            let account = account_id(row.int(0)?, open.name())?;
            match self.read_result(scan, &row, 1) {
                Ok(result) if result.account.id != account => {
                    faults.push(format!("the result of account {account} is that of {}", result.account.id));
                }
                Ok(_) => {}
                Err(error) => faults.push(told(&error)),
            }
            if let Err(error) =
                document::read::<ObservationsV1>(&row.bytes(2)?).and_then(ObservationsV1::read)
            {
                faults.push(format!("what it saw of account {account} cannot be read: {error}"));
            }
        }
        Ok(faults)
    }
}

/// Every account of which anything is kept but results.
pub(super) async fn accounts(open: &mut Transaction) -> Result<BTreeSet<AccountId>, StoreError> {
    let every = "select id from accounts union select account from changes union select account from coverage union select account from owners";
    let rows = open.rows(every, Vec::new()).await?;
    rows.iter().map(|row| account_id(row.int(0)?, open.name())).collect()
}

/// An error and what caused it, in a line.
fn told(error: &StoreError) -> String {
    let mut text = error.kind.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
