//! Connects to a PostgreSQL database.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};

use super::database::failure;
use crate::error::StoreError;

/// More accounts than this are rarely finished at the same moment.
const CONNECTIONS: u32 = 4;

/// The database with this URL. What the URL does not say is taken from `PGPASSWORD`, `~/.pgpass` and their like.
pub(super) async fn open(url: &str, patience: Duration, name: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| failure(name, error))?;
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience)
        .after_connect(move |connection, _| {
            // Set by a statement: poolers between here and the server take no such option at the start.
            let set = format!("set lock_timeout = {}", patience.as_millis());
            Box::pin(async move { connection.execute(AssertSqlSafe(set)).await.map(drop) })
        })
        .connect_with(options.application_name("keysweep"))
        .await
        .map_err(|error| failure(name, error))
}
