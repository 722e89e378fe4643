//! Connects to a PostgreSQL database.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::database::failure;
use crate::error::StoreError;

/// How long to wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// More accounts than this are rarely finished at the same moment.
const CONNECTIONS: u32 = 4;

/// The database with this URL. What the URL does not say is taken from `PGPASSWORD`, `~/.pgpass` and their like.
pub(super) async fn open(url: &str, name: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| failure(name, error))?;
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.application_name("keysweep"))
        .await
        .map_err(|error| failure(name, error))
}
