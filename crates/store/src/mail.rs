//! What comes in: one transaction makes the dedup key, the message with its number in the conversation, the event,
//! the input and the row that rings.
//!
//! A batch may hold messages of many conversations; they are locked in order of their ids, and each conversation's
//! messages keep the order of the batch. A batch of one is the ordinary case; under load the gateway's writer gives
//! what arrived while the last batch was written. Placeholders and what takes their place are in `ghosts.rs`,
//! finding and locking the conversations in `places.rs`.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ConversationId, EventId, MessageId, NumberId};
use hilo_domain::inbound::{InboundMessage, Meaning};
use hilo_domain::message::{Author, Direction};
use uuid::Uuid;

use crate::clients::{self, Identifier, Visit};
use crate::conversations::Locks;
pub use crate::ghosts::{GHOST_WAITS, give_up as give_up_ghost};
use crate::places::{self, Place};
use crate::seal::Keyring;
use crate::{Error, Result, Tx, ghosts, messages};

/// A message that has come.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// To which number.
    pub number: NumberId,
    /// The account that owns the number.
    pub waba_id: Option<String>,
    /// When it came, by the gateway's clock.
    pub at: DateTime<Utc>,
    /// Which way it went: echoes and old messages may be ours.
    pub direction: Direction,
    /// What came.
    pub message: InboundMessage,
}

impl Arrival {
    /// By what its sender is known; arrivals that share one belong together.
    #[must_use]
    pub fn identifiers(&self) -> Vec<Identifier> {
        clients::identifiers(&self.message.sender, self.number, self.waba_id.as_deref())
    }

    fn visit(&self) -> Visit<'_> {
        Visit { sender: &self.message.sender, number: self.number, waba_id: self.waba_id.as_deref(), at: self.at }
    }
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is new, and stored.
    New(ConversationId),
    /// It was here before; nothing changed.
    Duplicate,
    /// It replaced its placeholder.
    Replaced(ConversationId),
    /// Its sender, or one of their identifiers, is unknown; nothing was stored. Store it with [`introduce`].
    /// [`store_free`] says the same of what others have locked.
    Unknown,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// One for each arrival, in order.
    pub outcomes: Vec<Stored>,
    /// The outbox rows to ring once the transaction has committed.
    pub outbox: Vec<i64>,
}

/// Stores the arrivals of known clients; those of unknown ones come back as [`Stored::Unknown`], and with them every
/// later arrival that shares an identifier, so that order is kept. Waits for conversations that others have locked.
///
/// # Errors
/// When Postgres refuses; nothing of the batch is stored then.
pub async fn store<A: Borrow<Arrival> + Sync>(tx: &mut Tx, ring: &Keyring, arrivals: &[A]) -> Result<Batch> {
    store_with(tx, ring, arrivals, Locks::Wait).await
}

/// The same, but waits for no conversation: what others have locked comes back as [`Stored::Unknown`] too.
///
/// # Errors
/// When Postgres refuses; nothing of the batch is stored then.
pub async fn store_free<A: Borrow<Arrival> + Sync>(tx: &mut Tx, ring: &Keyring, arrivals: &[A]) -> Result<Batch> {
    store_with(tx, ring, arrivals, Locks::Skip).await
}

async fn store_with<A: Borrow<Arrival> + Sync>(
    tx: &mut Tx,
    ring: &Keyring,
    arrivals: &[A],
    locks: Locks,
) -> Result<Batch> {
    let arrivals: Vec<&Arrival> = arrivals.iter().map(Borrow::borrow).collect();
    let places = places::lock(tx, ring, &arrivals, locks).await?;
    let mut batch = insert(tx, &arrivals, &places).await?;
    ghosts::replace(tx, ring, &arrivals, &mut batch, locks).await?;
    rename(tx, &arrivals, &places, &batch).await?;
    Ok(batch)
}

/// Introduces the sender of `arrival` and stores it. A copy of what is stored already introduces nobody: the
/// identifiers that an old delivery carries may be another client's by now.
///
/// # Errors
/// When Postgres refuses; a lost race is retried by the caller ([`Error::is_retryable`]).
pub async fn introduce(tx: &mut Tx, ring: &Keyring, arrival: &Arrival) -> Result<Batch> {
    if is_copy(tx, arrival).await? {
        return Ok(Batch { outcomes: vec![Stored::Duplicate], outbox: Vec::new() });
    }
    clients::introduce(tx, ring, arrival.visit()).await?;
    let batch = store(tx, ring, std::slice::from_ref(arrival)).await?;
    if batch.outcomes.contains(&Stored::Unknown) {
        // Acknowledging it would lose it: another transaction has merged the client meanwhile.
        return Err(Error::Raced);
    }
    Ok(batch)
}

/// Whether the message is here, and `arrival` is not what its placeholder waits for.
async fn is_copy(tx: &mut Tx, arrival: &Arrival) -> Result<bool> {
    let placeholder = sqlx::query_scalar!(
        "select ghost from inbound_keys where number_id = $1 and provider_id = $2 and kind = 'message'",
        arrival.number.0,
        arrival.message.provider_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(placeholder.is_some_and(|ghost| !ghost || arrival.message.meaning == Meaning::Ghost))
}

/// The columns of the one statement that stores a batch.
#[derive(Default)]
struct Columns {
    ord: Vec<i32>,
    number: Vec<Uuid>,
    conversation: Vec<Uuid>,
    message: Vec<Uuid>,
    event: Vec<Uuid>,
    provider_id: Vec<String>,
    direction: Vec<&'static str>,
    author: Vec<&'static str>,
    kind: Vec<&'static str>,
    body: Vec<Vec<u8>>,
    reply_to: Vec<Option<String>>,
    provider_at: Vec<Option<DateTime<Utc>>>,
    at: Vec<DateTime<Utc>>,
    address: Vec<Option<String>>,
    /// The client said it: it counts for the 24-hour window.
    heard: Vec<bool>,
    /// It is an input that is still to be consumed.
    input: Vec<bool>,
    ghost: Vec<bool>,
}

impl Columns {
    fn of(arrivals: &[&Arrival], places: &[Option<Place>]) -> Result<Self> {
        let mut columns = Self::default();
        for (ord, (arrival, place)) in arrivals.iter().zip(places).enumerate() {
            if let Some(place) = place {
                columns.push(ord, arrival, place)?;
            }
        }
        Ok(columns)
    }

    fn push(&mut self, ord: usize, arrival: &Arrival, place: &Place) -> Result<()> {
        let message = &arrival.message;
        let ours = arrival.direction == Direction::Outbound;
        self.ord.push(i32::try_from(ord).unwrap_or(i32::MAX));
        self.number.push(arrival.number.0);
        self.conversation.push(place.conversation.0);
        self.message.push(MessageId::new(arrival.at).0);
        self.event.push(EventId::new(arrival.at).0);
        self.provider_id.push(message.provider_id.clone());
        self.direction.push(arrival.direction.as_str());
        self.author.push(if ours { Author::System } else { Author::Client }.as_str());
        self.kind.push(message.content.kind());
        self.body.push(messages::seal(&place.key, &message.content, Some(&message.raw))?);
        self.reply_to.push(message.reply_to.clone());
        self.provider_at.push(message.provider_at);
        self.at.push(arrival.at);
        let spoken = matches!(message.meaning, Meaning::Answer | Meaning::Aside) && message.content.kind() != "system";
        let ghost = message.meaning == Meaning::Ghost;
        let answerable = (spoken || ghost) && message.sender.group.is_none();
        self.address.push(message.sender.address.clone().filter(|_| answerable));
        self.heard.push(spoken);
        self.input.push(message.meaning == Meaning::Answer);
        self.ghost.push(ghost);
        Ok(())
    }
}

async fn insert(tx: &mut Tx, arrivals: &[&Arrival], places: &[Option<Place>]) -> Result<Batch> {
    let c = Columns::of(arrivals, places)?;
    let mut batch = Batch {
        outcomes: places.iter().map(|p| p.as_ref().map_or(Stored::Unknown, |_| Stored::Duplicate)).collect(),
        outbox: Vec::new(),
    };
    if c.ord.is_empty() {
        return Ok(batch);
    }
    let rows = sqlx::query!(
        r#"with arrived as (
            select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                                 $8::text[], $9::text[], $10::bytea[], $11::text[], $12::timestamptz[],
                                 $13::timestamptz[], $14::text[], $15::bool[], $16::bool[], $17::bool[])
                as a (ord, number_id, conversation_id, message_id, event_id, provider_id, direction, author, kind,
                      body, reply_to, provider_at, at, address, heard, input, ghost)
        ), fresh as (
            insert into inbound_keys (number_id, provider_id, kind, message_id, ghost, address)
            select number_id, provider_id, 'message', message_id, ghost, case when ghost then address end
            from arrived order by ord
            on conflict do nothing
            returning message_id
        ), numbered as (
            select a.*, v.open_chat_id as chat_id,
                   case when not a.ghost then
                       v.last_seq + count(*) filter (where not a.ghost)
                           over (partition by a.conversation_id order by a.ord)
                   end as seq
            from arrived a join fresh using (message_id) join conversations v on v.id = a.conversation_id
        ), raised as (
            update conversations v
            set last_seq = coalesce(n.seq, v.last_seq),
                last_inbound_at = greatest(v.last_inbound_at, n.heard_at),
                address = coalesce(n.address, v.address)
            from (
                select conversation_id, max(seq) as seq, max(at) filter (where heard) as heard_at,
                       (array_agg(address order by ord desc)
                           filter (where address is not null and not ghost))[1] as address
                from numbered group by conversation_id
            ) n
            where v.id = n.conversation_id
        ), said as (
            insert into messages (id, conversation_id, chat_id, seq, direction, author, kind, body, provider_id,
                                  reply_to, own_status, status, provider_at, at)
            select message_id, conversation_id, chat_id, seq, direction, author, kind, body, provider_id, reply_to,
                   case when direction = 'outbound' then 'sent' end, case when direction = 'outbound' then 'sent' end,
                   provider_at, at
            from numbered
        ), happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select event_id, conversation_id, seq, chat_id,
                   case when direction = 'outbound' then $18 else $19 end,
                   jsonb_build_object('messageId', message_id, 'type', kind), at
            from numbered where not ghost
        ), asked as (
            insert into inputs (conversation_id, kind, key, message_id, at, consumed_at)
            select conversation_id, 'mail', provider_id, message_id, at, case when not input then at end
            from numbered order by ord
            on conflict do nothing
        ), rung as (
            insert into outbox (bell, target, event_id, at, due_at)
            select case when ghost then 'ghost' when input then 'conversation' end,
                   case when ghost then message_id when input then conversation_id end,
                   case when not ghost then event_id end,
                   at,
                   clock_timestamp() + case when ghost then $20::interval else interval '1 second' end
            from numbered order by ord
            returning id, bell
        )
        select (select array_agg(ord) from numbered) as "ords", (select array_agg(id) from rung where bell is distinct from 'ghost') as "outbox""#,
        &c.ord,
        &c.number,
        &c.conversation,
        &c.message,
        &c.event,
        &c.provider_id,
        &c.direction as &[&str],
        &c.author as &[&str],
        &c.kind as &[&str],
        &c.body,
        &c.reply_to as &[Option<String>],
        &c.provider_at as &[Option<DateTime<Utc>>],
        &c.at,
        &c.address as &[Option<String>],
        &c.heard,
        &c.input,
        &c.ghost,
        EventKind::MessageSent.as_str(),
        EventKind::MessageReceived.as_str(),
        GHOST_WAITS as _,
    )
    .fetch_one(&mut **tx)
    .await?;
    batch.outbox = rows.outbox.unwrap_or_default();
    for ord in rows.ords.unwrap_or_default() {
        let ord = usize::try_from(ord).unwrap_or(usize::MAX);
        if let (Some(outcome), Some(Some(place))) = (batch.outcomes.get_mut(ord), places.get(ord)) {
            *outcome = Stored::New(place.conversation);
        }
    }
    Ok(batch)
}

/// Clients rename themselves; their rows are the last in the lock order. A copy of what was said before renames nobody.
async fn rename(tx: &mut Tx, arrivals: &[&Arrival], places: &[Option<Place>], batch: &Batch) -> Result<()> {
    let mut changed: BTreeMap<Uuid, &str> = BTreeMap::new();
    for ((arrival, place), outcome) in arrivals.iter().zip(places).zip(&batch.outcomes) {
        let (Some(name), Some(place)) = (arrival.message.sender.name.as_deref(), place) else { continue };
        let fresh = matches!(outcome, Stored::New(_) | Stored::Replaced(_));
        if fresh && arrival.message.sender.group.is_none() && !name.is_empty() {
            changed.insert(place.client.0, name);
        }
    }
    changed.retain(|client, name| {
        let mut same = places.iter().flatten().filter(|place| place.client.0 == *client);
        same.all(|place| place.name.as_deref() != Some(*name))
    });
    for (client, name) in changed {
        sqlx::query!("update clients set name = $2 where id = $1", client, name).execute(&mut **tx).await?;
    }
    Ok(())
}
