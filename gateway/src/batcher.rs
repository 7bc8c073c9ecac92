//! Writing together what arrives together, and apart what cannot be.
//!
//! While one transaction is under way, what arrives waits; the next transaction takes all of it. Nothing ever waits
//! for company: a lone request is written at once. So a commit's cost is shared exactly when there is a crowd.
//!
//! The writer itself waits for nobody's lock. What a sink cannot write with the others (a stranger, a conversation that
//! is locked) goes to a lane of its own beside the writer: one lane a person, a few lanes at once. What arrives for
//! that person meanwhile waits for their lane, so that their order is kept, and for nobody else's.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{Id, JoinSet};

/// Whoever can write a batch.
pub trait Sink<T>: Send + Sync + 'static {
    /// Whom an item belongs to; items that share a key are one person's, and keep their order.
    fn keys(&self, item: &T) -> Vec<u64>;

    /// Writes `items`, in order, without waiting for anybody's lock. One answer for each.
    fn together(&self, items: &[&T]) -> impl Future<Output = Vec<Attempt>> + Send;

    /// Writes one person's `items`, in order, however long it takes. One answer for each; after a refusal the rest is
    /// refused too, or a later one would overtake.
    fn apart(&self, items: &[&T]) -> impl Future<Output = Vec<Result<(), Away>>> + Send;
}

/// What became of an item that was written with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is stored, or was before.
    Stored,
    /// It is not stored, and trying again would not help.
    Away,
    /// It must be written apart from the others; these keys are its owner's too.
    Apart(Vec<u64>),
}

/// It was not stored, for a reason that passes; whoever sent it sends it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away;

/// So many items make a batch full.
const FULL: usize = 128;
/// So many requests may wait; past it the caller hears that we are not available.
const WAITING: usize = 4096;
/// So many bytes of bodies may wait; past it likewise.
const WAITING_BYTES: usize = 64 * 1024 * 1024;
/// So many lanes write at once.
const LANES: usize = 4;
/// Nothing is waited for longer: whoever asked has been answered by then.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// A queue before a sink; clones share it.
pub struct Batcher<T> {
    jobs: mpsc::UnboundedSender<(Vec<T>, Job)>,
    room: Arc<Semaphore>,
    room_bytes: Arc<Semaphore>,
}

impl<T> Clone for Batcher<T> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone(), room: self.room.clone(), room_bytes: self.room_bytes.clone() }
    }
}

impl<T: Send + Sync + 'static> Batcher<T> {
    /// Starts a batcher before `sink`; it ends when its last clone is gone and everything is written.
    pub fn start<S: Sink<T>>(sink: Arc<S>) -> Self {
        let (jobs, inbox) = mpsc::unbounded_channel();
        let writer = Writer {
            sink,
            held: Vec::new(),
            active: HashSet::new(),
            lanes: JoinSet::new(),
            keys: HashMap::new(),
            permits: Arc::new(Semaphore::new(LANES)),
        };
        tokio::spawn(writer.run(inbox));
        Self { jobs, room: Arc::new(Semaphore::new(WAITING)), room_bytes: Arc::new(Semaphore::new(WAITING_BYTES)) }
    }

    /// Writes `items`, which hold on to `bytes` bytes, and returns once they are committed. Whoever stops waiting gives
    /// up what has not been begun.
    ///
    /// # Errors
    /// [`Away`] when any of them could not be stored; the others may be, and a repetition finds them.
    pub async fn write(&self, items: Vec<T>, bytes: usize) -> Result<(), Away> {
        if items.is_empty() {
            return Ok(());
        }
        let room = self.room.clone().try_acquire_owned().map_err(|_| Away)?;
        let bytes = u32::try_from(bytes).map_err(|_| Away)?;
        let room_bytes = self.room_bytes.clone().try_acquire_many_owned(bytes).map_err(|_| Away)?;
        let (answer, written) = oneshot::channel();
        let job = Job {
            answer: Mutex::new(Some(answer)),
            left: AtomicUsize::new(items.len()),
            refused: AtomicBool::new(false),
            _room: [room, room_bytes],
        };
        self.jobs.send((items, job)).map_err(|_| Away)?;
        written.await.unwrap_or(Err(Away))
    }
}

/// One caller who waits for all of their items.
struct Job {
    answer: Mutex<Option<oneshot::Sender<Result<(), Away>>>>,
    left: AtomicUsize,
    refused: AtomicBool,
    _room: [OwnedSemaphorePermit; 2],
}

impl Job {
    /// Nobody waits for the answer any more.
    fn is_gone(&self) -> bool {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// One more item is done; the last one answers.
    fn settle(&self, outcome: Result<(), Away>) {
        if outcome.is_err() {
            self.refused.store(true, Ordering::SeqCst);
        }
        if self.left.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let refused = self.refused.load(Ordering::SeqCst);
        // The caller may have gone; what is stored is stored.
        let _ = answer.map(|answer| answer.send(if refused { Err(Away) } else { Ok(()) }));
    }
}

struct Entry<T> {
    item: T,
    keys: Vec<u64>,
    job: Arc<Job>,
}

struct Writer<T, S> {
    sink: Arc<S>,
    /// What waits for a lane, in order of arrival.
    held: Vec<Entry<T>>,
    /// The keys of all lanes under way; no two lanes share one.
    active: HashSet<u64>,
    lanes: JoinSet<()>,
    keys: HashMap<Id, HashSet<u64>>,
    permits: Arc<Semaphore>,
}

impl<T: Send + Sync + 'static, S: Sink<T>> Writer<T, S> {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<(Vec<T>, Job)>) {
        let mut open = true;
        loop {
            let mut fresh = Vec::new();
            tokio::select! {
                job = inbox.recv(), if open => match job {
                    Some((items, job)) => self.unpack(items, job, &mut fresh),
                    None => open = false,
                },
                Some(lane) = self.lanes.join_next_with_id() => {
                    self.ended(lane.map_or_else(|failed| failed.id(), |(id, ())| id));
                }
                else => break,
            }
            while let Some(lane) = self.lanes.try_join_next_with_id() {
                self.ended(lane.map_or_else(|failed| failed.id(), |(id, ())| id));
            }
            while fresh.len() < FULL
                && let Ok((items, job)) = inbox.try_recv()
            {
                self.unpack(items, job, &mut fresh);
            }
            let batch = self.free(fresh);
            if !batch.is_empty() {
                self.write(batch).await;
            }
        }
    }

    fn unpack(&self, items: Vec<T>, job: Job, entries: &mut Vec<Entry<T>>) {
        let job = Arc::new(job);
        entries.extend(items.into_iter().map(|item| Entry { keys: self.sink.keys(&item), item, job: job.clone() }));
    }

    fn ended(&mut self, lane: Id) {
        for key in self.keys.remove(&lane).unwrap_or_default() {
            self.active.remove(&key);
        }
    }

    /// What waits for no lane, and for nobody who waits for one; the rest is held.
    fn free(&mut self, fresh: Vec<Entry<T>>) -> Vec<Entry<T>> {
        let mut free = Vec::new();
        let mut waited_for = self.active.clone();
        for entry in std::mem::take(&mut self.held).into_iter().chain(fresh) {
            if entry.job.is_gone() {
                entry.job.settle(Err(Away));
            } else if entry.keys.iter().any(|key| waited_for.contains(key)) {
                waited_for.extend(&entry.keys);
                self.held.push(entry);
            } else {
                free.push(entry);
            }
        }
        free
    }

    async fn write(&mut self, batch: Vec<Entry<T>>) {
        metrics::histogram!("hilo_intake_batch_items")
            .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        let items: Vec<&T> = batch.iter().map(|entry| &entry.item).collect();
        let outcomes = tokio::time::timeout(PATIENCE, self.sink.together(&items)).await.unwrap_or_default();
        let mut outcomes = outcomes.into_iter();
        let mut apart = Vec::new();
        for mut entry in batch {
            match outcomes.next() {
                Some(Attempt::Stored) => entry.job.settle(Ok(())),
                Some(Attempt::Away) | None => entry.job.settle(Err(Away)),
                Some(Attempt::Apart(keys)) => {
                    entry.keys.extend(keys);
                    apart.push(entry);
                }
            }
        }
        for (keys, entries) in people(apart) {
            if keys.iter().any(|key| self.active.contains(key)) {
                self.held.extend(entries);
            } else {
                self.open_lane(keys, entries);
            }
        }
    }

    fn open_lane(&mut self, keys: HashSet<u64>, entries: Vec<Entry<T>>) {
        let (sink, permits) = (self.sink.clone(), self.permits.clone());
        self.active.extend(&keys);
        let lane = self.lanes.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let mut entries = entries;
            for gone in entries.extract_if(.., |entry| entry.job.is_gone()) {
                gone.job.settle(Err(Away));
            }
            if entries.is_empty() {
                return;
            }
            let items: Vec<&T> = entries.iter().map(|entry| &entry.item).collect();
            let outcomes = tokio::time::timeout(PATIENCE, sink.apart(&items)).await.unwrap_or_default();
            let mut outcomes = outcomes.into_iter();
            for entry in &entries {
                entry.job.settle(outcomes.next().unwrap_or(Err(Away)));
            }
        });
        self.keys.insert(lane.id(), keys);
    }
}

/// Sorts entries into people: those that share a key, directly or through others, are one's. Order is kept.
fn people<T>(entries: Vec<Entry<T>>) -> Vec<(HashSet<u64>, Vec<Entry<T>>)> {
    let mut leader: Vec<usize> = (0..entries.len()).collect();
    let mut first: HashMap<u64, usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        for key in &entry.keys {
            let other = *first.entry(*key).or_insert(index);
            let (a, b) = (find(&mut leader, index), find(&mut leader, other));
            if let Some(slot) = leader.get_mut(a.max(b)) {
                *slot = a.min(b);
            }
        }
    }
    let mut people: Vec<(HashSet<u64>, Vec<Entry<T>>)> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let at = *place.entry(find(&mut leader, index)).or_insert(people.len());
        if at == people.len() {
            people.push((HashSet::new(), Vec::new()));
        }
        if let Some((keys, theirs)) = people.get_mut(at) {
            keys.extend(&entry.keys);
            theirs.push(entry);
        }
    }
    people
}

/// The first of those that `index` belongs with.
fn find(leader: &mut [usize], mut index: usize) -> usize {
    while let Some(next) = leader.get(index).copied().filter(|next| *next != index) {
        let after = leader.get(next).copied().unwrap_or(next);
        if let Some(slot) = leader.get_mut(index) {
            *slot = after;
        }
        index = after;
    }
    index
}

#[cfg(test)]
mod tests;
