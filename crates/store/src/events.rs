//! What happened: written with what it reports, numbered by its conversation.

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ChatId, ConversationId, EventId};
use serde_json::Value;
use uuid::Uuid;

use crate::{Pool, Result, Tx};

/// An event to write; its `seq` was taken from the conversation under its lock.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) id: EventId,
    pub(crate) conversation: ConversationId,
    pub(crate) seq: i64,
    pub(crate) chat: Option<ChatId>,
    pub(crate) kind: EventKind,
    pub(crate) data: Value,
    pub(crate) at: DateTime<Utc>,
}

pub(crate) async fn insert(tx: &mut Tx, event: &NewEvent) -> Result<()> {
    sqlx::query!(
        "insert into events (id, conversation_id, seq, chat_id, kind, data, at) values ($1, $2, $3, $4, $5, $6, $7)",
        event.id.0,
        event.conversation.0,
        event.seq,
        event.chat.map(|id| id.0),
        event.kind.as_str(),
        event.data,
        event.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An event as the stream and the screens read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Whose it is.
    pub conversation: Option<ConversationId>,
    /// Its place in the conversation.
    pub seq: Option<i64>,
    /// In which chat.
    pub chat: Option<ChatId>,
    /// What happened, `noun.participle`.
    pub kind: String,
    /// The ids that it is about.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// A conversation's events after `after`, in order; `limit` at most.
///
/// # Errors
/// When Postgres is away.
pub async fn after(pool: &Pool, conversation: ConversationId, after: i64, limit: i64) -> Result<Vec<Event>> {
    let rows = sqlx::query!(
        "select id, conversation_id, seq, chat_id, kind, data, at from events
         where conversation_id = $1 and seq > $2 order by seq limit $3",
        conversation.0,
        after,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Event {
            id: row.id.into(),
            conversation: row.conversation_id.map(Into::into),
            seq: row.seq,
            chat: row.chat_id.map(Into::into),
            kind: row.kind,
            data: row.data,
            at: row.at,
        })
        .collect())
}

/// The events with these ids, in the order in which they were numbered.
///
/// # Errors
/// When Postgres is away.
pub async fn by_ids(pool: &Pool, ids: &[Uuid]) -> Result<Vec<Event>> {
    let rows = sqlx::query!(
        "select id, conversation_id, seq, chat_id, kind, data, at from events
         where id = any($1) order by conversation_id, seq, id",
        ids,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Event {
            id: row.id.into(),
            conversation: row.conversation_id.map(Into::into),
            seq: row.seq,
            chat: row.chat_id.map(Into::into),
            kind: row.kind,
            data: row.data,
            at: row.at,
        })
        .collect())
}
