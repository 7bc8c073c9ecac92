//! Receipts: always stored, by whoever comes, and applied to the message as soon as both are here.
//!
//! A message is found by what we gave along (`message id:attempt`), then by the provider's id. The advisory lock on
//! `(number, provider id)` is the one that [`crate::messages::accepted`] takes.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{EventId, MessageId, NumberId};
use hilo_domain::inbound::InboundReceipt;
use hilo_domain::receipt::{MessageStatus, Receipt};
use sha2::{Digest, Sha256};
use uuid::Uuid;

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

/// Stores receipts and applies those whose message is known; returns the rows to ring. Copies change nothing.
///
/// # Errors
/// When Postgres refuses; nothing is stored then.
pub async fn store(tx: &mut Tx, arrivals: &[Arrival], now: DateTime<Utc>) -> Result<Vec<i64>> {
    let ids: Vec<_> = arrivals.iter().map(|a| (a.number, a.receipt.provider_id.as_str())).collect();
    lock(tx, &ids).await?;
    let (mut numbers, mut provider_ids, mut words, mut participants) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut messages, mut attempts, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut provider_ats, mut ats) = (Vec::new(), Vec::new());
    for Arrival { number, at, receipt } in arrivals {
        let (message, attempt) = receipt.callback.as_deref().and_then(callback).unzip();
        numbers.push(number.0);
        provider_ids.push(receipt.provider_id.as_str());
        words.push(receipt.receipt.as_str());
        participants.push(receipt.participant.as_str());
        messages.push(message);
        attempts.push(attempt);
        errors.push(serde_json::to_value(&receipt.errors)?);
        provider_ats.push(receipt.provider_at);
        ats.push(*at);
    }
    let touched = sqlx::query_scalar!(
        r#"with arrived as (
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::jsonb[],
                                 $8::timestamptz[], $9::timestamptz[])
                as a (number_id, provider_id, receipt, participant, named_id, attempt, errors, provider_at, at)
        ), placed as (
            select a.*, coalesce(
                (select m.id from messages m join conversations c on c.id = m.conversation_id
                 where m.id = a.named_id and m.direction = 'outbound' and c.number_id = a.number_id),
                (select m.id from messages m join conversations c on c.id = m.conversation_id
                 where m.provider_id = a.provider_id and m.direction = 'outbound' and c.number_id = a.number_id
                 limit 1)
            ) as message_id
            from arrived a
        )
        insert into receipts (number_id, provider_id, receipt, participant, message_id, attempt, errors, provider_at, at)
        select number_id, provider_id, receipt, participant, message_id, attempt, errors, provider_at, at from placed
        on conflict do nothing
        returning message_id"#,
        &numbers,
        &provider_ids as &[&str],
        &words as &[&str],
        &participants as &[&str],
        &messages as &[Option<Uuid>],
        &attempts as &[Option<i32>],
        &errors,
        &provider_ats as &[Option<DateTime<Utc>>],
        &ats,
    )
    .fetch_all(&mut **tx)
    .await?;
    let touched: BTreeSet<MessageId> = touched.into_iter().flatten().map(Into::into).collect();
    settle(tx, &touched.into_iter().collect::<Vec<_>>(), now).await
}

/// Reads `message id:attempt`.
fn callback(text: &str) -> Option<(Uuid, i32)> {
    let (message, attempt) = text.split_once(':')?;
    Some((message.parse().ok()?, attempt.parse().ok()?))
}

/// Takes the advisory locks of these provider ids, sorted, until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, ids: &[(NumberId, &str)]) -> Result<()> {
    let keys: BTreeSet<i64> = ids.iter().map(|(number, id)| lock_key(*number, id)).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    sqlx::query!(
        r#"select count(pg_advisory_xact_lock(key)) as "locks!"
           from (select key from unnest($1::bigint[]) as k (key) order by key) sorted"#,
        &keys,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

fn lock_key(number: NumberId, provider_id: &str) -> i64 {
    let digest = Sha256::new().chain_update(number.0.as_bytes()).chain_update(provider_id.as_bytes()).finalize();
    let mut key = [0; 8];
    key.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    i64::from_be_bytes(key)
}

struct Standing {
    conversation: Uuid,
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
    let standings = standings(tx, &ids).await?;
    let mut rung = Vec::new();
    for id in ids {
        let Some(standing) = standings.get(&id) else { continue };
        let status = MessageStatus::of(standing.own, &standing.receipts);
        if status != standing.shown {
            rung.push(change(tx, id, standing, status, now).await?);
        }
    }
    Ok(rung)
}

async fn standings(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Standing>> {
    let rows = sqlx::query!(
        r#"select m.id, m.conversation_id, m.own_status as "own!", m.status as "status!",
                  coalesce(array_agg(r.receipt) filter (where r.receipt is not null), '{}') as "receipts!"
           from messages m left join receipts r on r.message_id = m.id
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
                error = case when $4 then (
                    select r.errors from receipts r where r.message_id = m.id and r.receipt = 'failed'
                    order by r.at desc limit 1)
                else m.error end
            where m.id = $1 returning m.chat_id
        ), happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select $5, $2, p.last_seq, c.chat_id, $6, jsonb_build_object('messageId', $1::uuid, 'status', $3::text), $7
            from placed p, changed c
        ), asked as (
            insert into inputs (conversation_id, kind, key, message_id, at)
            select $2, 'failed_send', $1::uuid::text, $1, $7 where $4
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
