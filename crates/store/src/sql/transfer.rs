//! `state export` and `state import`: a whole store as lines of JSON, each a value of its own, to be moved between SQLite
//! and PostgreSQL, looked into, or kept as a backup.
//!
//! The first line names the schema, the last one says how many lines came before it, so that a file that was cut off is
//! told from a whole one. Importing is all or nothing, and importing again changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

use keysweep_core::account::AccountId;
use keysweep_core::coverage::Coverage;
use keysweep_core::key::{AccessKeyId, UserName};
use serde::{Deserialize, Serialize};

use super::Sql;
use super::clean_up_transfer::{EventV1, ExemptionV1, NotAdded, PlanV1, add_event, add_exemption, add_plan};
use super::database::{Purpose, Transaction};
use super::evidence::{self, SOURCES};
use super::write::number;
use crate::document;
use crate::document::DocumentError;
use crate::document::v1::account::AccountAssessmentV1;
use crate::document::v1::evidence::ChangeV1;
use crate::document::v1::scan::{BegunV1, EndedV1, TotalsV1};
use crate::document::v1::seen::{ListingV1, LooksV1, ObservationsV1};
use crate::document::v1::{CoverageV1, parse};
use crate::error::{StoreError, StoreErrorKind};

/// The schema of the lines.
pub const SCHEMA: &str = "keysweep.state/v1";

/// A line longer than this is no export of keysweep.
const LONGEST: u64 = 1 << 30;

/// Why an export or an import ended early.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error("the export could not be written")]
    Write(#[source] std::io::Error),
    /// The file could not be read.
    #[error("the export could not be read")]
    Read(#[source] std::io::Error),
    /// The file is not a whole export. Nothing of it was imported.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Scans that were not known before.
    pub scans: u64,
    /// Results that were not known before.
    pub results: u64,
    /// Status changes that were not known before.
    pub changes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Begin { schema: String, keysweep: String },
    Change { account: String, change: ChangeV1<'a> },
    Coverage { account: String, source: String, spans: CoverageV1 },
    Owners { account: String, owners: Vec<(String, String)> },
    Looks { account: String, looks: LooksV1 },
    Listing { account: String, listing: ListingV1<'a> },
    Scan { begun: BegunV1, finished: Option<FinishedV1> },
    Result { scan: String, result: AccountAssessmentV1<'a>, observations: ObservationsV1<'a> },
    Exemption(ExemptionV1),
    Plan(PlanV1),
    Event(EventV1),
    End { lines: u64 },
}

#[derive(Serialize, Deserialize)]
struct FinishedV1 {
    at: i64,
    totals: TotalsV1,
    ended: EndedV1,
}

/// Counts the lines that it writes.
struct Lines<'a> {
    to: &'a mut (dyn Write + Send),
    count: u64,
}

impl Lines<'_> {
    fn write(&mut self, line: &Line<'_>) -> Result<(), TransferError> {
        let text = serde_json::to_string(line).map_err(|error| TransferError::Write(error.into()))?;
        writeln!(self.to, "{text}").map_err(TransferError::Write)?;
        self.count += 1;
        Ok(())
    }
}

impl Sql {
    /// Writes everything that is in the store.
    pub async fn export(&self, to: &mut (dyn Write + Send)) -> Result<(), TransferError> {
        let mut open = self.database.begin(Purpose::Read).await?;
        let mut lines = Lines { to, count: 0 };
        let keysweep = env!("CARGO_PKG_VERSION").to_owned();
        lines.write(&Line::Begin { schema: SCHEMA.to_owned(), keysweep })?;
        let mut owners = evidence::all_owners(&mut open).await?;
        for account in super::check::accounts(&mut open).await? {
            let owners = owners.remove(&account).unwrap_or_default();
            export_account(&mut open, account, &owners, &mut lines).await?;
        }
        for id in open.texts("select id from scans order by started_at, id").await? {
            self.export_scan(&mut open, &id, &mut lines).await?;
        }
        let (exemptions, plans, events) = Self::clean_up_lines(&mut open).await?;
        for line in exemptions
            .into_iter()
            .map(Line::Exemption)
            .chain(plans.into_iter().map(Line::Plan))
            .chain(events.into_iter().map(Line::Event))
        {
            lines.write(&line)?;
        }
        let count = lines.count;
        lines.write(&Line::End { lines: count })?;
        lines.to.flush().map_err(TransferError::Write)
    }

    async fn export_scan(
        &self,
        open: &mut Transaction,
        id: &str,
        lines: &mut Lines<'_>,
    ) -> Result<(), TransferError> {
        let unreadable = |what: &str, error| {
            StoreError::unreadable(&self.database.name, format!("{what} of scan {id}"), error)
        };
        let select = "select begun, finished_at, totals, ended from scans where id = $1";
        let Some(row) = open.row(select, vec![id.into()]).await? else { return Ok(()) };
        let begun = document::read(&row.bytes(0)?).map_err(|error| unreadable("the beginning", error))?;
        let finished = match row.int_or_null(1)? {
            None => None,
            Some(at) => Some(FinishedV1 {
                at,
                totals: document::read(&row.bytes(2)?).map_err(|error| unreadable("the totals", error))?,
                ended: document::read(&row.bytes(3)?).map_err(|error| unreadable("the end", error))?,
            }),
        };
        lines.write(&Line::Scan { begun, finished })?;
        let select = "select result, observations from results where scan = $1 order by account";
        for row in open.rows(select, vec![id.into()]).await? {
            lines.write(&Line::Result {
                scan: id.to_owned(),
                result: document::read(&row.bytes(0)?).map_err(|error| unreadable("a result", error))?,
                observations: document::read(&row.bytes(1)?)
                    .map_err(|error| unreadable("a result", error))?,
            })?;
        }
        Ok(())
    }

    /// Adds everything that [`Sql::export`] wrote, as a whole or not at all.
    pub async fn import_all(&self, from: &mut (dyn BufRead + Send)) -> Result<Transferred, TransferError> {
        let mut open = self.database.begin(Purpose::Write).await?;
        let mut import = Import::default();
        let mut text = String::new();
        for line in 1.. {
            text.clear();
            let wrong = |reason: String| TransferError::Line { line, reason };
            let read =
                std::io::Read::take(&mut *from, LONGEST).read_line(&mut text).map_err(TransferError::Read)?;
            if read == 0 {
                return Err(wrong("the file ends here, before its last line: it was cut off".to_owned()));
            }
            let parsed = serde_json::from_str(&text)
                .map_err(|error| wrong(format!("it is no line of an export of keysweep: {error}")))?;
            match (line, parsed) {
                (1, Line::Begin { schema, .. }) if schema == SCHEMA => {}
                (1, Line::Begin { schema, keysweep }) => {
                    return Err(wrong(format!(
                        "it has the schema {schema:?} of keysweep {keysweep}, and this one reads {SCHEMA:?}"
                    )));
                }
                (1, _) => return Err(wrong("it does not name the schema of an export".to_owned())),
                (_, Line::End { lines }) if lines + 1 == line => break,
                (_, Line::End { lines }) => {
                    return Err(wrong(format!(
                        "{} lines came before it, and {lines} were written",
                        line - 1
                    )));
                }
                (_, parsed) => match import.add(&mut open, parsed).await {
                    Ok(()) => {}
                    Err(Refused::Store(error)) => return Err(error.into()),
                    Err(Refused::Document(error)) => return Err(wrong(error.to_string())),
                },
            }
        }
        for account in import.accounts {
            evidence::condense_anew(&mut open, account).await?;
        }
        open.commit().await?;
        self.database.settle().await;
        Ok(import.brought)
    }
}

async fn export_account(
    open: &mut Transaction,
    id: AccountId,
    owners: &[(AccessKeyId, UserName)],
    lines: &mut Lines<'_>,
) -> Result<(), TransferError> {
    let account = id.to_string();
    for change in evidence::changes(open, id).await? {
        lines.write(&Line::Change { account: account.clone(), change: ChangeV1::of(&change) })?;
    }
    for source in SOURCES {
        let coverage = evidence::coverage(open, id, source).await?;
        if !coverage.is_empty() {
            let spans = CoverageV1::of(&coverage);
            lines.write(&Line::Coverage { account: account.clone(), source: source.to_owned(), spans })?;
        }
    }
    if !owners.is_empty() {
        let owners =
            owners.iter().map(|(key, user)| (key.as_str().to_owned(), user.as_str().to_owned())).collect();
        lines.write(&Line::Owners { account: account.clone(), owners })?;
    }
    let looks = evidence::looks(open, id).await?;
    if !looks.is_empty() {
        lines.write(&Line::Looks { account: account.clone(), looks: LooksV1::of(&looks) })?;
    }
    if let Some(listing) = evidence::listing(open, id).await? {
        lines.write(&Line::Listing { account, listing: ListingV1::of(&listing) })?;
    }
    Ok(())
}

enum Refused {
    Store(StoreError),
    Document(DocumentError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NotAdded> for Refused {
    fn from(refused: NotAdded) -> Self {
        match refused {
            NotAdded::Store(error) => Self::Store(error),
            NotAdded::Document(error) => Self::Document(error),
        }
    }
}

impl From<DocumentError> for Refused {
    fn from(error: DocumentError) -> Self {
        Self::Document(error)
    }
}

#[derive(Default)]
struct Import {
    brought: Transferred,
    /// The accounts that something was brought of.
    accounts: BTreeSet<AccountId>,
}

impl Import {
    async fn account(&mut self, open: &mut Transaction, id: &str) -> Result<AccountId, Refused> {
        let account = parse(id)?;
        if self.accounts.insert(account) {
            evidence::lock(open, account).await?;
        }
        Ok(account)
    }

    async fn add(&mut self, open: &mut Transaction, line: Line<'_>) -> Result<(), Refused> {
        match line {
            Line::Begin { .. } | Line::End { .. } => {
                Err(DocumentError::Value("a line that stands elsewhere".to_owned()).into())
            }
            Line::Change { account, change } => {
                let account = self.account(open, &account).await?;
                self.brought.changes += evidence::add_changes(open, account, &[change.read()?]).await?;
                Ok(())
            }
            Line::Coverage { account, source, spans } => {
                let account = self.account(open, &account).await?;
                if !SOURCES.contains(&source.as_str()) {
                    return Err(DocumentError::Value(format!("coverage from {source:?}")).into());
                }
                let spans: Coverage = spans.read()?;
                Ok(evidence::add_coverage(open, account, &source, &spans).await?)
            }
            Line::Owners { account, owners } => {
                let account = self.account(open, &account).await?;
                let mut known = BTreeSet::new();
                for (key, user) in owners {
                    known.insert((parse(&key)?, parse(&user)?));
                }
                Ok(evidence::add_owners(open, account, known).await?)
            }
            Line::Looks { account, looks } => {
                let account = self.account(open, &account).await?;
                let looks: BTreeMap<_, _> =
                    looks.read()?.into_iter().map(|(key, looks)| (key, looks.kept)).collect();
                Ok(evidence::add_looks(open, account, looks).await?)
            }
            Line::Listing { account, listing } => {
                let account = self.account(open, &account).await?;
                let listing = listing.read()?;
                let known = evidence::listing(open, account).await?;
                // What was listed last holds.
                if known.is_none_or(|known| known.vouched_at < listing.vouched_at) {
                    evidence::set_listing(open, account, &listing).await?;
                }
                Ok(())
            }
            Line::Exemption(exemption) => Ok(add_exemption(open, exemption).await?),
            Line::Plan(plan) => Ok(add_plan(open, plan).await?),
            Line::Event(event) => Ok(add_event(open, event).await?),
            Line::Scan { begun, finished } => self.scan(open, begun, finished).await,
            Line::Result { scan, result, observations } => {
                self.result(open, &scan, result, observations).await
            }
        }
    }

    async fn scan(
        &mut self,
        open: &mut Transaction,
        begun: BegunV1,
        finished: Option<FinishedV1>,
    ) -> Result<(), Refused> {
        let bytes = document::write(&begun)?;
        let begun = begun.read()?;
        let id = begun.id.as_str();
        self.brought.scans += open
            .execute(
                "insert into scans (id, started_at, begun) values ($1, $2, $3) on conflict do nothing",
                vec![id.into(), begun.started_at.unix().into(), bytes.into()],
            )
            .await?;
        if let Some(FinishedV1 { at, totals, ended }) = finished {
            let (totals, ended) = (document::write(&totals)?, document::write(&ended)?);
            open.execute(
                "update scans set finished_at = $2, totals = $3, ended = $4 where id = $1 and finished_at is null",
                vec![id.into(), at.into(), totals.into(), ended.into()],
            )
            .await?;
        }
        Ok(())
    }

    async fn result(
        &mut self,
        open: &mut Transaction,
        scan: &str,
        result: AccountAssessmentV1<'_>,
        observations: ObservationsV1<'_>,
    ) -> Result<(), Refused> {
        let (bytes, observed) = (document::write(&result)?, document::write(&observations)?);
        observations.read()?;
        let account = result.read()?.account.id;
        let known = open.row("select id from scans where id = $1", vec![scan.into()]).await?;
        if known.is_none() {
            return Err(open.error(StoreErrorKind::UnknownScan(scan.to_owned())).into());
        }
        self.account(open, &account.to_string()).await?;
        self.brought.results += open
            .execute(
                "insert into results (account, scan, result, observations) values ($1, $2, $3, $4) on conflict do nothing",
                vec![number(account).into(), scan.into(), bytes.into(), observed.into()],
            )
            .await?;
        Ok(())
    }
}
