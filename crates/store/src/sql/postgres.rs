//! Connects to a PostgreSQL database.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgPool};

use super::database::failure;
use crate::error::{StoreError, StoreErrorKind};

/// More accounts than this are rarely finished at the same moment.
const CONNECTIONS: u32 = 4;

/// The database with this URL. What the URL does not say is taken from `PGPASSWORD`, `~/.pgpass` and their like.
pub(super) async fn open(url: &str, patience: Duration, name: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| failure(name, error))?;
    let options = options.application_name("keysweep");
    is_there(&options, patience, name).await?;
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience)
        .after_connect(move |connection, _| {
            // Set by a statement: poolers between here and the server take no such option at the start.
            let set = format!("set lock_timeout = {}", patience.as_millis());
            Box::pin(async move { connection.execute(AssertSqlSafe(set)).await.map(drop) })
        })
        .connect_with(options)
        .await
        .map_err(|error| failure(name, error))
}

/// A pool takes a server that refuses connections for one that is about to start, and asks again until its patience ends, and
/// then keeps the reason to itself. One connection of its own says at once why there is none.
async fn is_there(options: &PgConnectOptions, patience: Duration, name: &str) -> Result<(), StoreError> {
    let not_opened = || StoreError::new(name, StoreErrorKind::NotOpened);
    match tokio::time::timeout(patience, options.connect()).await {
        Err(_) => Err(not_opened().because(format!("the server did not answer within {patience:?}"))),
        Ok(Err(sqlx::Error::Io(error))) => Err(not_opened().because(error)),
        Ok(Err(error)) => Err(failure(name, error)),
        Ok(Ok(connection)) => {
            // What becomes of the farewell does not matter.
            let _ = connection.close().await;
            Ok(())
        }
    }
}
