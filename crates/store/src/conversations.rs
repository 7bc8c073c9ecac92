//! Conversations: everything ever said between one number of ours and one client.

use std::collections::HashSet;
use std::time::Duration;

use hilo_domain::id::{ClientId, ConversationId, NumberId};
use uuid::Uuid;

use crate::{Pool, Result, Tx};

/// How a transaction meets conversations that others have locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locks {
    /// It waits for them.
    Wait,
    /// It leaves them alone.
    Skip,
}

/// A conversation's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Our side.
    pub number: NumberId,
    /// Their side.
    pub client: ClientId,
    /// The verbatim address that wrote last; answers go there.
    pub address: Option<String>,
    /// How many events it has had.
    pub last_seq: i64,
}

/// The conversations of the client who has `phone` (folded), oldest first; 100 at most.
///
/// # Errors
/// When Postgres is away.
pub async fn of_phone(pool: &Pool, phone: &str) -> Result<Vec<Conversation>> {
    let rows = sqlx::query!(
        "select c.id, c.number_id, c.client_id, c.address, c.last_seq from client_identifiers i
         join conversations c on c.client_id = i.client_id
         where i.scope = '' and i.kind = 'phone' and i.value = $1 order by c.id limit 100",
        phone,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Conversation {
            id: row.id.into(),
            number: row.number_id.into(),
            client: row.client_id.into(),
            address: row.address,
            last_seq: row.last_seq,
        })
        .collect())
}

/// The conversations with an open chat or with something that waits, by their ids, from after `after` on.
///
/// # Errors
/// When Postgres is away.
pub async fn unfinished(pool: &Pool, after: Option<ConversationId>, limit: i64) -> Result<Vec<ConversationId>> {
    let rows = sqlx::query_scalar!(
        r#"select id as "id!" from (
            select id from conversations where open_chat_id is not null
            union
            select conversation_id from inputs where consumed_at is null
            union
            select conversation_id from commands where state = 'requested'
            union
            select conversation_id from sends
            where state in ('prepared', 'attempted') or (state = 'uncertain' and not passed)
        ) open where $1::uuid is null or id > $1 order by id limit $2"#,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Locks a conversation until the transaction ends.
///
/// # Errors
/// When it does not exist, or Postgres refuses.
pub async fn lock(tx: &mut Tx, id: ConversationId) -> Result<()> {
    sqlx::query!("select id from conversations where id = $1 for update", id.0).fetch_one(&mut **tx).await?;
    Ok(())
}

/// Locks these conversations, in order of their ids; returns those that are ours now.
pub(crate) async fn lock_all(tx: &mut Tx, ids: &[Uuid], locks: Locks) -> Result<HashSet<Uuid>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let locked = match locks {
        Locks::Wait => {
            sqlx::query_scalar!("select id from conversations where id = any($1) order by id for update", ids)
                .fetch_all(&mut **tx)
                .await?
        }
        Locks::Skip => {
            sqlx::query_scalar!(
                "select id from conversations where id = any($1) order by id for update skip locked",
                ids
            )
            .fetch_all(&mut **tx)
            .await?
        }
    };
    Ok(locked.into_iter().collect())
}

/// Whether what comes in could be written: every table that it needs can be had within `patience`, and Postgres takes
/// writes. Writes nothing.
///
/// # Errors
/// When Postgres is away, read-only, or keeps one of the tables locked.
pub async fn writable(pool: &Pool, patience: Duration) -> Result<()> {
    let mut tx = crate::begin(pool).await?;
    let limit = format!("{}ms", patience.as_millis());
    let read_only = sqlx::query!(
        r#"select current_setting('transaction_read_only') as "is!", set_config('lock_timeout', $1, true) as "limit""#,
        limit,
    )
    .fetch_one(&mut *tx)
    .await?
    .is;
    if read_only == "on" {
        return Err(crate::Error::ReadOnly);
    }
    // The lock that an insert takes: a table that somebody keeps for themselves is noticed, nobody else is disturbed.
    sqlx::query!(
        "lock table numbers, clients, client_identifiers, inbound_keys, conversations, messages, events, inputs, outbox,
                    receipts
         in row exclusive mode"
    )
    .execute(&mut *tx)
    .await?;
    tx.rollback().await?;
    Ok(())
}
