//! Tells of the past: scans, assessments, keys.

use std::collections::BTreeMap;

use keysweep_core::account::AccountId;
use keysweep_core::archive::{Finished, KeyQuery, KnownKey, ScanRecord};
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::memory::Begun;
use keysweep_core::time::Instant;

use super::Sql;
use super::database::{Purpose, Row};
use super::evidence::account_id;
use super::write::number;
use crate::document::v1::account::AccountAssessmentV1;
use crate::document::v1::scan::{BegunV1, EndedV1, TotalsV1};
use crate::document::{self, DocumentError};
use crate::error::StoreError;

impl Sql {
    fn unreadable(&self, what: String, error: DocumentError) -> StoreError {
        StoreError::unreadable(&self.database.name, what, error)
    }

    fn read_begun(&self, id: &str, bytes: &[u8]) -> Result<Begun, StoreError> {
        let begun = document::read::<BegunV1>(bytes).and_then(BegunV1::read);
        begun.map_err(|error| self.unreadable(format!("the beginning of scan {id}"), error))
    }

    pub(super) fn read_result(
        &self,
        scan: &str,
        row: &Row,
        column: usize,
    ) -> Result<AccountAssessment, StoreError> {
        let result =
            document::read::<AccountAssessmentV1>(&row.bytes(column)?).and_then(AccountAssessmentV1::read);
        result.map_err(|error| self.unreadable(format!("a result of scan {scan}"), error))
    }

    pub(super) async fn list_scans(&self) -> Result<Vec<ScanRecord>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let rows = open
            .rows(
                "select id, begun, finished_at, totals from scans order by started_at desc, id desc",
                Vec::new(),
            )
            .await?;
        rows.iter().map(|row| self.scan_record(row)).collect()
    }

    fn scan_record(&self, row: &Row) -> Result<ScanRecord, StoreError> {
        let id = row.text(0)?;
        let begun = self.read_begun(&id, &row.bytes(1)?)?;
        let Some(at) = row.int_or_null(2)? else { return Ok(ScanRecord { begun, finished: None }) };
        let totals = document::read::<TotalsV1>(&row.bytes(3)?).and_then(TotalsV1::read);
        let totals = totals.map_err(|error| self.unreadable(format!("the totals of scan {id}"), error))?;
        Ok(ScanRecord { begun, finished: Some(Finished { at: Instant::from_unix(at), totals }) })
    }

    pub(super) async fn load_assessment(&self, id: &str) -> Result<Option<Assessment>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let scan = open
            .row(
                "select begun, finished_at, ended from scans where id = $1 and finished_at is not null",
                vec![id.into()],
            )
            .await?;
        let Some(scan) = scan else { return Ok(None) };
        let begun = self.read_begun(id, &scan.bytes(0)?)?;
        let ended = document::read::<EndedV1>(&scan.bytes(2)?).and_then(EndedV1::read);
        let (problems, calls) =
            ended.map_err(|error| self.unreadable(format!("the end of scan {id}"), error))?;
        let rows =
            open.rows("select result from results where scan = $1 order by account", vec![id.into()]).await?;
        let accounts = rows.iter().map(|row| self.read_result(id, row, 0));
        Ok(Some(Assessment {
            accounts: accounts.collect::<Result<_, _>>()?,
            id: begun.id,
            version: begun.version,
            scope: begun.scope,
            caller: begun.caller,
            policy: begun.policy,
            started_at: begun.started_at,
            finished_at: Instant::from_unix(scan.int(1)?),
            problems,
            calls,
        }))
    }

    pub(super) async fn load_account(
        &self,
        scan: &str,
        account: AccountId,
    ) -> Result<Option<AccountAssessment>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let row = open
            .row(
                "select result from results where account = $1 and scan = $2",
                vec![number(account).into(), scan.into()],
            )
            .await?;
        row.map(|row| self.read_result(scan, &row, 0)).transpose()
    }

    pub(super) async fn list_scans_of(&self, account: AccountId) -> Result<Vec<String>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let rows = open
            .rows(
                "select scans.id from results join scans on scans.id = results.scan \
                 where results.account = $1 order by scans.started_at desc, scans.id desc",
                vec![number(account).into()],
            )
            .await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    pub(super) async fn list_accounts_of(&self, scan: &str) -> Result<Vec<AccountId>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let rows = open
            .rows("select account from results where scan = $1 order by account", vec![scan.into()])
            .await?;
        rows.iter().map(|row| account_id(row.int(0)?, &self.database.name)).collect()
    }

    pub(super) async fn search_keys(&self, query: &KeyQuery) -> Result<Vec<KnownKey>, StoreError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let rows = match query {
            KeyQuery::IdPrefix(prefix) => {
                // Texts are compared by bytes, and no id has a byte above this one.
                let beyond = format!("{prefix}\u{7f}");
                open.rows(
                    "select account, access_key, user_name from owners where access_key >= $1 and access_key < $2",
                    vec![prefix.as_str().into(), beyond.as_str().into()],
                )
                .await?
            }
            KeyQuery::User(user) => {
                open.rows(
                    "select others.account, others.access_key, others.user_name from owners \
                     join owners as others on others.access_key = owners.access_key and others.account = owners.account \
                     where owners.user_name = $1",
                    vec![user.as_str().into()],
                )
                .await?
            }
        };
        let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &rows {
            let what = || "the owner of a key".to_owned();
            let account = account_id(row.int(0)?, &self.database.name)?;
            let key =
                row.text(1)?.parse().map_err(|error| self.unreadable(what(), DocumentError::value(error)))?;
            let user =
                row.text(2)?.parse().map_err(|error| self.unreadable(what(), DocumentError::value(error)))?;
            keys.entry((account, key)).or_default().push(user);
        }
        let known = |((account, key), mut owners): (_, Vec<_>)| {
            owners.sort_unstable();
            KnownKey { account, key, owners }
        };
        Ok(keys.into_iter().map(known).collect())
    }
}
