//! Writing together what arrives together.
//!
//! While one transaction is under way, what arrives waits; the next transaction takes all of it. Nothing ever waits
//! for company: a lone request is written at once. So a commit's cost is shared exactly when there is a crowd.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// Whoever can write a batch.
pub trait Sink<T>: Send + Sync + 'static {
    /// Writes `items`, in order. One answer for each: whether it is stored (or was before).
    fn write(&self, items: &[T]) -> impl Future<Output = Vec<Result<(), Away>>> + Send;
}

/// The database is away; nothing of this item was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away;

struct Job<T> {
    items: Vec<T>,
    answer: oneshot::Sender<Result<(), Away>>,
}

/// A queue before a sink; clones share it.
pub struct Batcher<T> {
    jobs: mpsc::Sender<Job<T>>,
}

impl<T> Clone for Batcher<T> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

/// So many items make a batch full.
const FULL: usize = 128;
/// So many requests may wait; past it the caller hears that we are not available.
const WAITING: usize = 4096;

impl<T: Send + Sync + 'static> Batcher<T> {
    /// Starts a batcher before `sink`; it ends when its last clone is gone and everything is written.
    pub fn start<S: Sink<T>>(sink: Arc<S>) -> Self {
        let (jobs, inbox) = mpsc::channel(WAITING);
        tokio::spawn(run(inbox, sink));
        Self { jobs }
    }

    /// Writes `items` and returns once they are committed.
    ///
    /// # Errors
    /// [`Away`] when any of them could not be stored; the others may be, and a repetition finds them.
    pub async fn write(&self, items: Vec<T>) -> Result<(), Away> {
        if items.is_empty() {
            return Ok(());
        }
        let (answer, written) = oneshot::channel();
        self.jobs.try_send(Job { items, answer }).map_err(|_| Away)?;
        written.await.unwrap_or(Err(Away))
    }
}

async fn run<T: Send + Sync + 'static, S: Sink<T>>(mut inbox: mpsc::Receiver<Job<T>>, sink: Arc<S>) {
    while let Some(first) = inbox.recv().await {
        let mut items = Vec::new();
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            answers.push((job.items.len(), job.answer));
            items.extend(job.items);
            if items.len() < FULL {
                next = inbox.try_recv().ok();
            }
        }
        let mut outcomes = sink.write(&items).await.into_iter();
        metrics::histogram!("hilo_intake_batch_items")
            .record(f64::from(u32::try_from(items.len()).unwrap_or(u32::MAX)));
        for (count, answer) in answers {
            let all: Vec<_> = outcomes.by_ref().take(count).collect();
            let outcome = if all.len() == count && all.iter().all(Result::is_ok) { Ok(()) } else { Err(Away) };
            // The caller may have gone; what is stored is stored.
            let _ = answer.send(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::sync::Semaphore;

    struct Slow {
        gate: Semaphore,
        batches: Mutex<Vec<Vec<u32>>>,
    }

    impl Sink<u32> for Slow {
        async fn write(&self, items: &[u32]) -> Vec<Result<(), Away>> {
            self.gate.acquire().await.unwrap().forget();
            self.batches.lock().unwrap().push(items.to_vec());
            items.iter().map(|item| if *item == 13 { Err(Away) } else { Ok(()) }).collect()
        }
    }

    #[tokio::test]
    async fn what_arrives_meanwhile_is_written_together_and_each_caller_hears_of_its_own() {
        let sink = Arc::new(Slow { gate: Semaphore::new(0), batches: Mutex::default() });
        let batcher = Batcher::start(sink.clone());
        let first = tokio::spawn({
            let batcher = batcher.clone();
            async move { batcher.write(vec![1]).await }
        });
        while batcher.jobs.capacity() < WAITING || first.is_finished() {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        let second = batcher.write(vec![2, 3]);
        let third = batcher.write(vec![13]);
        let both = tokio::spawn({
            let batcher = batcher.clone();
            async move {
                let fourth = batcher.write(vec![4]);
                fourth.await
            }
        });
        tokio::pin!(second, third);
        // Poll both once, so that they queue behind the first.
        let queued = futures::future::poll_fn(|ctx| {
            let pending = second.as_mut().poll(ctx).is_pending() && third.as_mut().poll(ctx).is_pending();
            std::task::Poll::Ready(pending)
        })
        .await;
        assert!(queued);
        while batcher.jobs.capacity() > WAITING - 3 {
            tokio::task::yield_now().await;
        }
        sink.gate.add_permits(2);
        assert_eq!(first.await.unwrap(), Ok(()));
        assert_eq!(second.await, Ok(()));
        assert_eq!(third.await, Err(Away));
        assert_eq!(both.await.unwrap(), Ok(()));
        let batches = sink.batches.lock().unwrap();
        assert_eq!(batches[0], [1]);
        assert_eq!(batches[1].len(), 4);
        assert_eq!(batches.len(), 2);
    }
}
