//! Keeps scans: their beginning, one transaction for each account, their end.

use keysweep_core::account::AccountId;
use keysweep_core::archive::Imported;
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::memory::{Begun, Seen};
use keysweep_core::totals::Totals;
use sqlx::AssertSqlSafe;

use super::Sql;
use super::database::{Purpose, Transaction, Value, placeholders};
use super::evidence;
use crate::document;
use crate::document::v1::account::AccountAssessmentV1;
use crate::document::v1::scan::{BegunV1, EndedV1, TotalsV1};
use crate::document::v1::seen::ObservationsV1;
use crate::error::{StoreError, StoreErrorKind};

/// The number of an account as a column holds it: twelve digits fit.
pub(super) fn number(account: AccountId) -> i64 {
    i64::try_from(account.number()).unwrap_or(i64::MAX)
}

impl Sql {
    /// The bytes of a document that is to be kept.
    pub(super) fn written<T: serde::Serialize>(&self, document: &T) -> Result<Vec<u8>, StoreError> {
        document::write(document).map_err(|error| self.error(StoreErrorKind::Other).because(error))
    }

    pub(super) async fn begin_scan(&self, scan: &Begun) -> Result<(), StoreError> {
        let begun = self.written(&BegunV1::of(scan))?;
        let mut open = self.database.begin(Purpose::Write).await?;
        let added = open
            .execute(
                "insert into scans (id, started_at, begun) values ($1, $2, $3) on conflict do nothing",
                vec![scan.id.as_str().into(), scan.started_at.unix().into(), begun.into()],
            )
            .await?;
        if added == 0 {
            return Err(self.error(StoreErrorKind::ScanExists(scan.id.clone())));
        }
        open.commit().await
    }

    pub(super) async fn keep_account(
        &self,
        scan: &str,
        result: &AccountAssessment,
        seen: &Seen,
    ) -> Result<(), StoreError> {
        let account = result.account.id;
        let document = self.written(&AccountAssessmentV1::of(result))?;
        let observations = self.written(&ObservationsV1::of(&seen.observations))?;
        let mut open = self.database.begin(Purpose::Write).await?;
        running(&mut open, scan).await?;
        evidence::lock(&mut open, account).await?;
        let row = vec![number(account).into(), scan.into(), document.into(), observations.into()];
        let added = open
            .execute(
                "insert into results (account, scan, result, observations) values ($1, $2, $3, $4) on conflict do nothing",
                row,
            )
            .await?;
        if added == 0 {
            return Err(self.error(StoreErrorKind::AlreadyKept { scan: scan.to_owned(), account }));
        }
        evidence::add(&mut open, scan, result, seen).await?;
        open.commit().await
    }

    pub(super) async fn finish_scan(&self, assessment: &Assessment) -> Result<(), StoreError> {
        let id = assessment.id.as_str();
        let totals = self.written(&TotalsV1::of(&Totals::of(assessment)))?;
        let ended = self.written(&EndedV1::of(assessment))?;
        let nothing = self.written(&ObservationsV1::of(&[]))?;
        let mut open = self.database.begin(Purpose::Write).await?;
        running(&mut open, id).await?;
        let mut kept = std::collections::BTreeSet::new();
        for row in open.rows("select account from results where scan = $1", vec![id.into()]).await? {
            kept.insert(row.int(0)?);
        }
        let mut rows = Vec::new();
        for result in &assessment.accounts {
            let account = number(result.account.id);
            if !kept.contains(&account) {
                let document = self.written(&AccountAssessmentV1::of(result))?;
                rows.push(vec![account.into(), id.into(), document.into(), nothing.clone().into()]);
            }
        }
        insert(&mut open, "results (account, scan, result, observations)", rows, "").await?;
        open.execute(
            "update scans set finished_at = $2, totals = $3, ended = $4 where id = $1",
            vec![id.into(), assessment.finished_at.unix().into(), totals.into(), ended.into()],
        )
        .await?;
        open.commit().await?;
        self.database.settle().await;
        Ok(())
    }

    pub(super) async fn import_evidence(
        &self,
        account: AccountId,
        imported: &Imported,
    ) -> Result<u64, StoreError> {
        let mut open = self.database.begin(Purpose::Write).await?;
        evidence::lock(&mut open, account).await?;
        let added = evidence::import(&mut open, account, imported).await?;
        open.commit().await?;
        Ok(added)
    }
}

/// Fails where the scan did not begin, or has finished.
async fn running(open: &mut Transaction, scan: &str) -> Result<(), StoreError> {
    let row = open.row("select finished_at from scans where id = $1", vec![scan.into()]).await?;
    match row {
        None => Err(open.error(StoreErrorKind::UnknownScan(scan.to_owned()))),
        Some(row) if row.int_or_null(0)?.is_some() => {
            Err(open.error(StoreErrorKind::ScanFinished(scan.to_owned())))
        }
        Some(_) => Ok(()),
    }
}

/// So many rows at a time: each statement is a way to the server and back.
const ROWS_FOR_A_SERVER: usize = 500;
/// SQLite looks for each value of a statement among all before it.
const ROWS_FOR_A_FILE: usize = 32;

/// Inserts rows into a table, given with its columns; how many were new.
pub(super) async fn insert(
    open: &mut Transaction,
    table: &str,
    rows: Vec<Vec<Value>>,
    on_conflict: &str,
) -> Result<u64, StoreError> {
    let at_a_time = if open.is_postgres() { ROWS_FOR_A_SERVER } else { ROWS_FOR_A_FILE };
    let mut added = 0;
    let mut rows = rows.into_iter().peekable();
    while let Some(columns) = rows.peek().map(Vec::len) {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(at_a_time).collect();
        let statement =
            format!("insert into {table} values {} {on_conflict}", placeholders(chunk.len(), columns));
        added += open.execute(AssertSqlSafe(statement), chunk.into_iter().flatten().collect()).await?;
    }
    Ok(added)
}
