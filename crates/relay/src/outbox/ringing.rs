//! The bells' half: ringing workflows, giving up placeholders, and the second look.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use hilo_domain::outbox::Bell;
use hilo_store::outbox::{self, Due};
use hilo_store::{Result, inputs, mail};

use super::health::chain;
use super::{Health, Ringer, count_lost, pause};
use crate::temporal::RingError;

/// What became of one bell.
#[derive(Debug)]
enum Outcome {
    Heard,
    /// Nobody was asked, or nobody answered: it says nothing about this bell.
    Unanswered,
    /// This bell was not wanted.
    Refused(String),
    /// Postgres could not do what it asks for.
    Undone(String),
}

/// Temporal, as one portion of bells finds it: after the first that is not answered, no more are rung.
#[derive(Debug, Default)]
struct Line {
    answered: AtomicBool,
    lost: OnceLock<String>,
}

impl Line {
    /// What it found is what the process knows about Temporal.
    fn tell(&self, health: &Health) {
        match (self.lost.get(), self.answered.load(Ordering::SeqCst)) {
            (None, false) => {}
            (None, true) => health.temporal_has_answered(),
            (Some(why), false) => health.temporal_has_not_answered(why),
            (Some(why), true) => {
                health.temporal_has_answered();
                tracing::warn!(reason = %why, "Temporal answers some rings and some not");
            }
        }
    }
}

impl Ringer {
    /// Rings what is due, one portion of it, and returns whether there may be more. While Temporal is away, one bell
    /// asks whether it is back.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn ring_due(&self, health: &Health) -> Result<bool> {
        if health.bells_to_hasten() {
            outbox::hasten_bells(&self.pool).await?;
            health.hastened_bells();
        }
        let limit = if health.temporal_is_away() { 1 } else { self.settings.portion() };
        let claimed = outbox::claim_bells(&self.pool, limit, self.settings.lease).await?;
        let full = i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= limit;
        let line = Line::default();
        self.ring(claimed, &line).await?;
        line.tell(health);
        Ok(health.bells_to_hasten() || full && line.lost.get().is_none())
    }

    /// Rings what this process has just written and published.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn ring_fresh(&self, bells: Vec<Due>, health: &Health) -> Result<()> {
        let line = Line::default();
        self.ring(bells, &line).await?;
        line.tell(health);
        Ok(())
    }

    /// Placeholders that have waited long enough become inputs themselves; returns whether there may be more.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn give_up_ghosts(&self) -> Result<bool> {
        let limit = self.settings.portion();
        let claimed = outbox::claim_ghosts(&self.pool, limit, self.settings.lease).await?;
        let full = i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= limit;
        self.ring(claimed, &Line::default()).await?;
        Ok(full)
    }

    /// The second look: rings conversations that have had something open for too long (`turns.md` 24), until none is
    /// left.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn ring_forgotten(&self) -> Result<usize> {
        let (now, pool) = (self.clock.now(), &self.pool);
        let again_after = self.settings.forgotten_after.to_std().unwrap_or_default();
        let portion = usize::try_from(self.settings.batch).unwrap_or(1).max(1);
        let mut all = 0;
        loop {
            let before = now - self.settings.forgotten_after;
            let mut tx = hilo_store::begin(pool).await?;
            let found = inputs::forgotten(&mut tx, before, again_after, self.settings.look).await?;
            tx.rollback().await.map_err(hilo_store::Error::from)?;
            let mut rung = 0;
            for some in found.chunks(portion) {
                let mut tx = hilo_store::begin(pool).await?;
                rung += inputs::ring_forgotten(&mut tx, some, again_after, now).await?.len();
                tx.commit().await.map_err(hilo_store::Error::from)?;
            }
            metrics::counter!("hilo_relay_forgotten_total").increment(rung as u64);
            all += rung;
            // What was found and not rung is in another relay's hands, or will be found by the next look.
            if rung == 0 || i64::try_from(found.len()).unwrap_or(i64::MAX) < self.settings.look {
                return Ok(all);
            }
        }
    }

    /// Rings claimed rows and records what became of them.
    async fn ring(&self, claimed: Vec<Due>, line: &Line) -> Result<()> {
        if claimed.is_empty() {
            return Ok(());
        }
        let outcomes = self.ring_each(&claimed, line).await;
        for (bell, outcome) in &outcomes {
            let (kind, target) = (bell.kind(), bell.target());
            match outcome {
                Outcome::Heard | Outcome::Unanswered => {}
                Outcome::Refused(why) => {
                    tracing::error!(bell = kind, target.id = %target, reason = %why, "a bell was refused");
                }
                Outcome::Undone(why) => tracing::warn!(
                    bell = kind, target.id = %target, reason = %why,
                    "the relay could not do in Postgres what a bell asks for; it tries again"
                ),
            }
        }
        let (heard, waiting): (Vec<Due>, Vec<Due>) = claimed
            .into_iter()
            .partition(|row| row.bell.is_some_and(|bell| matches!(outcomes.get(&bell), Some(Outcome::Heard))));
        if !heard.is_empty() {
            count_lost(heard.len(), outbox::heard(&self.pool, &heard).await?);
            metrics::counter!("hilo_outbox_rung_total").increment(heard.len() as u64);
        }
        if !waiting.is_empty() {
            let waiting: Vec<_> = waiting.into_iter().map(|row| (row, pause(row.tries))).collect();
            count_lost(waiting.len(), outbox::unheard(&self.pool, &waiting).await?);
            metrics::counter!("hilo_outbox_postponed_total").increment(waiting.len() as u64);
        }
        Ok(())
    }

    /// Rings every distinct bell once, in the order in which they began to wait. A bell of a kind that only a newer
    /// version knows is left to one.
    async fn ring_each(&self, claimed: &[Due], line: &Line) -> BTreeMap<Bell, Outcome> {
        let mut seen = std::collections::BTreeSet::new();
        let bells: Vec<Bell> = claimed.iter().filter_map(|row| row.bell).filter(|bell| seen.insert(*bell)).collect();
        futures::stream::iter(bells)
            .map(|bell| async move { (bell, self.ring_one(bell, line).await) })
            .buffer_unordered(self.settings.at_once.max(1))
            .collect()
            .await
    }

    async fn ring_one(&self, bell: Bell, line: &Line) -> Outcome {
        match bell {
            Bell::Conversation(id) => self.by_temporal(line, self.bells.conversation(id)).await,
            Bell::Queue(id) => self.by_temporal(line, self.bells.queue(id)).await,
            Bell::Agent(id) => self.by_temporal(line, self.bells.agent(id)).await,
            Bell::Ghost(message) => {
                self.by_postgres(async {
                    let mut tx = hilo_store::begin(&self.pool).await?;
                    mail::give_up_ghost(&mut tx, message, self.clock.now()).await?;
                    tx.commit().await.map_err(hilo_store::Error::from)
                })
                .await
            }
        }
    }

    /// A bell that Temporal hears.
    async fn by_temporal(
        &self,
        line: &Line,
        ring: impl Future<Output = std::result::Result<(), RingError>>,
    ) -> Outcome {
        if line.lost.get().is_some() {
            return Outcome::Unanswered;
        }
        let lost = match tokio::time::timeout(self.settings.ring, ring).await {
            Ok(Ok(())) => {
                line.answered.store(true, Ordering::SeqCst);
                return Outcome::Heard;
            }
            Ok(Err(RingError::Refused(why))) => return Outcome::Refused(why),
            Ok(Err(RingError::Unavailable(why))) => why,
            Err(_) => format!("no answer within {:?}", self.settings.ring),
        };
        line.lost.get_or_init(|| lost);
        Outcome::Unanswered
    }

    /// A bell that is ours to hear: it asks for something in Postgres.
    async fn by_postgres(&self, work: impl Future<Output = Result<()>>) -> Outcome {
        match tokio::time::timeout(self.settings.ring, work).await {
            Ok(Ok(())) => Outcome::Heard,
            Ok(Err(error)) => Outcome::Undone(chain(&error)),
            Err(_) => Outcome::Undone(format!("no answer within {:?}", self.settings.ring)),
        }
    }
}
