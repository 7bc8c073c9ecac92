//! Receipts: always stored, by whoever comes, and applied to the message as soon as both are here.
//!
//! A message is found by what we gave along (`message id:attempt`), then by the provider's id. The advisory lock on
//! `(number, provider id)` is the one that [`crate::messages::accepted`] takes.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ConversationId, EventId, MessageId, NumberId};
use hilo_domain::inbound::InboundReceipt;
use hilo_domain::receipt::{MessageStatus, Receipt};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::conversations::{self, Locks};
use crate::{Error, Result, Tx};

/// A receipt that has come.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// For a message of which number.
    pub number: NumberId,
    /// When it came, by the gateway's clock.
    pub at: DateTime<Utc>,
    /// What came.
    pub receipt: InboundReceipt,
}

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is stored, now or before.
    Stored,
    /// Somebody else has locked its message's conversation, or its id where no conversation is named.
    Busy(Option<ConversationId>),
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// One for each arrival, in order.
    pub outcomes: Vec<Taken>,
    /// The outbox rows to ring once the transaction has committed.
    pub outbox: Vec<i64>,
}

/// Stores receipts and applies those whose message is known; returns the rows to ring. Copies change nothing.
///
/// # Errors
/// When Postgres refuses; nothing is stored then.
pub async fn store<A: Borrow<Arrival> + Sync>(tx: &mut Tx, arrivals: &[A], now: DateTime<Utc>) -> Result<Vec<i64>> {
    Ok(store_with(tx, arrivals, now, Locks::Wait).await?.outbox)
}

/// The same, but waits for nobody: what others have locked comes back as [`Taken::Busy`].
///
/// # Errors
/// When Postgres refuses; nothing is stored then.
pub async fn store_free<A: Borrow<Arrival> + Sync>(tx: &mut Tx, arrivals: &[A], now: DateTime<Utc>) -> Result<Batch> {
    store_with(tx, arrivals, now, Locks::Skip).await
}

async fn store_with<A: Borrow<Arrival> + Sync>(
    tx: &mut Tx,
    arrivals: &[A],
    now: DateTime<Utc>,
    locks: Locks,
) -> Result<Batch> {
    let arrivals: Vec<&Arrival> = arrivals.iter().map(Borrow::borrow).collect();
    let keys: Vec<i64> = arrivals.iter().map(|a| lock_key(a.number, &a.receipt.provider_id)).collect();
    let held = match locks {
        Locks::Wait => {
            lock_keys(tx, &keys).await?;
            keys.iter().copied().collect()
        }
        Locks::Skip => try_lock_keys(tx, &keys).await?,
    };
    let places = places(tx, &arrivals).await?;
    let conversations: BTreeSet<Uuid> = places.iter().flatten().map(|place| place.conversation).collect();
    let ours = conversations::lock_all(tx, &conversations.into_iter().collect::<Vec<_>>(), locks).await?;
    let outcomes: Vec<Taken> = keys
        .iter()
        .zip(&places)
        .map(|(key, place)| match place {
            Some(place) if !ours.contains(&place.conversation) => Taken::Busy(Some(place.conversation.into())),
            _ if !held.contains(key) => Taken::Busy(place.as_ref().map(|place| place.conversation.into())),
            _ => Taken::Stored,
        })
        .collect();
    let mut rows = Rows::default();
    for ((arrival, place), _) in
        arrivals.iter().zip(&places).zip(&outcomes).filter(|(_, outcome)| **outcome == Taken::Stored)
    {
        rows.push(arrival, place.as_ref())?;
    }
    let touched = insert(tx, &rows).await?;
    let outbox = settle_locked(tx, &touched, now).await?;
    Ok(Batch { outcomes, outbox })
}

/// Which message a receipt is about; it stands in this conversation.
#[derive(Debug, Clone, Copy)]
struct Place {
    message: Uuid,
    conversation: Uuid,
}

/// Finds the messages that are known: by what we gave along, else by the provider's id.
async fn places(tx: &mut Tx, arrivals: &[&Arrival]) -> Result<Vec<Option<Place>>> {
    let numbers: Vec<Uuid> = arrivals.iter().map(|a| a.number.0).collect();
    let provider_ids: Vec<&str> = arrivals.iter().map(|a| a.receipt.provider_id.as_str()).collect();
    let named: Vec<Option<Uuid>> = arrivals.iter().map(|a| named(a).map(|(message, _)| message)).collect();
    let rows = sqlx::query!(
        r#"select a.n as "n!", m.id, m.conversation_id
           from unnest($1::uuid[], $2::text[], $3::uuid[]) with ordinality as a (number_id, provider_id, named_id, n)
           join messages m on m.id = coalesce(
               (select m.id from messages m join conversations c on c.id = m.conversation_id
                where m.id = a.named_id and m.direction = 'outbound' and c.number_id = a.number_id),
               (select m.id from messages m join conversations c on c.id = m.conversation_id
                where m.provider_id = a.provider_id and m.direction = 'outbound' and c.number_id = a.number_id
                limit 1))"#,
        &numbers,
        &provider_ids as &[&str],
        &named as &[Option<Uuid>],
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut places = vec![None; arrivals.len()];
    for row in rows {
        let place = usize::try_from(row.n - 1).ok().and_then(|n| places.get_mut(n));
        if let Some(place) = place {
            *place = Some(Place { message: row.id, conversation: row.conversation_id });
        }
    }
    Ok(places)
}

/// The columns of the statement that stores receipts.
#[derive(Default)]
struct Rows<'a> {
    number: Vec<Uuid>,
    provider_id: Vec<&'a str>,
    word: Vec<&'a str>,
    participant: Vec<&'a str>,
    message: Vec<Option<Uuid>>,
    attempt: Vec<Option<i32>>,
    errors: Vec<serde_json::Value>,
    provider_at: Vec<Option<DateTime<Utc>>>,
    at: Vec<DateTime<Utc>>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, arrival: &'a Arrival, place: Option<&Place>) -> Result<()> {
        let receipt = &arrival.receipt;
        self.number.push(arrival.number.0);
        self.provider_id.push(&receipt.provider_id);
        self.word.push(receipt.receipt.as_str());
        self.participant.push(&receipt.participant);
        self.message.push(place.map(|place| place.message));
        self.attempt.push(named(arrival).map(|(_, attempt)| attempt));
        self.errors.push(serde_json::to_value(&receipt.errors)?);
        self.provider_at.push(receipt.provider_at);
        self.at.push(arrival.at);
        Ok(())
    }
}

/// Stores receipts; returns the messages of those that are new.
async fn insert(tx: &mut Tx, rows: &Rows<'_>) -> Result<Vec<Uuid>> {
    if rows.number.is_empty() {
        return Ok(Vec::new());
    }
    let touched = sqlx::query_scalar!(
        "insert into receipts (number_id, provider_id, receipt, participant, message_id, attempt, errors, provider_at, at)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::jsonb[],
                              $8::timestamptz[], $9::timestamptz[])
         on conflict do nothing
         returning message_id",
        &rows.number,
        &rows.provider_id as &[&str],
        &rows.word as &[&str],
        &rows.participant as &[&str],
        &rows.message as &[Option<Uuid>],
        &rows.attempt as &[Option<i32>],
        &rows.errors,
        &rows.provider_at as &[Option<DateTime<Utc>>],
        &rows.at,
    )
    .fetch_all(&mut **tx)
    .await?;
    let touched: BTreeSet<Uuid> = touched.into_iter().flatten().collect();
    Ok(touched.into_iter().collect())
}

/// The message and the attempt that we had given along.
fn named(arrival: &Arrival) -> Option<(Uuid, i32)> {
    arrival.receipt.callback.as_deref().and_then(callback)
}

/// Reads `message id:attempt`.
fn callback(text: &str) -> Option<(Uuid, i32)> {
    let (message, attempt) = text.split_once(':')?;
    Some((message.parse().ok()?, attempt.parse().ok()?))
}

/// Takes the advisory locks of these provider ids, sorted, until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, ids: &[(NumberId, &str)]) -> Result<()> {
    lock_keys(tx, &ids.iter().map(|(number, id)| lock_key(*number, id)).collect::<Vec<_>>()).await
}

async fn lock_keys(tx: &mut Tx, keys: &[i64]) -> Result<()> {
    sqlx::query!(
        r#"select count(pg_advisory_xact_lock(key)) as "locks!"
           from (select distinct key from unnest($1::bigint[]) as k (key) order by key) sorted"#,
        keys,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// Takes those of the locks that nobody holds; returns them.
async fn try_lock_keys(tx: &mut Tx, keys: &[i64]) -> Result<HashSet<i64>> {
    let rows = sqlx::query!(
        r#"select key as "key!", pg_try_advisory_xact_lock(key) as "got!"
           from (select distinct key from unnest($1::bigint[]) as k (key)) wanted"#,
        keys,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().filter(|row| row.got).map(|row| row.key).collect())
}

fn lock_key(number: NumberId, provider_id: &str) -> i64 {
    let digest = Sha256::new().chain_update(number.0.as_bytes()).chain_update(provider_id.as_bytes()).finalize();
    let mut key = [0; 8];
    key.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    i64::from_be_bytes(key)
}

struct Standing {
    conversation: Uuid,
    attempt: i32,
    own: MessageStatus,
    shown: MessageStatus,
    receipts: Vec<Receipt>,
}

/// Brings the messages' status up to what their receipts say; writes the events, and rings the conversation where an
/// uncertain message is settled or a sent one failed.
pub(crate) async fn settle(tx: &mut Tx, messages: &[MessageId], now: DateTime<Utc>) -> Result<Vec<i64>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = messages.iter().map(|id| id.0).collect();
    sqlx::query!(
        "select id from conversations where id in (select conversation_id from messages where id = any($1))
         order by id for update",
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    settle_locked(tx, &ids, now).await
}

/// The same, for messages whose conversations are locked.
async fn settle_locked(tx: &mut Tx, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<i64>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let standings = standings(tx, ids).await?;
    let mut rung = Vec::new();
    for id in ids {
        let Some(standing) = standings.get(id) else { continue };
        let status = MessageStatus::of(standing.own, &standing.receipts);
        if status != standing.shown {
            rung.push(change(tx, *id, standing, status, now).await?);
        }
    }
    Ok(rung)
}

/// That an attempt failed says nothing once there is a later one (`turns.md` 16); every other report counts.
async fn standings(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Standing>> {
    let rows = sqlx::query!(
        r#"select m.id, m.conversation_id, m.attempt, m.own_status as "own!", m.status as "status!",
                  coalesce(array_agg(r.receipt) filter (where r.receipt is not null), '{}') as "receipts!"
           from messages m
           left join receipts r on r.message_id = m.id and (r.receipt <> 'failed' or case
               when r.attempt is null then r.provider_id = m.provider_id else r.attempt >= m.attempt end)
           where m.id = any($1) and m.own_status is not null
           group by m.id"#,
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let read =
                |name: &str| MessageStatus::from_name(name).ok_or(Error::inconsistent("messages", "status", row.id));
            let standing = Standing {
                conversation: row.conversation_id,
                attempt: row.attempt,
                own: read(&row.own)?,
                shown: read(&row.status)?,
                receipts: row.receipts.iter().map(|word| Receipt::from_word(word)).collect(),
            };
            Ok((row.id, standing))
        })
        .collect()
}

/// Writes the new status with its event, in one statement; the conversation is locked.
async fn change(tx: &mut Tx, message: Uuid, from: &Standing, to: MessageStatus, now: DateTime<Utc>) -> Result<i64> {
    let settles = from.shown == MessageStatus::Uncertain;
    let fails = to == MessageStatus::Failed;
    let id = sqlx::query_scalar!(
        r#"with placed as (
            update conversations set last_seq = last_seq + 1 where id = $2 returning last_seq, open_chat_id
        ), changed as (
            update messages m set status = $3,
                error = case when $4 then coalesce((
                    select r.errors from receipts r where r.message_id = m.id and r.receipt = 'failed'
                    order by r.attempt desc nulls last, r.at desc limit 1), m.error) end
            where m.id = $1 returning m.chat_id
        ), happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select $5, $2, p.last_seq, c.chat_id, $6, jsonb_build_object('messageId', $1::uuid, 'status', $3::text), $7
            from placed p, changed c
        ), asked as (
            insert into inputs (conversation_id, kind, key, message_id, at)
            select $2, 'failed_send', concat($1::uuid, ':', $9::int), $1, $7 where $4
            on conflict do nothing
        )
        insert into outbox (bell, target, event_id, at, due_at)
        select case when $8 then 'conversation' end, case when $8 then $2 end, $5, $7,
               clock_timestamp() + interval '1 second'
        returning id"#,
        message,
        from.conversation,
        to.as_str(),
        fails,
        EventId::new(now).0,
        event(to).as_str(),
        now,
        settles || fails,
        from.attempt,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

const fn event(status: MessageStatus) -> EventKind {
    match status {
        MessageStatus::Read => EventKind::MessageRead,
        MessageStatus::Delivered => EventKind::MessageDelivered,
        MessageStatus::Failed => EventKind::MessageFailed,
        MessageStatus::Sent | MessageStatus::Pending => EventKind::MessageSent,
        MessageStatus::Uncertain => EventKind::MessageUncertain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_gave_along_names_message_and_attempt() {
        let id = Uuid::from_u128(7);
        assert_eq!(callback(&format!("{id}:3")), Some((id, 3)));
        for text in ["", ":", "job-42", "7:x", &format!("{id}:"), &format!("{id}")] {
            assert_eq!(callback(text), None, "{text}");
        }
    }

    #[test]
    fn the_lock_of_a_provider_id_is_its_own() {
        let (a, b) = (NumberId(Uuid::from_u128(1)), NumberId(Uuid::from_u128(2)));
        assert_eq!(lock_key(a, "wamid.1"), lock_key(a, "wamid.1"));
        assert_ne!(lock_key(a, "wamid.1"), lock_key(b, "wamid.1"));
        assert_ne!(lock_key(a, "wamid.1"), lock_key(a, "wamid.2"));
    }
}
