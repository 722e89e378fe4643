//! Stores that fail: what is said, and that what was kept before is still there.

use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::Assessment;
use keysweep_core::memory::Seen;
use keysweep_core::ports::{Archive, Store};
use keysweep_store::{Location, Sql, StoreErrorKind};

use crate::arbitrary::{Any, begun};

const SHORT: Duration = Duration::from_millis(300);

/// A scan of two accounts, of which the first is kept.
async fn half(store: &Sql) -> Assessment {
    let mut any = Any::of(1);
    let mut assessment = any.assessment("half");
    assessment.accounts =
        (1..=2).map(|id| any.account_assessment(AccountId::from_number(id).unwrap())).collect();
    store.begin(&begun(&assessment)).await.unwrap();
    store.keep("half", &assessment.accounts[0], &any.seen()).await.unwrap();
    assessment
}

/// The first account of the half scan is there, and nothing else of it.
async fn is_half(store: &Sql, assessment: &Assessment) {
    let [first, second] = &assessment.accounts[..] else { panic!("two accounts") };
    assert_eq!(store.account_result("half", first.account.id).await.unwrap().as_ref(), Some(first));
    assert_eq!(store.account_result("half", second.account.id).await.unwrap(), None);
    assert_eq!(store.assessment("half").await.unwrap(), None);
}

#[tokio::test]
async fn a_locked_file_is_said_to_be_locked() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::File(directory.path().join("state.db"));
    let store = Sql::open_within(&location, SHORT).await.unwrap();
    let assessment = half(&store).await;
    let Location::File(path) = &location else { panic!("a file") };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let lock = other.begin_with("begin immediate").await.unwrap();
    let error = store.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked, "{error:?}");
    assert!(error.remedy().contains("until the other keysweep has ended"));
    // Who only reads does not wait.
    is_half(&store, &assessment).await;
    drop(lock);
    store.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap();
    store.finish(&assessment).await.unwrap();
    assert_eq!(store.assessment("half").await.unwrap(), Some(assessment));
}

#[tokio::test]
async fn a_file_of_other_tables_is_not_taken_for_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql("create table songs (title text)").execute(&other).await.unwrap();
    let error = Sql::open(&Location::File(path)).await.err().unwrap();
    assert!(matches!(error.kind, StoreErrorKind::Foreign(_)), "{error}");
    let tables: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema").fetch_all(&other).await.unwrap();
    assert_eq!(tables, ["songs"]);
}

#[cfg(feature = "test-postgres")]
mod postgres {
    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, UnixStream};

    use super::*;
    use crate::places::postgres_schema;

    /// The way to the database, which can be cut.
    struct Cable {
        location: Location,
        plugged: tokio::task::JoinHandle<()>,
    }

    impl Cable {
        async fn to(location: &Location) -> Self {
            let Location::Postgres(url) = location else { panic!("a database") };
            let socket = url.split("host=").nth(1).unwrap().split('&').next().unwrap().to_owned();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let url = url
                .replace(&format!("host={socket}"), &format!("host=127.0.0.1&port={port}&sslmode=disable"));
            let plugged = tokio::spawn(async move {
                // Connections end with the task that holds them all.
                let mut open = tokio::task::JoinSet::new();
                while let Ok((mut near, _)) = listener.accept().await {
                    let socket = format!("{socket}/.s.PGSQL.5432");
                    open.spawn(async move {
                        let mut far = UnixStream::connect(socket).await.unwrap();
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    });
                }
            });
            Self { location: Location::Postgres(url), plugged }
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_lost_in_mid_scan_is_said_to_be_lost() {
        let location = postgres_schema().await;
        let cable = Cable::to(&location).await;
        let store = Sql::open_within(&cable.location, SHORT).await.unwrap();
        let assessment = half(&store).await;
        cable.plugged.abort();
        for _ in 0..2 {
            let error = store.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Lost, "{error:?}");
            assert!(!error.to_string().contains("search_path"), "{error}");
        }
        let again = Sql::open(&location).await.unwrap();
        is_half(&again, &assessment).await;
        again.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap();
        again.finish(&assessment).await.unwrap();
        assert_eq!(again.assessment("half").await.unwrap(), Some(assessment));
    }

    #[tokio::test]
    async fn a_database_that_may_only_be_read_says_so() {
        let location = postgres_schema().await;
        let assessment = half(&Sql::open(&location).await.unwrap()).await;
        let Location::Postgres(url) = &location else { panic!("a database") };
        let read_only = Location::Postgres(format!("{url}%20-cdefault_transaction_read_only%3Don"));
        let store = Sql::open(&read_only).await.unwrap();
        let error = store.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error:?}");
        is_half(&store, &assessment).await;
    }

    #[tokio::test]
    async fn an_account_that_another_process_holds_is_said_to_be_locked() {
        let location = postgres_schema().await;
        let store = Sql::open_within(&location, SHORT).await.unwrap();
        let assessment = half(&store).await;
        let Location::Postgres(url) = &location else { panic!("a database") };
        let other = sqlx::PgPool::connect(url).await.unwrap();
        let mut lock = other.begin().await.unwrap();
        sqlx::query("lock table accounts in exclusive mode").execute(&mut *lock).await.unwrap();
        let error = store.keep("half", &assessment.accounts[1], &Seen::default()).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked, "{error:?}");
        is_half(&store, &assessment).await;
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_cannot_be_opened() {
        let Location::Postgres(url) = postgres_schema().await else { panic!("a database") };
        let nowhere = Location::Postgres(url.replacen("/postgres?", "/nowhere?", 1));
        assert_eq!(Sql::open(&nowhere).await.err().unwrap().kind, StoreErrorKind::NotOpened);
    }
}
