//! The tables and their versions. Each version is one file of statements, which is never changed once released; a store
//! is brought to the newest version in one transaction, and one of a newer keysweep is refused.

use sqlx::AssertSqlSafe;

use super::database::{Database, Purpose, Transaction};
use crate::error::{StoreError, StoreErrorKind};

/// The statements that lead from each version to the next; the first makes the tables of version 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
];

/// The number by which PostgreSQL lets one process migrate at a time: "keysweep" in ASCII.
const MIGRATION_LOCK: i64 = 0x6b65_7973_7765_6570;

/// The newest version that this program knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Makes the tables where there are none, and brings old ones to the version `to`.
pub(super) async fn migrate(database: &Database, to: i64) -> Result<(), StoreError> {
    let mut looking = database.begin(Purpose::Read).await?;
    let found = version(&mut looking).await?;
    looking.commit().await?;
    if found == to {
        return Ok(());
    }
    let mut open = database.begin(Purpose::Write).await?;
    if open.is_postgres() {
        open.execute("select pg_advisory_xact_lock($1)", vec![MIGRATION_LOCK.into()]).await?;
    }
    // Another process may have migrated it since.
    let found = version(&mut open).await?;
    if found > to {
        return Err(open.error(StoreErrorKind::Newer { found, known: to }));
    }
    if found == 0 {
        open.run("create table keysweep_schema (version bigint not null)").await?;
        open.run("insert into keysweep_schema (version) values (0)").await?;
    }
    let known = usize::try_from(found).unwrap_or(usize::MAX);
    let wanted = usize::try_from(to).unwrap_or_default();
    for statements in MIGRATIONS.iter().take(wanted).skip(known) {
        let statements = for_database(statements, open.is_postgres());
        open.run(AssertSqlSafe(statements)).await?;
    }
    open.execute("update keysweep_schema set version = $1", vec![to.into()]).await?;
    open.commit().await
}

/// The version of the tables; 0 where there are none.
pub(super) async fn version(open: &mut Transaction) -> Result<i64, StoreError> {
    let tables = if open.is_postgres() {
        "select count(*), count(*) from information_schema.tables where table_schema = current_schema() and table_name = 'keysweep_schema'"
    } else {
        "select count(*), coalesce(sum(name = 'keysweep_schema'), 0) from sqlite_schema where type = 'table'"
    };
    let (all, own) = match open.row(tables, Vec::new()).await? {
        Some(row) => (row.int(0)?, row.int(1)?),
        None => (0, 0),
    };
    if own == 0 {
        return if all == 0 {
            Ok(0)
        } else {
            let what = "it is a SQLite database with other tables".to_owned();
            Err(open.error(StoreErrorKind::Foreign(what)))
        };
    }
    let row = open.row("select max(version), count(*) from keysweep_schema", Vec::new()).await?;
    let damaged = |what: &str| StoreErrorKind::Damaged(what.to_owned());
    match row {
        Some(row) if row.int(1)? == 1 => row.int(0),
        _ => Err(open.error(damaged("keysweep_schema does not hold exactly one version"))),
    }
}

/// The statements in the words of the database: PostgreSQL compares texts by bytes only where it is told to, and keeps no
/// table in the order of its key.
fn for_database(statements: &str, postgres: bool) -> String {
    let (text, bytes, clustered) =
        if postgres { ("text collate \"C\"", "bytea", "") } else { ("text", "blob", " without rowid") };
    statements.replace("{text}", text).replace("{bytes}", bytes).replace("{clustered}", clustered)
}
