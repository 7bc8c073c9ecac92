//! The events' half: what happened goes to the stream, and what must be rung is left to the other half.

use hilo_store::outbox::{self, Due};
use hilo_store::{Result, events};

use super::{Health, Ringer, count_lost, pause};

impl Ringer {
    /// Publishes what this process has just written, and makes its bells due. While the stream is away it is not asked,
    /// so that no bell waits for its time-out.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn publish_fresh(&self, rows: &[i64], health: &Health) -> Result<()> {
        let claimed = outbox::claim(&self.pool, rows, self.settings.lease).await?;
        self.publish(claimed, !health.stream_is_away(), health).await
    }

    /// Publishes what is due, one batch of it, and returns whether there may be more. While the stream is away, one
    /// event asks whether it is back.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn publish_due(&self, health: &Health) -> Result<bool> {
        if health.events_to_hasten() {
            outbox::hasten_events(&self.pool).await?;
            health.hastened_events();
        }
        let limit = if health.stream_is_away() { 1 } else { self.settings.batch };
        let claimed = outbox::claim_events(&self.pool, limit, self.settings.lease).await?;
        let full = i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= limit;
        self.publish(claimed, true, health).await?;
        Ok(health.events_to_hasten() || full && !health.stream_is_away())
    }

    async fn publish(&self, claimed: Vec<Due>, ask: bool, health: &Health) -> Result<()> {
        if claimed.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = claimed.iter().filter_map(|row| row.event).collect();
        let out = ids.is_empty()
            || ask && {
                let events = events::by_ids(&self.pool, &ids).await?;
                // Events that are no longer there ask nothing of the stream, and say nothing about it.
                events.is_empty() || {
                    let outcome = self.stream.publish(&events).await;
                    health.stream_has(&outcome);
                    if outcome.is_ok() {
                        metrics::counter!("hilo_outbox_published_total").increment(events.len() as u64);
                    }
                    outcome.is_ok()
                }
            };
        let (waiting, free): (Vec<Due>, Vec<Due>) = claimed.into_iter().partition(|row| row.event.is_some() && !out);
        if !free.is_empty() {
            count_lost(free.len(), outbox::published(&self.pool, &free).await?);
        }
        if !waiting.is_empty() {
            let waiting: Vec<_> = waiting.into_iter().map(|row| (row, pause(row.tries))).collect();
            count_lost(waiting.len(), outbox::unpublished(&self.pool, &waiting).await?);
            metrics::counter!("hilo_outbox_postponed_total").increment(waiting.len() as u64);
        }
        Ok(())
    }
}
