//! What can go wrong between Hilo and Postgres, sorted by what the caller can do about it.

use uuid::Uuid;

/// An error of the store; fits after "failed to …:".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Postgres refused or could not be reached; see [`Error::is_unavailable`] and [`Error::is_retryable`].
    #[error("the database could not do it")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what it never should.
    #[error("`{table}.{column}` of row {row} holds something that cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: Uuid,
    },
    /// A sealed value does not open: another key, another place, or altered bytes.
    #[error("a sealed value of `{place}` does not open with the keys of HILO_SECRET_KEY")]
    Sealed {
        /// Where it stands.
        place: &'static str,
    },
    /// A value could not be written as JSON.
    #[error("a value could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// An update touched another number of rows than it must.
    #[error("expected {expected} rows of `{table}` to be affected, but {actual} were")]
    Affected {
        /// The table.
        table: &'static str,
        /// How many it must be.
        expected: u64,
        /// How many it was.
        actual: u64,
    },
    /// Another transaction changed what this one had found; begun again, it sees the change.
    #[error("another transaction was faster")]
    Raced,
    /// Postgres takes no writes.
    #[error("the database takes no writes")]
    ReadOnly,
    /// A message whose sender nothing identifies belongs to no conversation.
    #[error("nothing says who wrote it")]
    Nobody,
}

impl Error {
    /// Names the row and column that cannot be read.
    #[must_use]
    pub const fn inconsistent(table: &'static str, column: &'static str, row: Uuid) -> Self {
        Self::Inconsistent { table, column, row }
    }

    /// Whether the same transaction may well succeed when it is simply begun again: a serialization failure, a
    /// deadlock, a key that another transaction has just written (40001, 40P01, 23505), or a lost race.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Raced) || matches!(self.code().as_deref(), Some("40001" | "40P01" | "23505"))
    }

    /// Whether the fault lies in what was to be stored, so that it would fail for ever: data that Postgres cannot hold
    /// (class 22), limits (class 54), what is no JSON, what is nobody's.
    #[must_use]
    pub fn is_data(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Nobody)
            || self.code().is_some_and(|code| code.starts_with("22") || code.starts_with("54"))
    }

    /// Whether a lock or a statement took longer than it may (55P03, 57014).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.code().as_deref(), Some("55P03" | "57014"))
    }

    /// Whether Postgres is away, full, starting, read-only or too slow: the caller answers 503, and nothing is wrong
    /// with what it brought.
    ///
    /// Classes of SQLSTATE: 08 connection, 25006 read-only, 40 rollback, 53 resources, 55P03 lock not available,
    /// 57 operator intervention (statement time-out and shutdown), 58 system error.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                    || code == "25006"
                    || code == "55P03"
            }),
            Self::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed,
            )
            | Self::Raced
            | Self::ReadOnly => true,
            _ => false,
        }
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code(),
            _ => None,
        }
    }
}
