//! Conversations: everything ever said between one number of ours and one client.

use hilo_domain::id::{ClientId, ConversationId, NumberId};

use crate::{Pool, Result, Tx};

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

/// Locks a conversation until the transaction ends.
///
/// # Errors
/// When it does not exist, or Postgres refuses.
pub async fn lock(tx: &mut Tx, id: ConversationId) -> Result<()> {
    sqlx::query!("select id from conversations where id = $1 for update", id.0).fetch_one(&mut **tx).await?;
    Ok(())
}
