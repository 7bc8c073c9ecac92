//! Storing what has come, together where much comes, and ringing once it is committed.
//!
//! A batch that fails is taken apart: each person's messages get transactions of their own, in order, so that one
//! locked conversation or one message that cannot be stored holds up nobody else. What cannot be stored for a reason of
//! its own goes to the dead letters; what cannot be stored because Postgres is away is refused, and comes again.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use hilo_domain::clock::SharedClock;
use hilo_relay::Relay;
use hilo_store::dead_letters::{self, NewDeadLetter};
use hilo_store::mail::{self, Stored};
use hilo_store::seal::Keyring;
use hilo_store::{Error, Pool, receipts};

use crate::batcher::{Away, Sink};

/// How often a transaction that lost a race is begun again.
const RACES: usize = 5;

/// What storing needs.
#[derive(Clone)]
pub struct Intake {
    /// Postgres.
    pub pool: Pool,
    /// The installation's keys.
    pub ring: Keyring,
    /// Rings what is committed.
    pub relay: Relay,
    /// The process's clock.
    pub clock: SharedClock,
}

/// Stores messages.
pub struct MailSink(pub Intake);

/// Stores receipts.
pub struct ReceiptSink(pub Intake);

impl Sink<mail::Arrival> for MailSink {
    async fn write(&self, items: &[mail::Arrival]) -> Vec<Result<(), Away>> {
        match self.0.store_mail(items, Introduce::No).await {
            Ok(outcomes) => {
                let mut answers = Vec::with_capacity(items.len());
                for (item, outcome) in items.iter().zip(outcomes) {
                    answers.push(match outcome {
                        Stored::Unknown => self.0.store_alone(item).await,
                        Stored::New(_) | Stored::Duplicate | Stored::Replaced(_) => Ok(()),
                    });
                }
                answers
            }
            Err(error) if is_away(&error) => vec![Err(Away); items.len()],
            Err(_) => self.apart(items).await,
        }
    }
}

impl MailSink {
    /// Each person's messages by themselves, in order; different people at the same time.
    async fn apart(&self, items: &[mail::Arrival]) -> Vec<Result<(), Away>> {
        let mut people: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let sender = &item.message.sender;
            let who = (item.number, sender.group.clone().or_else(|| sender.address.clone()));
            people.entry(who).or_default().push(index);
        }
        let mut answers = vec![Ok(()); items.len()];
        let written = join_all(people.into_values().map(|indices| async move {
            let mut answers = Vec::with_capacity(indices.len());
            for index in indices {
                answers.push((index, self.0.store_alone(&items[index]).await));
            }
            answers
        }))
        .await;
        for (index, answer) in written.into_iter().flatten() {
            answers[index] = answer;
        }
        answers
    }
}

impl Sink<receipts::Arrival> for ReceiptSink {
    async fn write(&self, items: &[receipts::Arrival]) -> Vec<Result<(), Away>> {
        match self.0.store_receipts(items).await {
            Ok(()) => vec![Ok(()); items.len()],
            Err(error) if is_away(&error) => vec![Err(Away); items.len()],
            Err(_) => {
                let mut answers = Vec::with_capacity(items.len());
                for item in items {
                    answers.push(match self.0.store_receipts(std::slice::from_ref(item)).await {
                        Ok(()) => Ok(()),
                        Err(error) => self.0.give_up(&error, &item.receipt.raw).await,
                    });
                }
                answers
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Introduce {
    Yes,
    No,
}

impl Intake {
    async fn store_alone(&self, item: &mail::Arrival) -> Result<(), Away> {
        match self.store_mail(std::slice::from_ref(item), Introduce::Yes).await {
            Ok(_) => Ok(()),
            Err(error) => self.give_up(&error, &item.message.raw).await,
        }
    }

    async fn store_mail(&self, items: &[mail::Arrival], introduce: Introduce) -> Result<Vec<Stored>, Error> {
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let batch = match (introduce, items) {
                    (Introduce::Yes, [one]) => mail::introduce(&mut tx, &self.ring, one).await?,
                    _ => mail::store(&mut tx, &self.ring, items).await?,
                };
                tx.commit().await?;
                let fresh = batch.outcomes.iter().filter(|o| matches!(o, Stored::New(_) | Stored::Replaced(_))).count();
                let copies = batch.outcomes.iter().filter(|o| matches!(o, Stored::Duplicate)).count();
                metrics::counter!("hilo_messages_stored_total").increment(fresh as u64);
                metrics::counter!("hilo_messages_duplicate_total").increment(copies as u64);
                self.relay.ring(batch.outbox);
                Ok(batch.outcomes)
            }
            .boxed()
        })
        .await
    }

    async fn store_receipts(&self, items: &[receipts::Arrival]) -> Result<(), Error> {
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let rows = receipts::store(&mut tx, items, self.clock.now()).await?;
                tx.commit().await?;
                metrics::counter!("hilo_receipts_stored_total").increment(items.len() as u64);
                self.relay.ring(rows);
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// Postgres is away: the provider tries again. Anything else would fail for ever: a dead letter.
    async fn give_up(&self, error: &Error, raw: &serde_json::Value) -> Result<(), Away> {
        if error.is_unavailable() {
            return Err(Away);
        }
        tracing::error!(%error, "a readable element could not be stored; it goes to the dead letters");
        self.keep_dead("", "it could not be stored", &serde_json::to_vec(raw).unwrap_or_default()).await
    }

    /// Keeps an element that cannot be read or stored.
    ///
    /// # Errors
    /// [`Away`] when Postgres is.
    pub async fn keep_dead(&self, pointer: &str, reason: &str, body: &[u8]) -> Result<(), Away> {
        let letter = NewDeadLetter { source: "meta", pointer, reason, body, at: self.clock.now() };
        let kept = retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let fresh = dead_letters::keep(&mut tx, &self.ring, &letter).await?;
                tx.commit().await?;
                Ok(fresh)
            }
            .boxed()
        })
        .await;
        match kept {
            Ok(fresh) => {
                metrics::counter!("hilo_dead_letters_total").increment(u64::from(fresh));
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "a dead letter could not be kept");
                Err(Away)
            }
        }
    }
}

/// Runs a transaction again when it lost a race against another one.
pub(crate) async fn retry_races<'a, T>(mut act: impl FnMut() -> BoxFuture<'a, Result<T, Error>>) -> Result<T, Error> {
    let mut tries = 0;
    loop {
        match act().await {
            Err(error) if error.is_retryable() && tries < RACES => tries += 1,
            outcome => return outcome,
        }
    }
}

/// Whether every part of a batch would fail alike. A lock or a statement that took too long is one conversation's
/// trouble, and the batch is taken apart.
fn is_away(error: &Error) -> bool {
    error.is_unavailable() && !error.is_timeout() && !error.is_retryable()
}
