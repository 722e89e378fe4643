//! The stores that the suite runs against. Each test has an empty one of its own.

use keysweep_store::{InMemory, Location, Sql};
use tempfile::TempDir;

/// An empty store for one test.
pub(crate) struct Place<S> {
    pub(crate) store: S,
    pub(crate) location: Location,
    _directory: Option<TempDir>,
}

impl Place<Sql> {
    /// Changes something behind the store's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        match &self.location {
            Location::File(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
                sqlx::raw_sql(sql).execute(&pool).await.unwrap();
            }
            Location::Postgres(url) => {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&pool).await.unwrap();
            }
            Location::None => panic!("nobody else reaches it"),
        }
    }
}

pub(crate) async fn in_memory() -> Place<InMemory> {
    Place { store: InMemory::new(), location: Location::None, _directory: None }
}

/// A SQLite file.
pub(crate) async fn sqlite() -> Place<Sql> {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::File(directory.path().join("state.db"));
    let store = Sql::open(&location).await.unwrap();
    Place { store, location, _directory: Some(directory) }
}

/// `--state none`: SQLite without a file.
pub(crate) async fn no_file() -> Place<Sql> {
    Place { store: Sql::open(&Location::None).await.unwrap(), location: Location::None, _directory: None }
}

/// A schema of its own in the database that `KEYSWEEP_TEST_POSTGRES` names.
#[cfg(feature = "test-postgres")]
pub(crate) async fn postgres() -> Place<Sql> {
    let location = postgres_schema().await;
    let store = Sql::open(&location).await.unwrap();
    Place { store, location, _directory: None }
}

/// Where an empty schema is.
#[cfg(feature = "test-postgres")]
pub(crate) async fn postgres_schema() -> Location {
    let url = std::env::var("KEYSWEEP_TEST_POSTGRES")
        .expect("KEYSWEEP_TEST_POSTGRES names the database of the tests");
    let schema = format!("test_{:016x}", fastrand::u64(..));
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create schema {schema}"))).execute(&pool).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    Location::Postgres(format!("{url}{separator}options=-csearch_path%3D{schema}"))
}

/// The suite as tests of each store.
macro_rules! suite {
    ($($test:ident)*) => {
        suite!(@ in_memory: $($test)*);
        suite!(@ sqlite: $($test)*);
        suite!(@ no_file: $($test)*);
        #[cfg(feature = "test-postgres")]
        suite!(@ postgres: $($test)*);
    };
    (@ $place:ident: $($test:ident)*) => {
        mod $place {
            $(#[tokio::test] async fn $test() {
                super::$test(&crate::places::$place().await.store).await;
            })*
        }
    };
}

pub(crate) use suite;
