//! The directory of our numbers: read from Postgres at most every five seconds, and kept while Postgres is away.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hilo_store::Pool;
use hilo_store::numbers::{self, Number};
use hilo_store::seal::Keyring;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::batcher::Away;

const FRESH: Duration = Duration::from_secs(5);
/// After a failed reading the next one waits so long, or every request would wait for a connection by itself.
const PAUSE: Duration = Duration::from_secs(1);
/// A reading that takes longer has failed; shorter than a request may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// All enabled numbers at one moment.
pub type Directory = Arc<Vec<Number>>;

/// Reads the directory when it is needed and older than five seconds; clones share it.
#[derive(Clone)]
pub struct Numbers {
    pool: Pool,
    ring: Keyring,
    known: Arc<RwLock<Known>>,
    reading: Arc<Mutex<()>>,
}

/// What the last readings brought.
#[derive(Default)]
struct Known {
    numbers: Option<(Instant, Directory)>,
    failed: Option<Instant>,
}

impl Numbers {
    /// A directory that has not been read yet.
    #[must_use]
    pub fn new(pool: Pool, ring: Keyring) -> Self {
        Self { pool, ring, known: Arc::default(), reading: Arc::default() }
    }

    /// The numbers; those of the last reading when Postgres is away.
    ///
    /// # Errors
    /// When Postgres is away and has never answered.
    pub async fn all(&self) -> Result<Directory, Away> {
        if let Some(answer) = self.remembered() {
            return answer;
        }
        let one_reader = self.reading.clone().lock_owned().await;
        if let Some(answer) = self.remembered() {
            return answer;
        }
        // Whoever asked may give up meanwhile; the reading goes on for those who wait behind it.
        let _ = tokio::spawn(self.clone().read(one_reader)).await;
        self.remembered().unwrap_or(Err(Away))
    }

    async fn read(self, _one_reader: OwnedMutexGuard<()>) {
        let read = tokio::time::timeout(PATIENCE, numbers::enabled(&self.pool, &self.ring)).await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(Ok(numbers)) => *known = Known { numbers: Some((Instant::now(), Arc::new(numbers))), failed: None },
            Ok(Err(error)) => {
                tracing::warn!(%error, known = known.numbers.is_some(), "the numbers cannot be read");
                known.failed = Some(Instant::now());
            }
            Err(_) => {
                tracing::warn!(known = known.numbers.is_some(), "the numbers cannot be read in time");
                known.failed = Some(Instant::now());
            }
        }
    }

    /// The answer that needs no reading: fresh numbers, or, just after a failed reading, those of the last good one.
    fn remembered(&self) -> Option<Result<Directory, Away>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match &known.numbers {
            Some((at, numbers)) if at.elapsed() < FRESH => Some(Ok(numbers.clone())),
            last if known.failed.is_some_and(|at| at.elapsed() < PAUSE) => {
                Some(last.as_ref().map(|(_, numbers)| numbers.clone()).ok_or(Away))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_store::PoolOptions;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A server that takes connections and never says a word.
    async fn silent() -> (String, Arc<AtomicUsize>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://hilo@{}/hilo", listener.local_addr().unwrap());
        let taken = Arc::new(AtomicUsize::new(0));
        tokio::spawn({
            let taken = taken.clone();
            async move {
                let mut open = Vec::new();
                while let Ok((socket, _)) = listener.accept().await {
                    taken.fetch_add(1, Ordering::SeqCst);
                    open.push(socket);
                }
            }
        });
        (url, taken)
    }

    #[tokio::test]
    async fn of_many_who_ask_a_silent_database_one_waits_for_it() {
        let (url, taken) = silent().await;
        let options = PoolOptions { acquire: Duration::from_millis(200), ..PoolOptions::default() };
        let pool = hilo_store::open(&url.into(), options).unwrap();
        let numbers = Numbers::new(pool, hilo_store::testing::ring());
        let asked = (0..20).map(|_| numbers.all());
        assert!(futures::future::join_all(asked).await.iter().all(Result::is_err));
        assert_eq!(taken.load(Ordering::SeqCst), 1, "the others hear what the first one heard");
    }

    #[tokio::test]
    async fn who_gives_up_while_reading_leaves_the_reading_to_the_next() {
        let db = hilo_store::testing::database().await;
        let numbers = Numbers::new(db.pool.clone(), db.ring.clone());
        let mut first = Box::pin(numbers.all());
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(numbers.all().await.map(|all| all.len()), Ok(1));
    }
}
