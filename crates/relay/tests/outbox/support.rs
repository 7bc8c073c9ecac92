//! Relays of several processes on one database, each with an ear of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hilo_domain::clock::ManualClock;
use hilo_domain::id::{AgentId, ConversationId, QueueId};
use hilo_relay::outbox::{Health, Ringer, Settings};
use hilo_relay::stream::{Stream, StreamError};
use hilo_relay::temporal::{Bells, RingError};
use hilo_store::events::Event;
use hilo_store::mail::Stored;
use hilo_store::testing::{Database, at, text};
use tokio::sync::Semaphore;

/// Hears bells and events instead of Temporal and Redis.
pub(crate) struct Ear {
    /// Every ring that began, also those without an answer.
    pub(crate) asked: Mutex<Vec<ConversationId>>,
    /// Every ring that was heard.
    pub(crate) rung: Mutex<Vec<ConversationId>>,
    pub(crate) published: Mutex<Vec<Event>>,
    pub(crate) publishings: AtomicUsize,
    pub(crate) temporal_is_away: AtomicBool,
    pub(crate) redis_is_away: AtomicBool,
    /// A ring is answered when it gets a permit.
    gate: Semaphore,
}

impl Ear {
    /// Answers at once.
    pub(crate) fn open() -> Arc<Self> {
        Self::with(Semaphore::MAX_PERMITS)
    }

    /// Answers no ring until it is told to.
    pub(crate) fn silent() -> Arc<Self> {
        Self::with(0)
    }

    fn with(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::default(),
            rung: Mutex::default(),
            published: Mutex::default(),
            publishings: AtomicUsize::default(),
            temporal_is_away: AtomicBool::default(),
            redis_is_away: AtomicBool::default(),
            gate: Semaphore::new(permits),
        })
    }

    /// Answers from now on.
    pub(crate) fn answer(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub(crate) fn temporal_is_away(&self, away: bool) {
        self.temporal_is_away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn redis_is_away(&self, away: bool) {
        self.redis_is_away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(crate) fn rung(&self) -> Vec<ConversationId> {
        self.rung.lock().unwrap().clone()
    }

    /// The numbers of the published events with their conversations.
    pub(crate) fn published(&self) -> Vec<(ConversationId, i64)> {
        self.published.lock().unwrap().iter().map(|e| (e.conversation.unwrap(), e.seq.unwrap())).collect()
    }
}

#[async_trait]
impl Bells for Ear {
    async fn conversation(&self, id: ConversationId) -> Result<(), RingError> {
        self.asked.lock().unwrap().push(id);
        drop(self.gate.acquire().await.unwrap());
        Bells::ping(self).await?;
        self.rung.lock().unwrap().push(id);
        Ok(())
    }

    async fn queue(&self, _: QueueId) -> Result<(), RingError> {
        Bells::ping(self).await
    }

    async fn agent(&self, _: AgentId) -> Result<(), RingError> {
        Bells::ping(self).await
    }

    async fn ping(&self) -> Result<(), RingError> {
        if self.temporal_is_away.load(Ordering::SeqCst) { Err(RingError::Unavailable("away".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Stream for Ear {
    async fn publish(&self, events: &[Event]) -> Result<(), StreamError> {
        self.publishings.fetch_add(1, Ordering::SeqCst);
        Stream::ping(self).await?;
        self.published.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    async fn ping(&self) -> Result<(), StreamError> {
        if self.redis_is_away.load(Ordering::SeqCst) { Err(StreamError("away".into())) } else { Ok(()) }
    }
}

/// Time-outs that no test runs into.
pub(crate) fn patient() -> Settings {
    Settings { lease: Duration::from_secs(600), ring: Duration::from_secs(60), ..Settings::default() }
}

/// A relay on `db` that hears with `ear`.
pub(crate) fn ringer(db: &Database, ear: &Arc<Ear>, settings: Settings) -> Ringer {
    Ringer {
        pool: db.pool.clone(),
        bells: ear.clone(),
        stream: ear.clone(),
        clock: ManualClock::at(at(1000)),
        settings,
    }
}

/// A text from person `person`; returns its conversation and its row.
pub(crate) async fn arrive(db: &Database, person: u32, id: &str) -> (ConversationId, i64) {
    let Stored::New(conversation) = db.arrive(&text(db.number, &format!("519000000{person:02}"), id, "hola", 0)).await
    else {
        panic!("it is new")
    };
    (conversation, db.count("select max(id) from outbox").await)
}

/// Publishes what has just been written and leaves its bells.
pub(crate) async fn publish_and_leave(ringer: &Ringer, rows: &[i64], health: &Health) {
    let bells = ringer.publish_fresh(rows, health).await.unwrap();
    ringer.leave(bells).await.unwrap();
}

/// A text from each of these people, published; their bells are left.
pub(crate) async fn bells_wait(db: &Database, people: std::ops::Range<u32>) -> Vec<ConversationId> {
    let publisher = ringer(db, &Ear::open(), patient());
    let mut conversations = Vec::new();
    for person in people {
        let (conversation, row) = arrive(db, person, &format!("first of {person}")).await;
        publish_and_leave(&publisher, &[row], &Health::default()).await;
        conversations.push(conversation);
    }
    conversations
}

/// Rings what is due until nothing is, or Temporal does not answer.
pub(crate) async fn ring_all(ringer: &Ringer, health: &Health) {
    while ringer.ring_due(health).await.unwrap() {}
}

/// Publishes what is due until nothing is, or the stream does not answer.
pub(crate) async fn publish_all(ringer: &Ringer, health: &Health) {
    while ringer.publish_due(health).await.unwrap() {}
}

/// Every pause is over.
pub(crate) async fn time_passes(db: &Database) {
    db.execute("update outbox set due_at = due_at - interval '1 minute'").await;
}

/// Every lease is over.
pub(crate) async fn leases_end(db: &Database) {
    db.execute(
        "update outbox set leased_until = clock_timestamp() - interval '1 second' where leased_until is not null",
    )
    .await;
}

/// Everything that the outbox holds.
pub(crate) async fn outbox(db: &Database) -> Vec<String> {
    db.texts("select outbox::text from outbox order by id").await
}

/// Waits until it is so.
pub(crate) async fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
