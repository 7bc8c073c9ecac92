//! Ringing what the outbox holds.
//!
//! Two halves work side by side, so that neither waits for what holds up the other: one publishes events and leaves
//! the bells (`publishing`), one rings them (`ringing`); beside them, the second look finds what was rung and never
//! handled. Each half claims what is due for a lease, does its part outside
//! any transaction, and records what became of it: gone, or tried again after a pause. Many rows for one conversation
//! are one ring. While Temporal is away, events still reach the screens; the first ring that succeeds afterwards makes
//! everything due, and who has waited the longest is rung first.

mod health;
mod publishing;
mod ringing;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hilo_domain::clock::SharedClock;
use hilo_store::Pool;
use hilo_store::outbox::Due;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use health::Footing;
pub use health::Health;

use crate::stream::Stream;
use crate::temporal::Bells;

/// How the relay works; the defaults are `design.md`'s.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often it looks for rows that are due.
    pub every: Duration,
    /// How long a claimed row is left alone; longer than a ring may take.
    pub lease: Duration,
    /// How long one ring may take before its row is left for later.
    pub ring: Duration,
    /// How often it takes the second look.
    pub second_look: Duration,
    /// What is open for longer is rung again, and once more whenever so long has passed.
    pub forgotten_after: TimeDelta,
    /// A second look finds at most so many conversations at once, and goes on until none is left.
    pub look: i64,
    /// At most so many rows in one transaction.
    pub batch: i64,
    /// At most so many rings at once.
    pub at_once: usize,
    /// So many fresh bells, or fewer, are rung without a claim.
    pub few: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(500),
            lease: Duration::from_secs(10),
            ring: Duration::from_secs(3),
            second_look: Duration::from_secs(10),
            forgotten_after: TimeDelta::seconds(30),
            look: 10_000,
            batch: 500,
            at_once: 16,
            few: 8,
        }
    }
}

impl Settings {
    /// At most so many bells are claimed at once: no more than can be rung within the lease, however slow each ring is.
    #[must_use]
    pub fn portion(&self) -> i64 {
        let rounds = self.lease.as_millis() / self.ring.as_millis().max(1);
        let rings = u128::try_from(self.at_once).unwrap_or(u128::MAX).saturating_mul(rounds);
        i64::try_from(rings).unwrap_or(i64::MAX).clamp(1, self.batch.max(1))
    }
}

/// The relay of one process; clones share it.
#[derive(Clone)]
pub struct Relay {
    fresh: mpsc::Sender<Vec<i64>>,
}

impl Relay {
    /// Starts a relay that runs until `stop` is cancelled and then finishes what it has in hand.
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
    async fn run(self, inbox: mpsc::Receiver<Vec<i64>>, stop: CancellationToken) {
        let health = Health::default();
        let bells_wait = Notify::new();
        // One at most: what the ringing half cannot take at once is left in the outbox.
        let (hand_over, fresh_bells) = mpsc::channel(1);
        tokio::join!(
            self.go_on_publishing(inbox, &hand_over, &bells_wait, &health, &stop),
            self.go_on_ringing(fresh_bells, &bells_wait, &health, &stop),
            self.go_on_looking(&bells_wait, &stop),
        );
    }

    async fn go_on_publishing(
        &self,
        mut inbox: mpsc::Receiver<Vec<i64>>,
        hand_over: &mpsc::Sender<Vec<Due>>,
        bells_wait: &Notify,
        health: &Health,
        stop: &CancellationToken,
    ) {
        let (mut tick, mut footing) = (every(self.settings.every), Footing::of("publishing"));
        while !stop.is_cancelled() {
            let outcome = tokio::select! {
                () = stop.cancelled() => break,
                Some(mut rows) = inbox.recv() => {
                    while rows.len() < usize::try_from(self.settings.batch).unwrap_or(usize::MAX) {
                        match inbox.try_recv() {
                            Ok(more) => rows.extend(more),
                            Err(_) => break,
                        }
                    }
                    self.publish_and_hand_over(&rows, hand_over, bells_wait, health).await.map(|()| false)
                }
                _ = tick.tick() => self.publish_due(health).await,
            };
            footing.is(&outcome);
            settle(outcome, &mut tick, stop).await;
        }
    }

    /// A few bells go from hand to hand without a claim, while the ringing half keeps up and Temporal is there. Many are
    /// left in the outbox: there the bells of one conversation wait for each other and are rung as one.
    async fn publish_and_hand_over(
        &self,
        rows: &[i64],
        hand_over: &mpsc::Sender<Vec<Due>>,
        bells_wait: &Notify,
        health: &Health,
    ) -> hilo_store::Result<()> {
        let bells = self.publish_fresh(rows, health).await?;
        if bells.is_empty() {
            return Ok(());
        }
        if bells.len() <= self.settings.few
            && !health.temporal_is_away()
            && let Ok(place) = hand_over.try_reserve()
        {
            place.send(bells);
            return Ok(());
        }
        self.leave(bells).await?;
        bells_wait.notify_one();
        Ok(())
    }

    async fn go_on_ringing(
        &self,
        mut fresh: mpsc::Receiver<Vec<Due>>,
        bells_wait: &Notify,
        health: &Health,
        stop: &CancellationToken,
    ) {
        let (mut tick, mut footing) = (every(self.settings.every), Footing::of("ringing"));
        while !stop.is_cancelled() {
            let outcome = tokio::select! {
                () = stop.cancelled() => break,
                Some(bells) = fresh.recv() => self.ring_fresh(bells, health).await.map(|()| health.bells_to_hasten()),
                () = bells_wait.notified() => self.ring_due(health).await,
                _ = tick.tick() => match self.give_up_ghosts().await {
                    Ok(more_ghosts) => self.ring_due(health).await.map(|more| more || more_ghosts),
                    Err(error) => Err(error),
                },
            };
            footing.is(&outcome);
            settle(outcome, &mut tick, stop).await;
        }
    }

    async fn go_on_looking(&self, bells_wait: &Notify, stop: &CancellationToken) {
        let (mut look, mut footing) = (every(self.settings.second_look), Footing::of("second look"));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = look.tick() => {}
            }
            let found = self.ring_forgotten().await;
            footing.is(&found);
            if found.is_ok_and(|found| found > 0) {
                bells_wait.notify_one();
            }
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut timer = tokio::time::interval(period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// What a half does after each step: it goes on at once when there is more, and waits when Postgres is away.
async fn settle(outcome: hilo_store::Result<bool>, tick: &mut Interval, stop: &CancellationToken) {
    match outcome {
        Ok(true) => tick.reset_immediately(),
        Ok(false) => {}
        Err(_) => tokio::select! {
            () = stop.cancelled() => {}
            _ = tick.tick() => {}
        },
    }
}

/// 1, 2, 4 … 30 seconds.
fn pause(tries: i32) -> Duration {
    Duration::from_secs(1 << u32::try_from(tries).unwrap_or(0).min(5)).min(Duration::from_secs(30))
}

/// Rows that somebody else took when their lease was over, while this relay still worked at them.
fn count_lost(rows: usize, told: u64) {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    metrics::counter!("hilo_outbox_leases_lost_total").increment(rows.saturating_sub(told));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_can_be_rung_within_its_lease_however_slow_each_ring_is() {
        let seconds = Duration::from_secs;
        let portion =
            |lease, ring, at_once, batch| Settings { lease, ring, at_once, batch, ..Settings::default() }.portion();
        assert_eq!(Settings::default().portion(), 48);
        assert_eq!(portion(seconds(10), seconds(3), 2, 500), 6);
        assert_eq!(portion(seconds(9), seconds(3), 2, 500), 6);
        assert_eq!(portion(seconds(10), seconds(3), 2, 5), 5, "a batch is never larger than it may be");
        assert_eq!(portion(seconds(1), seconds(3), 2, 500), 1, "somebody is rung in any case");
        assert_eq!(portion(seconds(10), Duration::ZERO, 16, 500), 500);
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let pauses: Vec<u64> = [-1, 0, 1, 2, 3, 4, 5, 99].map(|tries| pause(tries).as_secs()).into();
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 30, 30]);
    }
}
