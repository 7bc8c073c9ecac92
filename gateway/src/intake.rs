//! Storing what has come, together where much comes, and ringing once it is committed.
//!
//! What cannot be written with the others goes person by person (`batcher.rs`), so that one stranger, one locked
//! conversation or one message that cannot be stored holds up nobody else. What can never be stored, because of what it
//! holds, goes to the dead letters; everything else that fails is refused, and comes again.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use hilo_domain::clock::SharedClock;
use hilo_relay::Relay;
use hilo_store::account_news::{self, News};
use hilo_store::dead_letters::{self, NewDeadLetter};
use hilo_store::mail::{self, Stored};
use hilo_store::quarantine::{self, NewQuarantined};
use hilo_store::receipts::{self, Taken};
use hilo_store::seal::Keyring;
use hilo_store::{Error, Pool};
use hilo_whatsapp::meta::webhook;

use crate::batcher::{Attempt, Away, Sink};

/// How often a transaction that lost a race is begun again.
const RACES: usize = 5;
/// So many of one person's messages are written at once: years of them, when a number is connected, take several
/// transactions, none of which runs into its time limit.
const ONE_PERSONS: usize = 256;

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

/// Where an element stood, and whose it was.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The whole body, as it came.
    pub body: Bytes,
    /// The element's place in it.
    pub pointer: String,
    /// The number that it names.
    pub phone_number_id: Option<String>,
    /// The account that it names.
    pub waba_id: Option<String>,
    /// The provider's name of the news.
    pub field: String,
}

/// Something to store, and where it stood.
#[derive(Debug, Clone)]
pub struct Item<A> {
    /// What came.
    pub what: A,
    /// Where it stood.
    pub origin: Origin,
}

/// A message to store.
pub type Mail = Item<mail::Arrival>;
/// A receipt to store.
pub type Receipt = Item<receipts::Arrival>;

/// Stores messages.
pub struct MailSink(pub Intake);

/// Stores receipts.
pub struct ReceiptSink(pub Intake);

impl Sink<Mail> for MailSink {
    fn keys(&self, item: &Mail) -> Vec<u64> {
        item.what.identifiers().iter().map(key).collect()
    }

    async fn together(&self, items: &[&Mail]) -> Vec<Attempt> {
        match self.0.store_mail(&arrivals(items), How::Free).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .map(|outcome| match outcome {
                    Stored::Unknown => Attempt::Apart(Vec::new()),
                    Stored::New(_) | Stored::Duplicate | Stored::Replaced(_) => Attempt::Stored,
                })
                .collect(),
            Err(error) => attempts(&error, items.len()),
        }
    }

    async fn apart(&self, items: &[&Mail]) -> Vec<Result<(), Away>> {
        let arrivals = arrivals(items);
        let mut done = vec![false; items.len()];
        // Once the batch has failed for what one of them holds, each is tried by itself.
        let mut at_once = ONE_PERSONS;
        while let Some(first) = done.iter().position(|done| !done) {
            let open: Vec<usize> =
                (first..items.len()).filter(|i| done.get(*i) == Some(&false)).take(at_once).collect();
            let these: Vec<&mail::Arrival> = open.iter().filter_map(|i| arrivals.get(*i).copied()).collect();
            match self.store_apart(&these).await {
                Ok(outcomes) => {
                    for (index, outcome) in open.iter().zip(outcomes) {
                        if let Some(done) = done.get_mut(*index) {
                            *done = outcome != Stored::Unknown;
                        }
                    }
                }
                Err(error) if error.is_data() && open.len() > 1 => at_once = 1,
                Err(error) => {
                    let Some((item, done)) = items.get(first).zip(done.get_mut(first)) else { break };
                    if self.0.give_up(&error, &item.origin).await.is_err() {
                        break;
                    }
                    *done = true;
                }
            }
        }
        // After a refusal nothing later is tried: it must not overtake.
        let refused = done.iter().position(|done| !done).unwrap_or(items.len());
        (0..items.len()).map(|i| if i < refused || done.get(i) == Some(&true) { Ok(()) } else { Err(Away) }).collect()
    }
}

impl MailSink {
    /// One person's messages; where the first is a stranger's, it alone, and the rest comes back as unknown.
    async fn store_apart(&self, arrivals: &[&mail::Arrival]) -> Result<Vec<Stored>, Error> {
        let mut outcomes = self.0.store_mail(arrivals, How::Patient).await?;
        if let Some((stranger, outcome)) =
            arrivals.iter().zip(&mut outcomes).find(|(_, outcome)| **outcome == Stored::Unknown)
        {
            let introduced = self.0.store_mail(std::slice::from_ref(stranger), How::Introducing).await?;
            *outcome = introduced.first().copied().unwrap_or(Stored::Unknown);
        }
        Ok(outcomes)
    }
}

impl Sink<Receipt> for ReceiptSink {
    fn keys(&self, item: &Receipt) -> Vec<u64> {
        vec![key(&(item.what.number, &item.what.receipt.provider_id))]
    }

    async fn together(&self, items: &[&Receipt]) -> Vec<Attempt> {
        match self.0.store_receipts(&arrivals(items), How::Free).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .map(|outcome| match outcome {
                    Taken::Stored => Attempt::Stored,
                    Taken::Busy(conversation) => Attempt::Apart(conversation.iter().map(key).collect()),
                })
                .collect(),
            Err(error) => attempts(&error, items.len()),
        }
    }

    async fn apart(&self, items: &[&Receipt]) -> Vec<Result<(), Away>> {
        let arrivals = arrivals(items);
        match self.0.store_receipts(&arrivals, How::Patient).await {
            Ok(_) => return vec![Ok(()); items.len()],
            Err(error) if !error.is_data() => {
                refused(&error);
                return vec![Err(Away); items.len()];
            }
            Err(_) => {}
        }
        let mut answers = vec![Err(Away); items.len()];
        for ((item, arrival), answer) in items.iter().zip(&arrivals).zip(&mut answers) {
            *answer = match self.0.store_receipts(std::slice::from_ref(arrival), How::Patient).await {
                Ok(_) => Ok(()),
                Err(error) => self.0.give_up(&error, &item.origin).await,
            };
            if answer.is_err() {
                break;
            }
        }
        answers
    }
}

/// How a transaction meets strangers and locks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It waits for nobody and introduces nobody.
    Free,
    /// It waits for locks and introduces nobody.
    Patient,
    /// It waits for locks, and introduces the sender of its only message.
    Introducing,
}

/// Everything else that one body brought, to be kept for people.
#[derive(Debug, Default)]
pub(crate) struct Asides<'a> {
    pub(crate) letters: Vec<NewDeadLetter<'a>>,
    pub(crate) quarantined: Vec<NewQuarantined<'a>>,
    pub(crate) news: Vec<News<'a>>,
}

impl Intake {
    async fn store_mail(&self, items: &[&mail::Arrival], how: How) -> Result<Vec<Stored>, Error> {
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let batch = match (how, items) {
                    (How::Introducing, [one]) => mail::introduce(&mut tx, &self.ring, one).await?,
                    (How::Free, _) => mail::store_free(&mut tx, &self.ring, items).await?,
                    _ => mail::store(&mut tx, &self.ring, items).await?,
                };
                tx.commit().await?;
                let fresh = batch.outcomes.iter().filter(|o| matches!(o, Stored::New(_) | Stored::Replaced(_))).count();
                let copies = batch.outcomes.iter().filter(|o| matches!(o, Stored::Duplicate)).count();
                metrics::counter!("hilo_messages_stored_total").increment(fresh as u64);
                metrics::counter!("hilo_messages_duplicate_total").increment(copies as u64);
                if fresh > 0 {
                    hilo_store::may_die!("intake.stored");
                }
                self.relay.ring(batch.outbox);
                Ok(batch.outcomes)
            }
            .boxed()
        })
        .await
    }

    async fn store_receipts(&self, items: &[&receipts::Arrival], how: How) -> Result<Vec<Taken>, Error> {
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let now = self.clock.now();
                let batch = match how {
                    How::Free => receipts::store_free(&mut tx, items, now).await?,
                    How::Patient | How::Introducing => {
                        let outbox = receipts::store(&mut tx, items, now).await?;
                        receipts::Batch { outcomes: vec![Taken::Stored; items.len()], outbox }
                    }
                };
                tx.commit().await?;
                let stored = batch.outcomes.iter().filter(|outcome| **outcome == Taken::Stored).count();
                metrics::counter!("hilo_receipts_stored_total").increment(stored as u64);
                self.relay.ring(batch.outbox);
                Ok(batch.outcomes)
            }
            .boxed()
        })
        .await
    }

    /// What would fail for ever goes to the dead letters, as the bytes that came; anything else comes again.
    async fn give_up(&self, error: &Error, origin: &Origin) -> Result<(), Away> {
        if !error.is_data() {
            refused(error);
            return Err(Away);
        }
        tracing::error!(%error, "a readable element could not be stored; it goes to the dead letters");
        let bytes = webhook::slices(&origin.body, &[&origin.pointer]);
        let letter = NewDeadLetter {
            source: "meta",
            pointer: &origin.pointer,
            phone_number_id: origin.phone_number_id.as_deref(),
            waba_id: origin.waba_id.as_deref(),
            field: &origin.field,
            reason: "it could not be stored",
            body: bytes.first().copied().unwrap_or(&origin.body),
            at: self.clock.now(),
        };
        self.set_aside(&Asides { letters: vec![letter], ..Asides::default() }).await
    }

    /// Keeps what is no message and no receipt, in one transaction.
    ///
    /// # Errors
    /// [`Away`] when Postgres is; nothing is kept then.
    pub(crate) async fn set_aside(&self, asides: &Asides<'_>) -> Result<(), Away> {
        if asides.letters.is_empty() && asides.quarantined.is_empty() && asides.news.is_empty() {
            return Ok(());
        }
        let kept = retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&self.pool).await?;
                let letters = dead_letters::keep(&mut tx, &self.ring, &asides.letters).await?;
                let quarantined = quarantine::keep(&mut tx, &self.ring, &asides.quarantined).await?;
                account_news::keep(&mut tx, &self.ring, &asides.news).await?;
                tx.commit().await?;
                Ok((letters, quarantined))
            }
            .boxed()
        })
        .await;
        let (letters, quarantined) = kept.map_err(|error| refused(&error))?;
        metrics::counter!("hilo_dead_letters_total").increment(letters);
        metrics::counter!("hilo_quarantined_total").increment(quarantined);
        Ok(())
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

/// Says why something is refused that will come again.
pub(crate) fn refused(error: &Error) -> Away {
    tracing::warn!(%error, "something that came could not be stored; it is refused, and will be delivered again");
    Away
}

fn arrivals<'a, A>(items: &[&'a Item<A>]) -> Vec<&'a A> {
    items.iter().map(|item| &item.what).collect()
}

fn key(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// What a failed batch means for each of its items. Where every part would fail alike, all are refused; a lock, a race
/// or a value that cannot be stored is one person's trouble, and the others are tried without them.
fn attempts(error: &Error, items: usize) -> Vec<Attempt> {
    let everybodys = error.is_unavailable() && !error.is_timeout() && !error.is_retryable();
    if everybodys {
        refused(error);
    }
    vec![if everybodys { Attempt::Away } else { Attempt::Apart(Vec::new()) }; items]
}
