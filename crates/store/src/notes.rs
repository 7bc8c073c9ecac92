//! Notes about a chat, for colleagues only. They may quote the client, so they stand under the client's key.

use chrono::{DateTime, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ChatId, UserId};
use uuid::Uuid;

use crate::seal::Keyring;
use crate::{Pool, Result, Tx};

const BODY: &str = "notes.body";

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: Uuid,
    /// About which chat.
    pub chat: ChatId,
    /// Who wrote it, and their name.
    pub author: (UserId, String),
    /// Its words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A note to write.
#[derive(Debug)]
pub struct NewNote<'a> {
    /// About which chat.
    pub chat: ChatId,
    /// Who writes it.
    pub user: UserId,
    /// Its words.
    pub text: &'a str,
    /// The caller's key, unique for the person.
    pub idempotency_key: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It is stored; ring these rows.
    New {
        /// Its id.
        id: Uuid,
        /// Outbox rows.
        outbox: Vec<i64>,
    },
    /// The same person has written one under this key before.
    Known {
        /// Which.
        id: Uuid,
        /// Whether it is the same.
        same: bool,
    },
    /// There is no such chat.
    NoChat,
}

/// Writes a note with its event, numbered under the conversation's lock.
///
/// # Errors
/// When Postgres refuses.
pub async fn add(tx: &mut Tx, ring: &Keyring, new: &NewNote<'_>) -> Result<Added> {
    let place = sqlx::query!(
        "select c.id, k.id as key_id, k.sealed from conversations c join content_keys k on k.id = c.key_id
         where c.id = (select conversation_id from chats where id = $1) for update of c",
        new.chat.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(place) = place else { return Ok(Added::NoChat) };
    let key = ring.content_key(place.key_id.into(), &place.sealed)?;
    let id = hilo_domain::id::uuid_at(new.at);
    let stored = sqlx::query!(
        "insert into notes (id, conversation_id, chat_id, user_id, body, idempotency_key, at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        id,
        place.id,
        new.chat.0,
        new.user.0,
        key.seal(BODY, new.text.as_bytes())?,
        new.idempotency_key,
        new.at,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if stored == 0 {
        let known = sqlx::query!(
            "select n.id, n.chat_id, n.body, k.id as key_id, k.sealed from notes n
             join conversations c on c.id = n.conversation_id join content_keys k on k.id = c.key_id
             where n.user_id = $1 and n.idempotency_key = $2",
            new.user.0,
            new.idempotency_key,
        )
        .fetch_one(&mut **tx)
        .await?;
        let before = ring.content_key(known.key_id.into(), &known.sealed)?.open(BODY, &known.body);
        let same = known.chat_id == new.chat.0 && before.is_ok_and(|text| text == new.text.as_bytes());
        return Ok(Added::Known { id: known.id, same });
    }
    let row = sqlx::query_scalar!(
        "with placed as (
            update conversations set last_seq = last_seq + 1 where id = $2 returning last_seq
        ), happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select $3, $2, last_seq, $4, $5, jsonb_build_object('noteId', $1::uuid, 'by', $6::uuid), $7 from placed
        )
        insert into outbox (event_id, at, due_at) values ($3, $7, clock_timestamp() + interval '1 second') returning id",
        id,
        place.id,
        hilo_domain::id::uuid_at(new.at),
        new.chat.0,
        EventKind::NoteAdded.as_str(),
        new.user.0,
        new.at,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Added::New { id, outbox: vec![row] })
}

/// The notes about a chat, newest first, before the one with this id; `limit` at most. With `only`, this one alone.
///
/// # Errors
/// When Postgres is away. A note from before its client was erased opens with no key any more, and is left out.
pub async fn list(
    pool: &Pool,
    ring: &Keyring,
    chat: ChatId,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Note>> {
    let rows = sqlx::query!(
        "select n.id, n.user_id, u.name, n.body, n.at, k.id as key_id, k.sealed from notes n
         join users u on u.id = n.user_id
         join conversations c on c.id = n.conversation_id join content_keys k on k.id = c.key_id
         where n.chat_id = $1 and ($2::uuid is null or n.id = $2) and ($3::uuid is null or n.id < $3)
         order by n.id desc limit $4",
        chat.0,
        only,
        before,
        limit,
    )
    .fetch_all(pool)
    .await?;
    let mut notes = Vec::with_capacity(rows.len());
    for row in rows {
        let plain = ring.content_key(row.key_id.into(), &row.sealed)?.open(BODY, &row.body);
        let Some(text) = plain.ok().and_then(|plain| String::from_utf8(plain).ok()) else { continue };
        notes.push(Note { id: row.id, chat, author: (row.user_id.into(), row.name), text, at: row.at });
    }
    Ok(notes)
}
