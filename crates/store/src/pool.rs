//! The pool of connections, and how long anything may wait for Postgres.

use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::{MIGRATIONS, Result};

/// A pool of connections to Postgres.
pub type Pool = sqlx::PgPool;

/// A transaction, opened by whoever knows the whole act.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

/// A connection that was idle for so long is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_millis(500);

/// How a process uses Postgres.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// At most so many connections.
    pub connections: u32,
    /// How long a caller waits for a free connection before it hears that the database is unavailable.
    pub acquire: Duration,
    /// How long one statement may run (`statement_timeout`).
    pub statement: Duration,
}

impl Default for PoolOptions {
    /// Sized for two cores; a blocked database is noticed within five seconds (check 19).
    fn default() -> Self {
        Self { connections: 12, acquire: Duration::from_secs(2), statement: Duration::from_millis(2500) }
    }
}

/// Opens a pool; connections are made when they are needed, so Postgres may still be away.
///
/// # Errors
/// When `url` is no Postgres address.
pub fn open(url: &SecretString, options: PoolOptions) -> Result<Pool> {
    let statement = options.statement.as_millis().to_string();
    let connect = PgConnectOptions::from_str(url.expose_secret())?
        .application_name("hilo")
        .options([("statement_timeout", statement.as_str()), ("lock_timeout", statement.as_str())])
        // Every statement of a request finds its rows by a key. On a young database, without statistics, the planner
        // would rather hash or read whole tables, and a prepared statement would keep that plan while they grow; the
        // outbox is young again whenever it was empty. Who does read a whole table pays a made-up price, for which the
        // planner would also compile the query.
        .options([("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("enable_seqscan", "off"), ("jit", "off")])
        .disable_statement_logging();
    Ok(PgPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire)
        .test_before_acquire(false)
        .before_acquire(|connection, rested| {
            Box::pin(async move {
                // A connection that has rested may have died with the server; one in use would have noticed.
                if rested.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(connect))
}

/// Begins a transaction.
///
/// # Errors
/// When no connection is to be had.
pub async fn begin(pool: &Pool) -> Result<Tx> {
    match pool.begin().await {
        Ok(tx) => Ok(tx),
        // A pooled connection may have died with the server; one fresh try saves the caller a refusal.
        Err(sqlx::Error::Io(_)) => Ok(pool.begin().await?),
        Err(error) => Err(error.into()),
    }
}

/// Brings the schema up to date; safe to run from several processes at once.
///
/// # Errors
/// When Postgres is away or a migration fails; what failed is rolled back.
pub async fn migrate(pool: &Pool) -> Result<()> {
    Ok(MIGRATIONS.run(pool).await?)
}

/// How many migrations the database lacks.
///
/// # Errors
/// When Postgres is away.
pub async fn pending(pool: &Pool) -> Result<usize> {
    // The table is sqlx's own, made by the first migration, so these queries cannot be checked against ours.
    let begun = sqlx::query_scalar::<_, bool>("select to_regclass('_sqlx_migrations') is not null");
    let mut applied = Vec::new();
    if begun.fetch_one(pool).await? {
        let versions = sqlx::query_scalar::<_, i64>("select version from _sqlx_migrations where success");
        applied = versions.fetch_all(pool).await?;
    }
    Ok(MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count())
}

/// Whether Postgres answers.
///
/// # Errors
/// When it does not.
pub async fn ping(pool: &Pool) -> Result<()> {
    sqlx::query!("select 1 as one").fetch_one(pool).await?;
    Ok(())
}
