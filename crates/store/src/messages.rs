//! Messages: what stands sealed in them, the outbound ones, and how one becomes part of the conversation's order.

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ChatId, ConversationId, EventId, MessageId, NumberId};
use hilo_domain::message::{Author, Content, Direction};
use hilo_domain::receipt::MessageStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::events::{self, NewEvent};
use crate::seal::{ContentKey, Keyring};
use crate::{Error, Pool, Result, Tx, receipts};

const BODY: &str = "messages.body";

/// What is sealed in a message's row.
#[derive(Serialize, Deserialize)]
struct Body<C, R> {
    content: C,
    /// The provider's element as it came.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    raw: Option<R>,
}

/// Seals what a message says, with the provider's element beside it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn seal(key: &ContentKey, content: &Content, raw: Option<&Value>) -> Result<Vec<u8>> {
    key.seal(BODY, &serde_json::to_vec(&Body { content, raw })?)
}

/// A message as people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The chat in which it was said, if one was open.
    pub chat: Option<ChatId>,
    /// Its place in the conversation; its event has the same.
    pub seq: Option<i64>,
    /// `inbound` or `outbound`.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub content: Content,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Where an outbound one stands.
    pub status: Option<MessageStatus>,
    /// When it came or was asked for.
    pub at: DateTime<Utc>,
}

/// A conversation's messages in their order, after `after`; `limit` at most (500 in any case).
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn list(
    pool: &Pool,
    ring: &Keyring,
    conversation: ConversationId,
    after: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    let rows = sqlx::query!(
        r#"select m.id, m.chat_id, m.seq, m.direction, m.author, m.body, m.provider_id, m.status, m.at,
                  k.id as key_id, k.sealed
           from messages m
           join conversations c on c.id = m.conversation_id
           join content_keys k on k.id = c.key_id
           where m.conversation_id = $1 and m.seq > $2
           order by m.seq limit least($3::bigint, 500)"#,
        conversation.0,
        after,
        limit,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = ring.content_key(row.key_id.into(), &row.sealed)?;
            Ok(Message {
                id: row.id.into(),
                conversation,
                chat: row.chat_id.map(Into::into),
                seq: row.seq,
                direction: match row.direction.as_str() {
                    "inbound" => Direction::Inbound,
                    "outbound" => Direction::Outbound,
                    _ => return Err(Error::inconsistent("messages", "direction", row.id)),
                },
                author: match row.author.as_str() {
                    "client" => Author::Client,
                    "bot" => Author::Bot,
                    "agent" => Author::Agent,
                    "system" => Author::System,
                    _ => return Err(Error::inconsistent("messages", "author", row.id)),
                },
                content: open_content(&key, &row.body, row.id)?,
                provider_id: row.provider_id,
                status: row.status.as_deref().and_then(MessageStatus::from_name),
                at: row.at,
            })
        })
        .collect()
}

/// What stands sealed in a message. A text from before its client was erased opens with no key any more, and is shown
/// as erased.
pub(crate) fn open_content(key: &ContentKey, body: &[u8], message: Uuid) -> Result<Content> {
    match key.open(BODY, body) {
        Ok(plain) => serde_json::from_slice::<Body<Content, Value>>(&plain)
            .map(|body| body.content)
            .map_err(|_| Error::inconsistent("messages", "body", message)),
        Err(_) => Ok(Content::Unsupported { kind: Some("erased".to_owned()), code: None }),
    }
}

/// When a message was asked for, or came.
///
/// # Errors
/// When Postgres is away.
pub async fn asked_at(tx: &mut Tx, message: MessageId) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("select at from messages where id = $1", message.0).fetch_optional(&mut **tx).await?)
}

/// A message of ours that is about to be sent.
#[derive(Debug)]
pub struct NewOutbound<'a> {
    /// Its id, made by whoever asked for it.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub content: &'a Content,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// Gives a message of ours its place in the conversation, `pending`. Locks the conversation.
///
/// # Errors
/// When the conversation does not exist, or Postgres refuses.
pub async fn prepare(tx: &mut Tx, ring: &Keyring, message: &NewOutbound<'_>) -> Result<i64> {
    let row = sqlx::query!(
        "select k.id, k.sealed from conversations c join content_keys k on k.id = c.key_id
         where c.id = $1 for update of c",
        message.conversation.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let key = ring.content_key(row.id.into(), &row.sealed)?;
    let seq = sqlx::query_scalar!(
        r#"with placed as (
            update conversations set last_seq = last_seq + 1 where id = $2 returning last_seq, open_chat_id
        )
        insert into messages (id, conversation_id, chat_id, seq, direction, author, kind, body, own_status, status, at)
        select $1, $2, open_chat_id, last_seq, 'outbound', $3, $4, $5, 'pending', 'pending', $6 from placed
        returning seq as "seq!""#,
        message.id.0,
        message.conversation.0,
        message.author.as_str(),
        message.content.kind(),
        seal(&key, message.content, None)?,
        message.at,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(seq)
}

/// Records that the provider accepted a message under `provider_id`, and applies the receipts that came before.
///
/// Takes the advisory lock that a receipt of the same id takes, so neither can miss the other (`design.md`,
/// "Receipts are always stored"). Returns the rows to ring.
///
/// # Errors
/// When Postgres refuses.
pub async fn accepted(
    tx: &mut Tx,
    number: NumberId,
    message: MessageId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    receipts::lock(tx, &[(number, provider_id)]).await?;
    sqlx::query!(
        "select c.id from conversations c join messages m on m.conversation_id = c.id where m.id = $1 for update of c",
        message.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "update messages set provider_id = $2,
             own_status = case when own_status = 'failed' then own_status else 'sent' end
         where id = $1",
        message.0,
        provider_id,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update receipts set message_id = $3 where number_id = $1 and provider_id = $2 and message_id is null",
        number.0,
        provider_id,
        message.0,
    )
    .execute(&mut **tx)
    .await?;
    receipts::settle(tx, &[message], now).await
}

/// Gives a stored message its place, its event, an open input and a bell; the conversation is locked by the caller.
pub(crate) async fn become_input(tx: &mut Tx, message: MessageId, now: DateTime<Utc>) -> Result<i64> {
    let row = sqlx::query!(
        r#"with placed as (
            update conversations c set last_seq = last_seq + 1
            from messages m where m.id = $1 and c.id = m.conversation_id
            returning c.id, c.last_seq, c.open_chat_id
        )
        update messages m set seq = p.last_seq, chat_id = p.open_chat_id from placed p where m.id = $1
        returning m.conversation_id, m.seq as "seq!", m.chat_id, m.kind, m.provider_id"#,
        message.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let event = EventId::new(now);
    events::insert(
        tx,
        &NewEvent {
            id: event,
            conversation: row.conversation_id.into(),
            seq: row.seq,
            chat: row.chat_id.map(Into::into),
            kind: EventKind::MessageReceived,
            data: serde_json::json!({"messageId": message, "type": row.kind}),
            at: now,
        },
    )
    .await?;
    sqlx::query!(
        "delete from inputs where conversation_id = $1 and kind = 'mail' and key = $2",
        row.conversation_id,
        row.provider_id
    )
    .execute(&mut **tx)
    .await?;
    let id = sqlx::query_scalar!(
        r#"with asked as (
            insert into inputs (conversation_id, kind, key, message_id, at) values ($1, 'mail', $2, $3, $4)
        )
        insert into outbox (bell, target, event_id, at, due_at)
        values ('conversation', $1, $5, $4, clock_timestamp() + interval '1 second') returning id"#,
        row.conversation_id,
        row.provider_id,
        message.0,
        now,
        event.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}
