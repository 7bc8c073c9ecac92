//! Turns and what they are about: inputs that wait for a decision, and decisions that were stored (`turns.md` 6–12).

use chrono::{DateTime, Utc};
use hilo_domain::id::{ChatId, CommandId, ConversationId, MessageId};
use hilo_domain::message::Content;
use hilo_domain::timer::Timer;
use serde_json::Value;

use crate::desk::{Desk, Entry, LEDGER, SESSION};
use crate::seal::Keyring;
use crate::{Error, Pool, Result, Tx, messages};

/// One turn looks at so many inputs.
pub const AT_ONCE: i64 = 20;

/// An input that waits for a decision.
#[derive(Debug, Clone)]
pub struct Open {
    /// Its position.
    pub n: i64,
    /// Its name for ever.
    pub key: String,
    /// When it came, or was due.
    pub at: DateTime<Utc>,
    /// How often a turn has tried it.
    pub tries: i16,
    /// What it is.
    pub what: Waiting,
}

/// What an input is.
#[derive(Debug, Clone)]
pub enum Waiting {
    /// The client wrote.
    Mail {
        /// Which message.
        message: MessageId,
        /// What it says.
        content: Box<Content>,
        /// Its place in the conversation.
        seq: i64,
        /// The provider's id.
        provider_id: String,
    },
    /// A timer is due.
    Timer(Timer),
    /// Somebody asks for something.
    Command(CommandId),
    /// A send has failed for good.
    FailedSend {
        /// Which message.
        message: MessageId,
        /// What the engine calls it.
        token: Option<String>,
    },
    /// Nobody knows what became of a send, and it was waited for long enough.
    UncertainSend {
        /// Which message.
        message: MessageId,
    },
    /// A kind that this version does not know.
    Unknown(String),
}

/// Stores the timers that a workflow brings and counts a try of every input that the next turn will look at.
///
/// The count is a transaction of its own, so that it outlives a step which ends the process; it may be lost with
/// Postgres itself, which only makes one more try.
///
/// # Errors
/// When Postgres is away.
pub async fn bring(pool: &Pool, conversation: ConversationId, timers: &[Timer]) -> Result<()> {
    let keys: Vec<String> = timers.iter().map(Timer::key).collect();
    let ats: Vec<DateTime<Utc>> = timers.iter().map(|timer| timer.due).collect();
    let details = timers.iter().map(serde_json::to_value).collect::<Result<Vec<Value>, _>>()?;
    sqlx::query!(
        "with quick as (
            select set_config('synchronous_commit', 'off', true)
         ), brought as (
            insert into inputs (conversation_id, kind, key, at, tries, detail)
            select $1, 'timer', key, at, 1, detail from unnest($2::text[], $3::timestamptz[], $4::jsonb[])
                as t (key, at, detail)
            on conflict do nothing
         )
         update inputs i set tries = tries + 1 from quick
         where i.conversation_id = $1 and i.n in (
            select n from (
                select n, case when kind = 'timer' then at else max(at) filter (where kind <> 'timer') over (order by n) end as turn_at
                from inputs where conversation_id = $1 and consumed_at is null
            ) waiting order by turn_at, n limit $5)",
        conversation.0,
        &keys,
        &ats,
        &details,
        AT_ONCE,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes back a try that failed for a reason of its own (Postgres went away): it says nothing about the input.
///
/// # Errors
/// When Postgres is away.
pub async fn take_back(pool: &Pool, conversation: ConversationId) -> Result<()> {
    sqlx::query!(
        "update inputs set tries = tries - 1 where conversation_id = $1 and consumed_at is null and tries > 0",
        conversation.0
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// What the workflow was told about a stored turn.
///
/// # Errors
/// When Postgres is away.
pub async fn stored(tx: &mut Tx, conversation: ConversationId, n: i64) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!("select result from turns where conversation_id = $1 and n = $2", conversation.0, n)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Records up to which turn the workflow holds the results.
///
/// # Errors
/// When Postgres is away.
pub async fn acknowledge(tx: &mut Tx, conversation: ConversationId, n: i64) -> Result<()> {
    sqlx::query!("update conversations set acknowledged = $2 where id = $1 and acknowledged < $2", conversation.0, n)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The inputs that wait, in the order in which a turn takes them, as many as it looks at.
///
/// That is the order in which they were written, whatever the clocks of several gateways say; a timer alone stands
/// where it was due, before everything that came later (`turns.md` 8).
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn open(tx: &mut Tx, desk: &Desk) -> Result<Vec<Open>> {
    let rows = sqlx::query!(
        r#"select i.n, i.kind, i.key, i.message_id, i.at, i.tries, i.detail,
                  m.seq, m.body as "body?", m.provider_id, s.token as "token?"
           from (
               select *, case when kind = 'timer' then at else max(at) filter (where kind <> 'timer') over (order by n) end as turn_at
               from inputs where conversation_id = $1 and consumed_at is null
           ) i left join messages m on m.id = i.message_id left join sends s on s.message_id = i.message_id
           order by i.turn_at, i.n limit $2"#,
        desk.conversation.0,
        AT_ONCE,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let message = row.message_id.map(MessageId::from);
            let what = match (row.kind.as_str(), message, row.body) {
                ("mail", Some(message), Some(body)) => Waiting::Mail {
                    message,
                    content: Box::new(messages::open_content(&desk.key, &body, message.0)?),
                    seq: row.seq.unwrap_or_default(),
                    provider_id: row.provider_id.unwrap_or_default(),
                },
                ("timer", ..) => Waiting::Timer(
                    serde_json::from_value(row.detail)
                        .map_err(|_| Error::inconsistent("inputs", "detail", desk.conversation.0))?,
                ),
                ("command", ..) => Waiting::Command(
                    row.key.parse().map_err(|_| Error::inconsistent("inputs", "key", desk.conversation.0))?,
                ),
                ("failed_send", Some(message), _) => Waiting::FailedSend { message, token: row.token },
                ("uncertain_send", Some(message), _) => Waiting::UncertainSend { message },
                (other, ..) => Waiting::Unknown(other.to_owned()),
            };
            Ok(Open { n: row.n, key: row.key, at: row.at, tries: row.tries, what })
        })
        .collect()
}

/// What is still to be done, read live: whether inputs wait, and whether a send is open.
///
/// # Errors
/// When Postgres is away.
pub async fn left(tx: &mut Tx, conversation: ConversationId) -> Result<(bool, bool)> {
    let row = sqlx::query!(
        r#"select exists (select 1 from inputs where conversation_id = $1 and consumed_at is null) as "inputs!",
                  exists (select 1 from sends where conversation_id = $1
                          and (state in ('prepared', 'attempted') or (state = 'uncertain' and not passed))) as "sends!""#,
        conversation.0
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.inputs, row.sends))
}

/// Whether the client has written something that no turn has looked at; `but` are inputs in hand.
///
/// # Errors
/// When Postgres is away.
pub async fn mail_waits(tx: &mut Tx, desk: &Desk, but: &[i64]) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from inputs where conversation_id = $1 and kind = 'mail' and consumed_at is null
                          and n <> all($2)) as "is!""#,
        desk.conversation.0,
        but,
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// A stored turn, for people and tests.
#[derive(Debug)]
pub struct Turn {
    /// Its number.
    pub n: i64,
    /// The instant by which it was decided.
    pub at: DateTime<Utc>,
    /// How many inputs it consumed.
    pub inputs: usize,
}

/// The turns of a conversation, in order; 1,000 at most.
///
/// # Errors
/// When Postgres is away.
pub async fn list(pool: &Pool, conversation: ConversationId) -> Result<Vec<Turn>> {
    let rows = sqlx::query!(
        "select n, at, inputs from turns where conversation_id = $1 order by n limit 1000",
        conversation.0
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| Turn { n: row.n, at: row.at, inputs: row.inputs.len() }).collect())
}

/// One act of the ledger.
#[derive(Debug)]
pub struct Act {
    /// Its number.
    pub n: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What and why, in order.
    pub entries: Vec<Entry>,
}

/// Why everything happened in a conversation, in order, after act `after`; 500 acts at most.
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn ledger(pool: &Pool, ring: &Keyring, conversation: ConversationId, after: i64) -> Result<Vec<Act>> {
    let rows = sqlx::query!(
        "select l.n, l.at, l.entries, k.id as key_id, k.sealed from ledger l
         join conversations c on c.id = l.conversation_id join content_keys k on k.id = c.key_id
         where l.conversation_id = $1 and l.n > $2 order by l.n limit 500",
        conversation.0,
        after,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let plain = ring.content_key(row.key_id.into(), &row.sealed)?.open(LEDGER, &row.entries)?;
            Ok(Act { n: row.n, at: row.at, entries: serde_json::from_slice(&plain)? })
        })
        .collect()
}

/// Why everything happened in a chat, in order, from act `from` on; `limit` acts at most.
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn ledger_of(pool: &Pool, ring: &Keyring, chat: ChatId, from: i64, limit: i64) -> Result<Vec<Act>> {
    let rows = sqlx::query!(
        "select l.n, l.at, l.entries, k.id as key_id, k.sealed from ledger l
         join conversations c on c.id = l.conversation_id join content_keys k on k.id = c.key_id
         where l.chat_id = $1 and l.n >= $2 order by l.n limit $3",
        chat.0,
        from,
        limit,
    )
    .fetch_all(pool)
    .await?;
    let mut acts = Vec::with_capacity(rows.len());
    for row in rows {
        // What stands from before its client was erased opens with no key any more.
        let Ok(plain) = ring.content_key(row.key_id.into(), &row.sealed)?.open(LEDGER, &row.entries) else { continue };
        acts.push(Act { n: row.n, at: row.at, entries: serde_json::from_slice(&plain)? });
    }
    Ok(acts)
}

/// What a screen needs of the workflow of a chat beside the chat itself.
#[derive(Debug)]
pub struct Inside {
    /// The conversation.
    pub conversation: ConversationId,
    /// What time will do.
    pub timers: Vec<Timer>,
    /// The flow that it is pinned to: key, version, document.
    pub flow: Option<(String, i32, String)>,
    /// The node at which the bot stands.
    pub node: Option<String>,
    /// The bot's state, as its last turn left it.
    pub session: Option<Vec<u8>>,
}

/// Reads it.
///
/// # Errors
/// When Postgres is away, or a list cannot be read.
pub async fn inside(pool: &Pool, ring: &Keyring, chat: ChatId) -> Result<Option<Inside>> {
    let row = sqlx::query!(
        r#"select h.conversation_id, h.timers, h.flow_node, v.flow_key as "flow_key?", v.version as "version?",
                  v.document as "document?", t.session as "session?", k.id as key_id, k.sealed
           from chats h join conversations c on c.id = h.conversation_id join content_keys k on k.id = c.key_id
           left join flow_versions v on v.hash = h.flow_hash
           left join turns t on t.conversation_id = h.conversation_id and t.n = h.session_turn
           where h.id = $1"#,
        chat.0
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let key = ring.content_key(row.key_id.into(), &row.sealed)?;
    Ok(Some(Inside {
        conversation: row.conversation_id.into(),
        timers: serde_json::from_value(row.timers).map_err(|_| Error::inconsistent("chats", "timers", chat.0))?,
        flow: row.flow_key.zip(row.version).zip(row.document).map(|((key, version), text)| (key, version, text)),
        node: row.flow_node,
        session: row.session.and_then(|sealed| key.open(SESSION, &sealed).ok()),
    }))
}
