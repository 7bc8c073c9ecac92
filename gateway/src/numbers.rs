//! The directory of our numbers: read from Postgres at most every five seconds, and kept while Postgres is away.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hilo_store::Pool;
use hilo_store::numbers::{self, Number};
use hilo_store::seal::Keyring;
use tokio::sync::Mutex;

const FRESH: Duration = Duration::from_secs(5);

/// All enabled numbers at one moment.
pub type Directory = Arc<Vec<Number>>;

/// Reads the directory when it is needed and older than five seconds.
pub struct Numbers {
    pool: Pool,
    ring: Keyring,
    known: RwLock<Option<(Instant, Directory)>>,
    reading: Mutex<()>,
}

impl Numbers {
    /// A directory that has not been read yet.
    #[must_use]
    pub fn new(pool: Pool, ring: Keyring) -> Self {
        Self { pool, ring, known: RwLock::default(), reading: Mutex::default() }
    }

    /// The numbers; those of the last reading when Postgres is away.
    ///
    /// # Errors
    /// When Postgres is away and has never answered.
    pub async fn all(&self) -> hilo_store::Result<Directory> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let _one_reader = self.reading.lock().await;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        match numbers::enabled(&self.pool, &self.ring).await {
            Ok(read) => {
                let read = Arc::new(read);
                self.keep(read.clone());
                Ok(read)
            }
            Err(error) => {
                let stale = self.known.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|k| k.1.clone());
                match stale {
                    Some(stale) => {
                        tracing::warn!(%error, "the numbers could not be read; going on with those of the last reading");
                        self.keep(stale.clone());
                        Ok(stale)
                    }
                    None => Err(error),
                }
            }
        }
    }

    fn fresh(&self) -> Option<Directory> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, numbers)| numbers.clone())
    }

    fn keep(&self, numbers: Directory) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), numbers));
    }
}
