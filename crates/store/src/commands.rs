//! What people ask for: stored before it is carried out, carried out once (`turns.md` 19).

use chrono::{DateTime, Utc};
use hilo_domain::command::{Actor, Answer, Command, Refusal};
use hilo_domain::id::{ChatId, CommandId, ConversationId, UserId};

use crate::desk::Desk;
use crate::seal::Keyring;
use crate::{Error, Pool, Result, Tx};

const BODY: &str = "commands.body";

/// A command to store.
#[derive(Debug)]
pub struct NewCommand<'a> {
    /// Its id: of a reply, the message's.
    pub id: CommandId,
    /// To which chat.
    pub chat: ChatId,
    /// What.
    pub command: &'a Command,
    /// Who asks.
    pub actor: &'a Actor,
    /// The caller's key, unique for the person.
    pub idempotency_key: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Requested {
    /// It is stored; ring its workflow, then these rows.
    New {
        /// Whose workflow carries it out.
        conversation: ConversationId,
        /// Outbox rows.
        outbox: Vec<i64>,
    },
    /// The same person has asked under this key before.
    Known {
        /// As which command.
        id: CommandId,
        /// Whether it is the same request.
        same: bool,
    },
    /// There is no such chat.
    NoChat,
}

/// Stores a command with its input and its bell.
///
/// # Errors
/// When Postgres refuses.
pub async fn request(tx: &mut Tx, ring: &Keyring, new: &NewCommand<'_>) -> Result<Requested> {
    let Some(place) = sqlx::query!(
        "select h.conversation_id, k.id as key_id, k.sealed from chats h
         join conversations c on c.id = h.conversation_id join content_keys k on k.id = c.key_id where h.id = $1",
        new.chat.0
    )
    .fetch_optional(&mut **tx)
    .await?
    else {
        return Ok(Requested::NoChat);
    };
    let key = ring.content_key(place.key_id.into(), &place.sealed)?;
    let body = serde_json::to_vec(new.command)?;
    let stored = sqlx::query!(
        "insert into commands (id, conversation_id, chat_id, kind, user_id, actor, idempotency_key, body, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
        new.id.0,
        place.conversation_id,
        new.chat.0,
        new.command.kind(),
        new.actor.user_id.map(|id| id.0),
        serde_json::to_value(new.actor)?,
        new.idempotency_key,
        key.seal(BODY, &body)?,
        new.at,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if stored == 0 {
        return known(tx, ring, new).await;
    }
    let outbox = sqlx::query_scalar!(
        r#"with asked as (
            insert into inputs (conversation_id, kind, key, at) values ($1, 'command', $2, $3)
        )
        insert into outbox (bell, target, at, due_at)
        values ('conversation', $1, $3, clock_timestamp() + interval '1 second') returning id"#,
        place.conversation_id,
        new.id.to_string(),
        new.at,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Requested::New { conversation: place.conversation_id.into(), outbox: vec![outbox] })
}

async fn known(tx: &mut Tx, ring: &Keyring, new: &NewCommand<'_>) -> Result<Requested> {
    let row = sqlx::query!(
        "select m.id, m.chat_id, m.kind, m.body, k.id as key_id, k.sealed from commands m
         join conversations c on c.id = m.conversation_id join content_keys k on k.id = c.key_id
         where m.id = $1 or (m.user_id = $2 and m.idempotency_key = $3) limit 1",
        new.id.0,
        new.actor.user_id.map(|id| id.0),
        new.idempotency_key,
    )
    .fetch_one(&mut **tx)
    .await?;
    let body = ring.content_key(row.key_id.into(), &row.sealed)?.open(BODY, &row.body)?;
    let before: Command = serde_json::from_slice(&body)?;
    let same = row.chat_id == Some(new.chat.0) && same(&before, new.command);
    Ok(Requested::Known { id: row.id.into(), same })
}

/// Whether two commands ask for the same; the id that a reply was given is not part of what was asked.
fn same(a: &Command, b: &Command) -> bool {
    match (a, b) {
        (Command::Reply { text: a, .. }, Command::Reply { text: b, .. }) => a == b,
        _ => a == b,
    }
}

/// A stored command.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: CommandId,
    /// To which chat.
    pub chat: Option<ChatId>,
    /// What.
    pub command: Command,
    /// Who asked.
    pub actor: Actor,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// What it came to; none while it is requested.
    pub answer: Option<Answer>,
}

/// Reads a command of the desk's conversation; none when it does not exist, or when its client was erased since and it
/// opens with no key any more.
///
/// # Errors
/// When Postgres is away, or it cannot be read.
pub async fn read(tx: &mut Tx, desk: &Desk, id: CommandId) -> Result<Option<Stored>> {
    let row = sqlx::query!(
        "select id, chat_id, body, actor, requested_at, result from commands where id = $1 and conversation_id = $2",
        id.0,
        desk.conversation.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Ok(body) = desk.key.open(BODY, &row.body) else { return Ok(None) };
    let wrong = |column| Error::inconsistent("commands", column, row.id);
    Ok(Some(Stored {
        id: row.id.into(),
        chat: row.chat_id.map(Into::into),
        command: serde_json::from_slice(&body).map_err(|_| wrong("body"))?,
        actor: serde_json::from_value(row.actor).map_err(|_| wrong("actor"))?,
        requested_at: row.requested_at,
        answer: row.result.map(serde_json::from_value).transpose().map_err(|_| wrong("result"))?,
    }))
}

/// What commands came to; those that are still requested are missing, and one that does not exist is refused, so that
/// nobody waits for it.
///
/// # Errors
/// When Postgres is away.
pub async fn answers(tx: &mut Tx, ids: &[CommandId]) -> Result<Vec<(CommandId, Answer)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select a.id as "id!", c.id as "known?", c.result
           from unnest($1::uuid[]) as a (id) left join commands c on c.id = a.id
           where c.id is null or c.result is not null"#,
        &ids
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let answer = match (row.known, row.result) {
                (Some(_), Some(result)) => serde_json::from_value(result),
                _ => Ok(Answer::refused(Refusal::NotFound)),
            };
            Ok((row.id.into(), answer.map_err(|_| Error::inconsistent("commands", "result", row.id))?))
        })
        .collect()
}

/// What one command came to, and who asked; for whoever asks again later.
///
/// # Errors
/// When Postgres is away.
pub async fn get(pool: &Pool, id: CommandId) -> Result<Option<(Option<UserId>, Option<Answer>)>> {
    let Some(row) =
        sqlx::query!("select user_id, result from commands where id = $1", id.0).fetch_optional(pool).await?
    else {
        return Ok(None);
    };
    let answer = row.result.map(serde_json::from_value).transpose();
    Ok(Some((row.user_id.map(Into::into), answer.map_err(|_| Error::inconsistent("commands", "result", id.0))?)))
}

/// A command, as whoever asked reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who asked.
    pub user: Option<UserId>,
    /// To which chat.
    pub chat: Option<ChatId>,
    /// Its word.
    pub kind: String,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
    /// What it came to; none while it is requested.
    pub answer: Option<Answer>,
}

/// One command, for whoever asks later what it came to.
///
/// # Errors
/// When Postgres is away.
pub async fn seen(pool: &Pool, id: CommandId) -> Result<Option<Seen>> {
    let row = sqlx::query!("select user_id, chat_id, kind, requested_at, result from commands where id = $1", id.0)
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let answer = row.result.map(serde_json::from_value).transpose();
    Ok(Some(Seen {
        user: row.user_id.map(Into::into),
        chat: row.chat_id.map(Into::into),
        kind: row.kind,
        requested_at: row.requested_at,
        answer: answer.map_err(|_| Error::inconsistent("commands", "result", id.0))?,
    }))
}
