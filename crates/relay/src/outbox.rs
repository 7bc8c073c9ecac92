//! Ringing what the outbox holds.
//!
//! Rows are claimed for a lease, rung outside any transaction, and then recorded: gone, or tried again after a pause.
//! Many rows for one conversation are one ring. While Temporal is away, events still reach the screens, and each
//! conversation keeps one row; the first ring that succeeds afterwards makes all of them due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt;
use hilo_domain::clock::SharedClock;
use hilo_domain::outbox::Bell;
use hilo_store::outbox::{self, Due, Rung};
use hilo_store::{Pool, inputs, mail};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::stream::Stream;
use crate::temporal::{Bells, RingError};

/// How the relay works; the defaults are `design.md`'s.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often it looks for rows that are due.
    pub every: Duration,
    /// How long a claimed row is left alone; longer than a ring may take.
    pub lease: Duration,
    /// How often it takes the second look.
    pub second_look: Duration,
    /// An input that is open for longer is rung again.
    pub forgotten_after: TimeDelta,
    /// At most so many rows at once.
    pub batch: i64,
    /// At most so many rings at once.
    pub at_once: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(500),
            lease: Duration::from_secs(10),
            second_look: Duration::from_secs(30),
            forgotten_after: TimeDelta::seconds(30),
            batch: 500,
            at_once: 16,
        }
    }
}

/// The relay of one process; clones share it.
#[derive(Clone)]
pub struct Relay {
    fresh: mpsc::Sender<Vec<i64>>,
}

impl Relay {
    /// Starts a relay that runs until `stop` is cancelled and then finishes the batch in hand.
    pub fn start(ringer: Ringer, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (fresh, inbox) = mpsc::channel(10_000);
        (Self { fresh }, tokio::spawn(ringer.run(inbox, stop)))
    }

    /// Rings these rows, which have just been committed. Never waits: when the relay is busy, they are due in a second.
    pub fn ring(&self, rows: Vec<i64>) {
        if !rows.is_empty() {
            drop(self.fresh.try_send(rows));
        }
    }
}

/// Everything that a relay needs, and its rules; each can be called by itself.
pub struct Ringer {
    /// Postgres.
    pub pool: Pool,
    /// Rings workflows.
    pub bells: Arc<dyn Bells>,
    /// Publishes events.
    pub stream: Arc<dyn Stream>,
    /// The process's clock.
    pub clock: SharedClock,
    /// How it works.
    pub settings: Settings,
}

impl Ringer {
    async fn run(self, mut inbox: mpsc::Receiver<Vec<i64>>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(self.settings.every);
        let mut look = tokio::time::interval(self.settings.second_look);
        for timer in [&mut tick, &mut look] {
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        let mut health = Health::default();
        loop {
            let outcome = tokio::select! {
                () = stop.cancelled() => break,
                Some(mut rows) = inbox.recv() => {
                    while rows.len() < usize::try_from(self.settings.batch).unwrap_or(usize::MAX) {
                        match inbox.try_recv() {
                            Ok(more) => rows.extend(more),
                            Err(_) => break,
                        }
                    }
                    self.ring_fresh(&rows, &mut health).await.map(drop)
                }
                _ = tick.tick() => self.ring_due(&mut health).await.map(drop),
                _ = look.tick() => self.ring_forgotten().await.map(drop),
            };
            match outcome {
                Ok(()) => health.database_is_back(),
                Err(error) => {
                    health.database_is_away(&error);
                    tokio::select! { () = stop.cancelled() => break, _ = tick.tick() => {} }
                }
            }
        }
    }

    /// Rings rows that this process has just written.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn ring_fresh(&self, rows: &[i64], health: &mut Health) -> hilo_store::Result<usize> {
        let claimed = outbox::claim(&self.pool, rows, self.settings.lease).await?;
        self.ring(claimed, health).await
    }

    /// Rings what is due, until nothing is or a whole batch has failed.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn ring_due(&self, health: &mut Health) -> hilo_store::Result<usize> {
        let mut rung = 0;
        loop {
            let claimed = outbox::claim_due(&self.pool, self.settings.batch, self.settings.lease).await?;
            let full = i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= self.settings.batch;
            let done = self.ring(claimed, health).await?;
            rung += done;
            if !full || done == 0 {
                return Ok(rung);
            }
        }
    }

    /// The second look: rings conversations whose mail has been open for too long (`turns.md` 24).
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn ring_forgotten(&self) -> hilo_store::Result<usize> {
        let now = self.clock.now();
        let mut tx = hilo_store::begin(&self.pool).await?;
        let found =
            inputs::ring_forgotten(&mut tx, now - self.settings.forgotten_after, now, self.settings.batch).await?;
        tx.commit().await.map_err(hilo_store::Error::from)?;
        metrics::counter!("hilo_relay_forgotten_total").increment(found.len() as u64);
        Ok(found.len())
    }

    /// Rings claimed rows and records what became of them; returns how many are done.
    async fn ring(&self, claimed: Vec<Due>, health: &mut Health) -> hilo_store::Result<usize> {
        if claimed.is_empty() {
            return Ok(0);
        }
        let (published, heard) = tokio::join!(self.publish(&claimed), self.ring_all(&claimed, health.temporal_is_away));
        health.stream_is(published.as_ref().err());
        health.temporal_is(&heard);
        let rung = judge(&claimed, published.is_ok(), &heard);
        outbox::record(&self.pool, &rung).await?;
        if health.take_recovered() {
            outbox::hasten(&self.pool).await?;
        }
        metrics::counter!("hilo_outbox_rung_total").increment(rung.done.len() as u64);
        metrics::counter!("hilo_outbox_postponed_total").increment(rung.again.len() as u64);
        Ok(rung.done.len())
    }

    async fn publish(&self, claimed: &[Due]) -> Result<(), crate::stream::StreamError> {
        let ids: Vec<_> = claimed.iter().filter_map(|row| row.event).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let events = hilo_store::events::by_ids(&self.pool, &ids)
            .await
            .map_err(|error| crate::stream::StreamError(error.to_string()))?;
        self.stream.publish(&events).await
    }

    /// Rings every distinct bell once. When Temporal was away, one ring asks whether it is back before the others.
    async fn ring_all(&self, claimed: &[Due], away: bool) -> BTreeMap<Bell, Result<(), RingError>> {
        let mut bells: Vec<Bell> = claimed.iter().filter_map(|row| row.bell).collect();
        bells.sort();
        bells.dedup();
        let mut heard = BTreeMap::new();
        if away && let Some(first) = bells.pop() {
            let outcome = self.ring_one(first).await;
            let still = matches!(&outcome, Err(RingError::Unavailable(_)));
            heard.insert(first, outcome);
            if still {
                heard.extend(bells.into_iter().map(|bell| (bell, Err(RingError::Unavailable(String::new())))));
                return heard;
            }
        }
        let mut rings = futures::stream::iter(bells)
            .map(|bell| async move { (bell, self.ring_one(bell).await) })
            .buffer_unordered(self.settings.at_once);
        while let Some((bell, outcome)) = rings.next().await {
            heard.insert(bell, outcome);
        }
        heard
    }

    async fn ring_one(&self, bell: Bell) -> Result<(), RingError> {
        match bell {
            Bell::Conversation(id) => self.bells.conversation(id).await,
            Bell::Queue(id) => self.bells.queue(id).await,
            Bell::Agent(id) => self.bells.agent(id).await,
            Bell::Ghost(message) => {
                let give_up = async {
                    let mut tx = hilo_store::begin(&self.pool).await?;
                    mail::give_up_ghost(&mut tx, message, self.clock.now()).await?;
                    tx.commit().await.map_err(hilo_store::Error::from)
                };
                give_up.await.map_err(|error| RingError::Refused(error.to_string()))
            }
        }
    }
}

/// What the log has been told, so that an outage is two lines and not a flood.
#[derive(Debug, Default)]
pub struct Health {
    temporal_is_away: bool,
    recovered: bool,
    stream_is_away: bool,
    database_is_away: bool,
}

impl Health {
    fn temporal_is(&mut self, heard: &BTreeMap<Bell, Result<(), RingError>>) {
        let reached = heard.iter().any(|(bell, outcome)| matches!(bell, Bell::Conversation(_)) && outcome.is_ok());
        let lost = heard.values().find_map(|outcome| match outcome {
            Err(RingError::Unavailable(why)) => Some(why),
            _ => None,
        });
        if let Some(why) = lost {
            if !self.temporal_is_away {
                tracing::warn!(reason = %why, "Temporal is away; what must be rung waits in the outbox");
            }
            self.temporal_is_away = true;
        } else if reached && self.temporal_is_away {
            tracing::info!("Temporal is back; ringing what has waited");
            self.temporal_is_away = false;
            self.recovered = true;
        }
        for (bell, outcome) in heard {
            if let Err(RingError::Refused(why)) = outcome {
                tracing::error!(bell = bell.kind(), target.id = %bell.target(), reason = %why, "a bell was refused");
            }
        }
        metrics::gauge!("hilo_temporal_away").set(if self.temporal_is_away { 1.0 } else { 0.0 });
    }

    fn take_recovered(&mut self) -> bool {
        std::mem::take(&mut self.recovered)
    }

    fn stream_is(&mut self, error: Option<&crate::stream::StreamError>) {
        match error {
            Some(error) if !self.stream_is_away => tracing::warn!(%error, "Redis is away; events wait in the outbox"),
            None if self.stream_is_away => {
                tracing::info!("Redis is back; publishing what has waited");
                self.recovered = true;
            }
            _ => {}
        }
        self.stream_is_away = error.is_some();
        metrics::gauge!("hilo_stream_away").set(if self.stream_is_away { 1.0 } else { 0.0 });
    }

    fn database_is_away(&mut self, error: &hilo_store::Error) {
        if !self.database_is_away {
            tracing::warn!(error = %chain(error), "the relay cannot reach Postgres; it goes on trying");
        }
        self.database_is_away = true;
    }

    fn database_is_back(&mut self) {
        if std::mem::take(&mut self.database_is_away) {
            tracing::info!("the relay reaches Postgres again");
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The rules: a row goes when both its workflow and the stream have heard; what is left of it is tried again.
fn judge(claimed: &[Due], published: bool, heard: &BTreeMap<Bell, Result<(), RingError>>) -> Rung {
    let mut rung = Rung::default();
    let mut waiting: std::collections::BTreeSet<Bell> = std::collections::BTreeSet::new();
    for row in claimed {
        let bell_done = row.bell.is_none_or(|bell| heard.get(&bell).is_some_and(Result::is_ok));
        let event_done = row.event.is_none() || published;
        match (bell_done, event_done) {
            (true, true) => rung.done.push(row.id),
            (true, false) => {
                if row.bell.is_some() {
                    rung.only_event_left.push(row.id);
                }
                rung.again.push((row.id, pause(row.tries)));
            }
            (false, event_done) => {
                // One row a conversation is enough: the ring that it stands for comes after all of these were written.
                let first = row.bell.is_some_and(|bell| waiting.insert(bell));
                if !first && event_done {
                    rung.done.push(row.id);
                    continue;
                }
                if event_done && row.event.is_some() {
                    rung.only_bell_left.push(row.id);
                }
                rung.again.push((row.id, pause(row.tries)));
            }
        }
    }
    rung
}

/// 1, 2, 4 … 30 seconds.
fn pause(tries: i32) -> Duration {
    Duration::from_secs(1 << u32::try_from(tries).unwrap_or(0).min(5)).min(Duration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(id: i64, conversation: Option<u128>, event: bool, tries: i32) -> Due {
        Due {
            id,
            bell: conversation.map(|c| Bell::Conversation(Uuid::from_u128(c).into())),
            event: event.then(|| Uuid::from_u128(1000 + id.unsigned_abs() as u128)),
            tries,
        }
    }

    fn heard(outcomes: &[(u128, bool)]) -> BTreeMap<Bell, Result<(), RingError>> {
        outcomes
            .iter()
            .map(|(c, ok)| {
                let outcome = if *ok { Ok(()) } else { Err(RingError::Unavailable("away".into())) };
                (Bell::Conversation(Uuid::from_u128(*c).into()), outcome)
            })
            .collect()
    }

    #[test]
    fn a_row_goes_when_both_have_heard() {
        let rung = judge(&[row(1, Some(1), true, 0), row(2, None, true, 0)], true, &heard(&[(1, true)]));
        assert_eq!(rung, Rung { done: vec![1, 2], ..Rung::default() });
    }

    #[test]
    fn without_temporal_events_are_published_and_one_row_a_conversation_waits() {
        let claimed = [row(1, Some(1), true, 0), row(2, Some(1), true, 0), row(3, Some(2), true, 3)];
        let rung = judge(&claimed, true, &heard(&[(1, false), (2, false)]));
        assert_eq!(rung.done, [2]);
        assert_eq!(rung.only_bell_left, [1, 3]);
        assert_eq!(rung.again, [(1, Duration::from_secs(1)), (3, Duration::from_secs(8))]);
    }

    #[test]
    fn without_redis_workflows_are_rung_once_and_every_event_waits() {
        let claimed = [row(1, Some(1), true, 0), row(2, Some(1), true, 0)];
        let rung = judge(&claimed, false, &heard(&[(1, true)]));
        assert_eq!(rung.only_event_left, [1, 2]);
        assert_eq!(rung.again.len(), 2);
        assert!(rung.done.is_empty());
    }

    #[test]
    fn without_both_nothing_is_lost() {
        let claimed = [row(1, Some(1), true, 9), row(2, Some(1), true, 0)];
        let rung = judge(&claimed, false, &heard(&[(1, false)]));
        assert!(rung.done.is_empty() && rung.only_bell_left.is_empty() && rung.only_event_left.is_empty());
        assert_eq!(rung.again, [(1, Duration::from_secs(30)), (2, Duration::from_secs(1))]);
    }
}
