//! What a conversation's workflow still has to look at, and the second look at it.
//!
//! Accepted by Temporal is not handled (`turns.md` 24): whatever has been open for too long is rung again, by one
//! relay of however many.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::id::ConversationId;

use crate::outbox::interval;
use crate::{Result, Tx};

/// The conversations that have had something open since before `before`, unless a bell is on its way or a second look
/// rang them less than `again_after` ago; those first that were rung the longest ago, `limit` at most. It may take half
/// a minute, as may the rest of its transaction: when much is forgotten, it must be found all the same.
///
/// # Errors
/// When Postgres is away.
pub async fn forgotten(
    tx: &mut Tx,
    before: DateTime<Utc>,
    again_after: Duration,
    limit: i64,
) -> Result<Vec<ConversationId>> {
    sqlx::query!("set local statement_timeout = '30s'").execute(&mut **tx).await?;
    // Whatever else a workflow may leave open joins `waiting` with a `union`, each with its own age and excuses.
    let rows = sqlx::query_scalar!(
        r#"with waiting as (
            select conversation_id from inputs where consumed_at is null and at < $1
            union
            select s.conversation_id from sends s join messages m on m.id = s.message_id
            where s.state in ('prepared', 'attempted') and m.at < $1
              and (s.not_before is null or s.not_before < clock_timestamp() - $2::interval)
              and (s.lease_until is null or s.lease_until < clock_timestamp())
        )
        select c.id from conversations c
        where c.id in (select conversation_id from waiting)
          and (c.rung_at is null or c.rung_at <= clock_timestamp() - $2::interval)
          and not exists (select 1 from outbox o where o.target = c.id and o.bell = 'conversation')
        order by c.rung_at nulls first, c.id limit $3"#,
        before,
        interval(again_after) as _,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes a bell for each of these conversations, unless one is on its way by now, another second look was faster, or
/// somebody is at work on it; returns for which.
///
/// `SKIP LOCKED` and the comparison of `rung_at`, which is made again once the row is locked, give each conversation to
/// one of several relays that look at once.
///
/// # Errors
/// When Postgres refuses.
pub async fn ring_forgotten(
    tx: &mut Tx,
    conversations: &[ConversationId],
    again_after: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<ConversationId>> {
    let ids: Vec<_> = conversations.iter().map(|id| id.0).collect();
    let rows = sqlx::query_scalar!(
        r#"with mine as (
            select c.id from conversations c
            where c.id = any($1)
              and (c.rung_at is null or c.rung_at <= clock_timestamp() - $2::interval)
              and not exists (select 1 from outbox o where o.target = c.id and o.bell = 'conversation')
            order by c.id for update of c skip locked
        ), looked as (
            update conversations c set rung_at = clock_timestamp() from mine where c.id = mine.id
        ), rung as (
            insert into outbox (bell, target, at)
            select 'conversation', id, $3 from mine order by array_position($1, id)
        )
        select id from mine"#,
        &ids,
        interval(again_after) as _,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
