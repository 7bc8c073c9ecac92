//! What a conversation's workflow still has to look at.

use chrono::{DateTime, Utc};
use hilo_domain::id::ConversationId;

use crate::{Result, Tx};

/// Writes a bell for each conversation that has had an open input since before `before`, unless one is on its way;
/// `limit` at most. Accepted by Temporal is not handled: this is the second look (`turns.md` 24).
///
/// Relays of several processes may look at once; `SKIP LOCKED` gives each conversation to one of them.
///
/// # Errors
/// When Postgres refuses.
pub async fn ring_forgotten(
    tx: &mut Tx,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ConversationId>> {
    let rows = sqlx::query_scalar!(
        r#"with forgotten as (
            select c.id from conversations c
            where exists (select 1 from inputs i where i.conversation_id = c.id and i.consumed_at is null and i.at < $1)
              and not exists (select 1 from outbox o where o.bell = 'conversation' and o.target = c.id)
            order by c.id limit $3
            for update of c skip locked
        ), rung as (
            insert into outbox (bell, target, at) select 'conversation', id, $2 from forgotten
        )
        select id from forgotten"#,
        before,
        now,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
