//! Placeholders (131060) and what takes their place (`turns.md` 3).
//!
//! A ghost is stored consumed and without a number in its conversation. Its real message, with the same id, takes its
//! place and makes an input of it; after ten seconds without one the ghost becomes an input itself. A real message that
//! comes later still says what was meant: it replaces the text, and is no second input.
//!
//! The key in `inbound_keys` says `ghost` until the real message has come; whether the ghost has become an input is
//! seen by its number. A real message is sealed and filed where its ghost stands, whatever came with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{EventId, MessageId};
use hilo_domain::inbound::Meaning;
use uuid::Uuid;

use crate::conversations::{self, Locks};
use crate::events::{self, NewEvent};
use crate::mail::{Arrival, Batch, Stored};
use crate::seal::{ContentKey, Keyring};
use crate::{Result, Tx, messages};

/// How long a placeholder waits for its real message before it becomes an input itself.
pub const GHOST_WAITS: chrono::Duration = chrono::Duration::seconds(10);

/// Makes an input of the placeholder `message`, unless its real message has come; returns the rows to ring.
///
/// # Errors
/// When Postgres refuses.
pub async fn give_up(tx: &mut Tx, message: MessageId, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let conversation = sqlx::query_scalar!("select conversation_id from messages where id = $1", message.0)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(conversation) = conversation else { return Ok(Vec::new()) };
    conversations::lock_all(tx, &[conversation], Locks::Wait).await?;
    let risen = sqlx::query!(
        r#"with waiting as (
            select m.id, m.provider_id, m.at, k.address, c.number_id from messages m
            join conversations c on c.id = m.conversation_id
            join inbound_keys k on k.number_id = c.number_id and k.provider_id = m.provider_id and k.kind = 'message'
            where m.id = $1 and m.seq is null and k.ghost and k.message_id = m.id
        ), placed as (
            update conversations c
            set last_seq = last_seq + 1,
                last_inbound_at = greatest(last_inbound_at, w.at),
                address = coalesce(w.address, c.address)
            from waiting w where c.id = $2
            returning c.last_seq, c.open_chat_id
        ), forgotten as (
            update inbound_keys k set address = null from waiting w
            where k.number_id = w.number_id and k.provider_id = w.provider_id and k.kind = 'message'
        ), opened as (
            update inputs i set n = default, at = $3, consumed_at = null from waiting w
            where i.conversation_id = $2 and i.kind = 'mail' and i.key = w.provider_id
        )
        update messages m set seq = p.last_seq, chat_id = p.open_chat_id from placed p where m.id = $1
        returning m.seq as "seq!", m.chat_id, m.kind"#,
        message.0,
        conversation,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(risen) = risen else { return Ok(Vec::new()) };
    let event = NewEvent {
        id: EventId::new(now),
        conversation: conversation.into(),
        seq: risen.seq,
        chat: risen.chat_id.map(Into::into),
        kind: EventKind::MessageReceived,
        data: serde_json::json!({"messageId": message, "type": risen.kind}),
        at: now,
    };
    events::insert(tx, &event).await?;
    let rung = sqlx::query_scalar!(
        "insert into outbox (bell, target, event_id, at, due_at)
         values ('conversation', $1, $2, $3, clock_timestamp() + interval '1 second') returning id",
        conversation,
        event.id.0,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(vec![rung])
}

/// Lets the real messages among the batch's duplicates take the place of their ghosts, in one statement. With
/// [`Locks::Skip`], one whose ghost's conversation is locked comes back as [`Stored::Unknown`].
pub(crate) async fn replace(
    tx: &mut Tx,
    ring: &Keyring,
    arrivals: &[&Arrival],
    batch: &mut Batch,
    locks: Locks,
) -> Result<()> {
    let waiting = waiting(tx, ring, arrivals, batch).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let conversations: HashSet<Uuid> = waiting.values().map(|ghost| ghost.conversation).collect();
    let ours = conversations::lock_all(tx, &conversations.into_iter().collect::<Vec<_>>(), locks).await?;
    let mut columns = Columns::default();
    for (ord, ghost) in &waiting {
        if ours.contains(&ghost.conversation) {
            columns.push(*ord, ghost, arrivals)?;
        } else if let Some(outcome) = batch.outcomes.get_mut(*ord) {
            *outcome = Stored::Unknown;
        }
    }
    for row in take_their_place(tx, &columns).await? {
        batch.outbox.push(row.outbox);
        if let Some(outcome) = usize::try_from(row.ord).ok().and_then(|ord| batch.outcomes.get_mut(ord)) {
            *outcome = Stored::Replaced(row.conversation_id.into());
        }
    }
    Ok(())
}

/// A ghost whose real message has come.
struct Ghost {
    message: Uuid,
    conversation: Uuid,
    key: ContentKey,
}

/// The ghosts that arrivals of the batch stand for, by the arrival's place in it; of copies the first.
async fn waiting(tx: &mut Tx, ring: &Keyring, arrivals: &[&Arrival], batch: &Batch) -> Result<BTreeMap<usize, Ghost>> {
    let mut first: HashMap<(Uuid, &str), usize> = HashMap::new();
    for (ord, (arrival, outcome)) in arrivals.iter().zip(&batch.outcomes).enumerate() {
        if *outcome == Stored::Duplicate && arrival.message.meaning != Meaning::Ghost {
            first.entry((arrival.number.0, arrival.message.provider_id.as_str())).or_insert(ord);
        }
    }
    if first.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (numbers, provider_ids): (Vec<Uuid>, Vec<&str>) = first.keys().copied().unzip();
    let rows = sqlx::query!(
        "select k.number_id, k.provider_id, m.id, m.conversation_id, c.key_id, s.sealed
         from unnest($1::uuid[], $2::text[]) as w (number_id, provider_id)
         join inbound_keys k on k.number_id = w.number_id and k.provider_id = w.provider_id and k.kind = 'message'
         join messages m on m.id = k.message_id
         join conversations c on c.id = m.conversation_id
         join content_keys s on s.id = c.key_id
         where k.ghost",
        &numbers,
        &provider_ids as &[&str],
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .filter_map(|row| Some((*first.get(&(row.number_id, row.provider_id.as_str()))?, row)))
        .map(|(ord, row)| {
            let key = ring.content_key(row.key_id.into(), &row.sealed)?;
            Ok((ord, Ghost { message: row.id, conversation: row.conversation_id, key }))
        })
        .collect()
}

/// The columns of the statement that replaces a batch's ghosts.
#[derive(Default)]
struct Columns {
    ord: Vec<i32>,
    message: Vec<Uuid>,
    event: Vec<Uuid>,
    kind: Vec<&'static str>,
    body: Vec<Vec<u8>>,
    reply_to: Vec<Option<String>>,
    provider_at: Vec<Option<DateTime<Utc>>>,
    at: Vec<DateTime<Utc>>,
    address: Vec<Option<String>>,
    /// It is an input; a reaction that was withheld at first is none.
    input: Vec<bool>,
}

impl Columns {
    fn push(&mut self, ord: usize, ghost: &Ghost, arrivals: &[&Arrival]) -> Result<()> {
        let Some(Arrival { message, at, .. }) = arrivals.get(ord) else { return Ok(()) };
        self.ord.push(i32::try_from(ord).unwrap_or(i32::MAX));
        self.message.push(ghost.message);
        self.event.push(EventId::new(*at).0);
        self.kind.push(message.content.kind());
        self.body.push(messages::seal(&ghost.key, &message.content, Some(&message.raw))?);
        self.reply_to.push(message.reply_to.clone());
        self.provider_at.push(message.provider_at);
        self.at.push(*at);
        self.address.push(message.sender.address.clone().filter(|_| message.sender.group.is_none()));
        self.input.push(message.meaning == Meaning::Answer);
        Ok(())
    }
}

struct Replaced {
    ord: i32,
    conversation_id: Uuid,
    outbox: i64,
}

/// Each takes one number of its conversation: for itself, or, where the ghost has become an input, for the event that
/// says that it reads differently now. The conversations are locked.
async fn take_their_place(tx: &mut Tx, c: &Columns) -> Result<Vec<Replaced>> {
    Ok(sqlx::query_as!(
        Replaced,
        r#"with came as (
            select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::text[],
                                 $7::timestamptz[], $8::timestamptz[], $9::text[], $10::bool[])
                as a (ord, message_id, event_id, kind, body, reply_to, provider_at, at, address, input)
        ), taken as (
            update inbound_keys k set ghost = false, address = null
            from came a join messages m on m.id = a.message_id join conversations c on c.id = m.conversation_id
            where k.number_id = c.number_id and k.provider_id = m.provider_id and k.kind = 'message'
              and k.message_id = m.id and k.ghost
            returning a.message_id, m.conversation_id, m.provider_id, m.seq as old_seq, m.chat_id as old_chat_id
        ), numbered as (
            select a.*, t.conversation_id, t.provider_id, t.old_seq is not null as late,
                   c.last_seq + row_number() over (partition by t.conversation_id order by a.ord) as seq,
                   case when t.old_seq is null then c.open_chat_id else t.old_chat_id end as chat_id
            from came a join taken t using (message_id) join conversations c on c.id = t.conversation_id
        ), raised as (
            update conversations c
            set last_seq = n.seq,
                last_inbound_at = greatest(c.last_inbound_at, n.heard_at),
                address = coalesce(n.address, c.address)
            from (
                select conversation_id, max(seq) as seq, max(at) filter (where not late) as heard_at,
                       (array_agg(address order by ord desc) filter (where address is not null))[1] as address
                from numbered group by conversation_id
            ) n
            where c.id = n.conversation_id
        ), said as (
            update messages m
            set kind = n.kind, body = n.body, reply_to = n.reply_to, provider_at = n.provider_at,
                seq = case when n.late then m.seq else n.seq end, chat_id = n.chat_id
            from numbered n where m.id = n.message_id
        ), happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select event_id, conversation_id, seq, chat_id, $11,
                   jsonb_build_object('messageId', message_id, 'type', kind)
                       || case when late then '{"replaced": true}'::jsonb else '{}'::jsonb end,
                   at
            from numbered
        ), asked as (
            update inputs i set n = default, at = n.at, consumed_at = null
            from numbered n
            where n.input and not n.late and i.conversation_id = n.conversation_id and i.kind = 'mail'
              and i.key = n.provider_id
        ), rings as (
            select n.*, n.input and (not n.late or exists (
                select 1 from inputs i where i.conversation_id = n.conversation_id and i.kind = 'mail'
                  and i.key = n.provider_id and i.consumed_at is null)) as bell
            from numbered n
        ), rung as (
            insert into outbox (bell, target, event_id, at, due_at)
            select case when bell then 'conversation' end, case when bell then conversation_id end, event_id, at,
                   clock_timestamp() + interval '1 second'
            from rings order by ord
            returning id, event_id
        )
        select n.ord as "ord!", n.conversation_id as "conversation_id!", r.id as "outbox!"
        from rung r join numbered n using (event_id) order by n.ord"#,
        &c.ord,
        &c.message,
        &c.event,
        &c.kind as &[&str],
        &c.body,
        &c.reply_to as &[Option<String>],
        &c.provider_at as &[Option<DateTime<Utc>>],
        &c.at,
        &c.address as &[Option<String>],
        &c.input,
        EventKind::MessageReceived.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?)
}
