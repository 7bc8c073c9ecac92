//! Messages: what stands sealed in them, the outbound ones, and how one becomes part of the conversation's order.

use chrono::{DateTime, Utc};
use hilo_domain::id::{ChatId, ConversationId, MessageId, NumberId, UserId};
use hilo_domain::message::{Author, Content, Direction};
use hilo_domain::receipt::MessageStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

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

/// A message with what people see around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// Which agent wrote it.
    pub agent: Option<(UserId, String)>,
    /// The message of ours that it answers.
    pub reply_to: Option<MessageId>,
    /// Why it failed.
    pub error: Option<Value>,
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
                direction: direction(&row.direction, row.id)?,
                author: author(&row.author, row.id)?,
                content: open_content(&key, &row.body, row.id)?,
                provider_id: row.provider_id,
                status: row.status.as_deref().and_then(MessageStatus::from_name),
                at: row.at,
            })
        })
        .collect()
}

/// These messages with what people see around them, in the order of `ids`; what does not exist is missing.
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn shown(pool: &Pool, ring: &Keyring, ids: &[Uuid]) -> Result<Vec<Shown>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"select m.id, m.conversation_id, m.chat_id, m.seq, m.direction, m.author, m.body, m.provider_id, m.status,
                  m.error, m.at, k.id as key_id, k.sealed, u.id as "agent_id?", u.name as "agent_name?",
                  case when m.reply_to is not null then (
                      select r.id from messages r where r.provider_id = m.reply_to and r.direction = 'outbound'
                      and r.conversation_id = m.conversation_id limit 1) end as reply_to
           from unnest($1::uuid[]) with ordinality as wanted (id, n)
           join messages m on m.id = wanted.id
           join conversations c on c.id = m.conversation_id
           join content_keys k on k.id = c.key_id
           left join commands d on d.id = m.id and m.author = 'agent'
           left join users u on u.id = d.user_id
           order by wanted.n"#,
        ids,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = ring.content_key(row.key_id.into(), &row.sealed)?;
            Ok(Shown {
                message: Message {
                    id: row.id.into(),
                    conversation: row.conversation_id.into(),
                    chat: row.chat_id.map(Into::into),
                    seq: row.seq,
                    direction: direction(&row.direction, row.id)?,
                    author: author(&row.author, row.id)?,
                    content: open_content(&key, &row.body, row.id)?,
                    provider_id: row.provider_id,
                    status: row.status.as_deref().and_then(MessageStatus::from_name),
                    at: row.at,
                },
                agent: row.agent_id.map(|id| (id.into(), row.agent_name.unwrap_or_default())),
                reply_to: row.reply_to.map(Into::into),
                error: row.error,
            })
        })
        .collect()
}

/// The newest messages before `before` of a chat, or of those chats of a conversation that are named (messages outside
/// of every chat included), ascending; `limit` at most.
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn page(pool: &Pool, ring: &Keyring, of: Of<'_>, before: Option<i64>, limit: i64) -> Result<Vec<Shown>> {
    let mut ids = match of {
        Of::Chat(chat) => {
            sqlx::query_scalar!(
                "select id from messages where chat_id = $1 and seq < coalesce($2, 9223372036854775807)
                 order by seq desc limit $3",
                chat.0,
                before,
                limit,
            )
            .fetch_all(pool)
            .await?
        }
        Of::Conversation(conversation, chats) => {
            let chats: Vec<Uuid> = chats.iter().map(|id| id.0).collect();
            sqlx::query_scalar!(
                "select id from messages where conversation_id = $1 and seq < coalesce($2, 9223372036854775807)
                    and (chat_id is null or chat_id = any($4))
                 order by seq desc limit $3",
                conversation.0,
                before,
                limit,
                &chats,
            )
            .fetch_all(pool)
            .await?
        }
    };
    ids.reverse();
    shown(pool, ring, &ids).await
}

/// Whose messages a page has.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// One chat's.
    Chat(ChatId),
    /// A conversation's, of these chats and of none.
    Conversation(ConversationId, &'a [ChatId]),
}

fn direction(word: &str, row: Uuid) -> Result<Direction> {
    match word {
        "inbound" => Ok(Direction::Inbound),
        "outbound" => Ok(Direction::Outbound),
        _ => Err(Error::inconsistent("messages", "direction", row)),
    }
}

fn author(word: &str, row: Uuid) -> Result<Author> {
    match word {
        "client" => Ok(Author::Client),
        "bot" => Ok(Author::Bot),
        "agent" => Ok(Author::Agent),
        "system" => Ok(Author::System),
        _ => Err(Error::inconsistent("messages", "author", row)),
    }
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

/// Records that the provider accepted a message under `provider_id`, and applies the receipts that came before.
///
/// Takes the advisory lock that a receipt of the same id takes, so neither can miss the other (`design.md`,
/// "Receipts are always stored"). Returns the rows to ring.
///
/// # Errors
/// When the number has no such message of ours, or Postgres refuses.
pub async fn accepted(
    tx: &mut Tx,
    number: NumberId,
    message: MessageId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    receipts::lock(tx, &[(number, provider_id)]).await?;
    lock_conversation(tx, message).await?;
    let updated = sqlx::query!(
        "update messages m set provider_id = $2,
             own_status = case when own_status = 'failed' then own_status else 'sent' end
         from conversations c
         where m.id = $1 and m.direction = 'outbound' and c.id = m.conversation_id and c.number_id = $3",
        message.0,
        provider_id,
        number.0,
    )
    .execute(&mut **tx)
    .await?;
    one_row(updated.rows_affected())?;
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

/// Records that a message of ours is tried for the `attempt`-th time: it is pending again, and that an earlier attempt
/// failed says nothing any more (`turns.md` 16). Returns the rows to ring.
///
/// # Errors
/// When there is no such message or it is at this attempt already, or Postgres refuses.
pub async fn tried_again(tx: &mut Tx, message: MessageId, attempt: i32, now: DateTime<Utc>) -> Result<Vec<i64>> {
    lock_conversation(tx, message).await?;
    let updated = sqlx::query!(
        "update messages set attempt = $2, own_status = 'pending'
         where id = $1 and direction = 'outbound' and attempt < $2",
        message.0,
        attempt,
    )
    .execute(&mut **tx)
    .await?;
    one_row(updated.rows_affected())?;
    receipts::settle(tx, &[message], now).await
}

/// Records what our own record of a send says now, and what follows for the message: its status, its event and, when it
/// fails, its input. Returns the rows to ring.
///
/// # Errors
/// When there is no such message, or Postgres refuses.
pub async fn own(
    tx: &mut Tx,
    message: MessageId,
    own: MessageStatus,
    error: Option<&Value>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    lock_conversation(tx, message).await?;
    let updated = sqlx::query!(
        "update messages set own_status = $2, error = coalesce($3, error) where id = $1 and direction = 'outbound'",
        message.0,
        own.as_str(),
        error,
    )
    .execute(&mut **tx)
    .await?;
    one_row(updated.rows_affected())?;
    receipts::settle(tx, &[message], now).await
}

async fn lock_conversation(tx: &mut Tx, message: MessageId) -> Result<()> {
    sqlx::query!(
        "select c.id from conversations c join messages m on m.conversation_id = c.id where m.id = $1 for update of c",
        message.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

const fn one_row(actual: u64) -> Result<()> {
    if actual == 1 { Ok(()) } else { Err(Error::Affected { table: "messages", expected: 1, actual }) }
}
