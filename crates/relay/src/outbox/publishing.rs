//! The events' half: what happened goes to the stream, and what must be rung is left to the other half.

use hilo_store::Result;
use hilo_store::events::{self, Event};
use hilo_store::outbox::{self, Due};

use super::{Health, Ringer, count_lost, pause};

impl Ringer {
    /// Publishes what this process has just written, and returns the bells, which are still its own to ring or to
    /// leave. While the stream is away it is not asked, so that no bell waits for its time-out.
    ///
    /// # Errors
    /// When Postgres is away; the rows stay.
    pub async fn publish_fresh(&self, rows: &[i64], health: &Health) -> Result<Vec<Due>> {
        let (fresh, events) = outbox::fresh(&self.pool, rows).await?;
        let out = fresh.iter().all(|row| row.event.is_none())
            || !health.stream_is_away() && self.to_the_stream(&events, health).await;
        let (waiting, out): (Vec<Due>, Vec<Due>) = fresh.into_iter().partition(|row| row.event.is_some() && !out);
        self.not_out(waiting).await?;
        let (bells, done) = out.into_iter().partition(|row| row.bell.is_some());
        self.leave(done).await?;
        Ok(bells)
    }

    /// The rows' events are out: their bells are left to whoever rings next.
    ///
    /// # Errors
    /// When Postgres is away; the rows are then published again.
    pub async fn leave(&self, rows: Vec<Due>) -> Result<()> {
        if !rows.is_empty() {
            count_lost(rows.len(), outbox::published(&self.pool, &rows).await?);
        }
        Ok(())
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
        self.publish(claimed, health).await?;
        Ok(health.events_to_hasten() || full && !health.stream_is_away())
    }

    async fn publish(&self, claimed: Vec<Due>, health: &Health) -> Result<()> {
        let ids: Vec<_> = claimed.iter().filter_map(|row| row.event).collect();
        let out = ids.is_empty() || self.to_the_stream(&events::by_ids(&self.pool, &ids).await?, health).await;
        let (waiting, free): (Vec<Due>, Vec<Due>) = claimed.into_iter().partition(|row| row.event.is_some() && !out);
        self.leave(free).await?;
        self.not_out(waiting).await
    }

    /// Whether the events are out. Events that are no longer there ask nothing of the stream, and say nothing about it.
    async fn to_the_stream(&self, events: &[Event], health: &Health) -> bool {
        if events.is_empty() {
            return true;
        }
        let outcome = self.stream.publish(events).await;
        health.stream_has(&outcome);
        if outcome.is_ok() {
            metrics::counter!("hilo_outbox_published_total").increment(events.len() as u64);
        }
        outcome.is_ok()
    }

    async fn not_out(&self, rows: Vec<Due>) -> Result<()> {
        if !rows.is_empty() {
            let rows: Vec<_> = rows.into_iter().map(|row| (row, pause(row.tries))).collect();
            count_lost(rows.len(), outbox::unpublished(&self.pool, &rows).await?);
            metrics::counter!("hilo_outbox_postponed_total").increment(rows.len() as u64);
        }
        Ok(())
    }
}
