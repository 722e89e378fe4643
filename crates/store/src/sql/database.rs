//! One way to talk to SQLite and PostgreSQL: the same query texts, `$1` for the first value, and errors told apart by
//! what can be done about them. What is asked is decided elsewhere.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{Row as _, SqlSafeStr};

use crate::error::{StoreError, StoreErrorKind};

/// A value to bind.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Bytes(value)
    }
}

/// Connections to one database.
pub(super) struct Database {
    /// Where it is, without credentials.
    pub(super) name: String,
    pub(super) pool: Pool,
}

pub(super) enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

/// What is to be done with the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One query, which sees one state of the database by itself.
    Ask,
    /// It sees one state of the database throughout.
    Read,
    /// It waits for other writers first. Once committed, it survives the end of the process.
    Write,
    /// As [`Purpose::Write`], and once committed, it survives a loss of power: nothing is done in AWS before what was intended is
    /// on the disk.
    Record,
}

impl Database {
    pub(super) fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(&self.name, kind)
    }

    pub(super) async fn begin(&self, purpose: Purpose) -> Result<Transaction, StoreError> {
        let inner = match &self.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let begin = match purpose {
                    Purpose::Ask => None,
                    Purpose::Read => Some("begin"),
                    Purpose::Write => Some("pragma synchronous = normal; begin immediate"),
                    Purpose::Record => Some("pragma synchronous = full; begin immediate"),
                };
                Held::of(pool, begin).await.map(Inner::Sqlite)
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let begin = match purpose {
                    Purpose::Ask => None,
                    Purpose::Read => Some("begin isolation level repeatable read read only"),
                    Purpose::Write => Some("begin"),
                    // A server may be set to answer before the disk has it; one that waits for replicas keeps doing so. What others
                    // wrote while it waited for them is seen.
                    Purpose::Record => Some(
                        "begin isolation level read committed; select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'",
                    ),
                };
                Held::of(pool, begin).await.map(Inner::Postgres)
            }
        };
        let inner = inner.map_err(|error| failure(&self.name, error))?;
        Ok(Transaction { name: self.name.clone(), inner })
    }
}

impl Database {
    /// Moves what was written from SQLite's log into the file, so that a copy of the file is a copy of the store. Where
    /// somebody reads at the moment, that is left to the next: nothing is lost by it.
    pub(super) async fn settle(&self) {
        match &self.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let _ = sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(pool).await;
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => {}
        }
    }

    /// Gives back the space of what was removed. PostgreSQL does so by itself.
    pub(super) async fn compact(&self) -> Result<(), StoreError> {
        match &self.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let done = sqlx::raw_sql("vacuum").execute(pool).await;
                done.map_err(|error| failure(&self.name, error))?;
                self.settle().await;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Ok(()),
        }
    }
}

/// A transaction; for [`Purpose::Ask`], no more than the way to one query. It is rolled back where it is dropped without
/// [`Transaction::commit`].
pub(super) struct Transaction {
    name: String,
    inner: Inner,
}

enum Inner {
    #[cfg(feature = "sqlite")]
    Sqlite(Held<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Held<sqlx::Postgres>),
}

/// A connection, in a transaction or not.
enum Held<D: sqlx::Database> {
    Alone(sqlx::pool::PoolConnection<D>),
    Begun(sqlx::Transaction<'static, D>),
}

impl<D: sqlx::Database> Held<D> {
    async fn of(pool: &sqlx::Pool<D>, begin: Option<&'static str>) -> Result<Self, sqlx::Error> {
        match begin {
            Some(begin) => pool.begin_with(begin).await.map(Self::Begun),
            None => pool.acquire().await.map(Self::Alone),
        }
    }

    fn connection(&mut self) -> &mut D::Connection {
        match self {
            Self::Alone(connection) => connection,
            Self::Begun(transaction) => transaction,
        }
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Alone(_) => Ok(()),
            Self::Begun(transaction) => transaction.commit().await,
        }
    }
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Transaction {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(&self.name, kind)
    }

    pub(super) fn is_postgres(&self) -> bool {
        match self.inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) => true,
        }
    }

    /// Runs a statement; how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = match &mut self.inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite(open) => {
                bound!(sql, values).execute(open.connection()).await.map(|done| done.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => {
                bound!(sql, values).execute(open.connection()).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| failure(&self.name, error))
    }

    /// Runs statements without values.
    pub(super) async fn run(&mut self, sql: impl SqlSafeStr) -> Result<(), StoreError> {
        let done = match &mut self.inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite(open) => sqlx::raw_sql(sql).execute(open.connection()).await.map(|_| ()),
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => sqlx::raw_sql(sql).execute(open.connection()).await.map(|_| ()),
        };
        done.map_err(|error| failure(&self.name, error))
    }

    /// The rows of a query.
    pub(super) async fn rows(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.each(sql, values, Ok).await
    }

    /// What is read from each row of a query. A row takes ten times the memory of what it holds, and is gone once it is read.
    pub(super) async fn each<T>(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let Self { name, inner } = self;
        match inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite(open) => {
                let rows = bound!(sql, values).fetch(open.connection());
                gathered(name, rows.map_ok(AnyRow::Sqlite), read).await
            }
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => {
                let rows = bound!(sql, values).fetch(open.connection());
                gathered(name, rows.map_ok(AnyRow::Postgres), read).await
            }
        }
    }

    /// The first column of a query, which holds texts.
    pub(super) async fn texts(&mut self, sql: impl SqlSafeStr) -> Result<Vec<String>, StoreError> {
        self.rows(sql, Vec::new()).await?.iter().map(|row| row.text(0)).collect()
    }

    /// The first row of a query.
    pub(super) async fn row(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite(open) => open.commit().await,
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => open.commit().await,
        };
        done.map_err(|error| failure(&self.name, error))
    }
}

async fn gathered<T>(
    name: &str,
    rows: impl Stream<Item = Result<AnyRow, sqlx::Error>>,
    mut read: impl FnMut(Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.map_err(|error| failure(name, error))
        .and_then(|row| std::future::ready(read(Row { name: name.to_owned(), row })))
        .try_collect()
        .await
}

/// A row of an answer.
pub(super) struct Row {
    name: String,
    row: AnyRow,
}

enum AnyRow {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

macro_rules! column {
    ($row:expr, $index:expr) => {{
        let value = match &$row.row {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get($index),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_get($index),
        };
        value.map_err(|error| failure(&$row.name, error))
    }};
}

impl Row {
    pub(super) fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(&self.name, kind)
    }

    pub(super) fn int(&self, index: usize) -> Result<i64, StoreError> {
        column!(self, index)
    }

    pub(super) fn text(&self, index: usize) -> Result<String, StoreError> {
        column!(self, index)
    }

    pub(super) fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        column!(self, index)
    }

    pub(super) fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError> {
        column!(self, index)
    }

    pub(super) fn text_or_null(&self, index: usize) -> Result<Option<String>, StoreError> {
        column!(self, index)
    }

    pub(super) fn bytes_or_null(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        column!(self, index)
    }
}

/// What an error of the driver means.
pub(super) fn failure(store: &str, error: sqlx::Error) -> StoreError {
    let kind = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            kind_of_code(&code, database.message())
        }
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => StoreErrorKind::NotOpened,
        // A pool waits for a connection: to a file, until whoever holds it is done; to a server, until it answers.
        sqlx::Error::PoolTimedOut if store.starts_with("postgres://") => StoreErrorKind::Lost,
        sqlx::Error::PoolTimedOut => StoreErrorKind::Locked,
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => StoreErrorKind::Lost,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreErrorKind::Damaged("a column holds what it should not".to_owned())
        }
        _ => StoreErrorKind::Other,
    };
    StoreError::new(store, kind).because(error)
}

/// SQLite's result codes (<https://sqlite.org/rescode.html>), which are numbers, and PostgreSQL's error codes
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), which have five characters.
fn kind_of_code(code: &str, message: &str) -> StoreErrorKind {
    if code.len() == 5 && !code.starts_with("SQLITE") {
        return match code {
            "53100" => StoreErrorKind::Full,
            "25006" | "42501" => StoreErrorKind::ReadOnly,
            "55P03" | "40P01" | "40001" => StoreErrorKind::Locked,
            "3D000" => StoreErrorKind::NotOpened,
            "XX001" | "XX002" => StoreErrorKind::Damaged(message.to_owned()),
            _ if code.starts_with("28") => StoreErrorKind::NotOpened,
            _ if code.starts_with("08") || code.starts_with("57P") => StoreErrorKind::Lost,
            _ if code.starts_with("53") => StoreErrorKind::Locked,
            _ => StoreErrorKind::Other,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => StoreErrorKind::Locked,
        Ok(8) => StoreErrorKind::ReadOnly,
        Ok(10) => StoreErrorKind::Lost,
        Ok(11 | 26) => StoreErrorKind::Damaged(message.to_owned()),
        Ok(13) => StoreErrorKind::Full,
        Ok(14 | 23 | 3) => StoreErrorKind::NotOpened,
        _ => StoreErrorKind::Other,
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let columns: Vec<String> =
            (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", columns.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Sql};

    async fn setting(store: &Sql, purpose: Purpose, asked: &'static str) -> Row {
        let mut open = store.database.begin(purpose).await.unwrap();
        let row = open.row(asked, Vec::new()).await.unwrap().unwrap();
        open.commit().await.unwrap();
        row
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn what_must_survive_a_loss_of_power_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sql::open(&Location::File(folder.path().join("state.db"))).await.unwrap();
        // SQLite's numbers: 1 is normal, which in WAL mode waits only when the log is moved into the file; 2 is full.
        for (purpose, level) in [(Purpose::Record, 2), (Purpose::Write, 1), (Purpose::Record, 2)] {
            assert_eq!(setting(&store, purpose, "pragma synchronous").await.int(0).unwrap(), level);
        }
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn events_are_found_without_reading_the_others() {
        let store = Sql::open(&Location::None).await.unwrap();
        let mut open = store.database.begin(Purpose::Read).await.unwrap();
        for (asked, by) in [
            (super::super::journal::OF_KEY, "INDEX journal_of_key (plan=? AND account=? AND access_key=?)"),
            (super::super::journal::FROM, "INDEX sqlite_autoindex_journal_1 (plan=? AND number>?)"),
        ] {
            let way = open
                .rows(sqlx::AssertSqlSafe(format!("explain query plan {asked}")), Vec::new())
                .await
                .unwrap();
            let way: Vec<String> = way.iter().map(|row| row.text(3).unwrap()).collect();
            assert!(matches!(&way[..], [only] if only.ends_with(by)), "{way:?}");
        }
    }

    #[cfg(feature = "test-postgres")]
    #[tokio::test]
    async fn what_must_survive_a_loss_of_power_waits_for_the_server_s_disk() {
        let url = std::env::var("KEYSWEEP_TEST_POSTGRES").unwrap();
        let parameter = if url.contains('?') { '&' } else { '?' };
        for (set, recorded) in [("off", "on"), ("remote_apply", "remote_apply")] {
            let location = Location::Postgres(format!("{url}{parameter}options[synchronous_commit]={set}"));
            let store = Sql::connect(&location, false, std::time::Duration::from_secs(20)).await.unwrap();
            for (purpose, level) in [(Purpose::Record, recorded), (Purpose::Write, set)] {
                let row = setting(&store, purpose, "select current_setting('synchronous_commit')").await;
                assert_eq!(row.text(0).unwrap(), level);
            }
        }
    }
}
