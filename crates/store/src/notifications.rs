//! What people are told, and what of it they have read.

use chrono::{DateTime, Utc};
use hilo_domain::id::UserId;
use hilo_domain::viewer::Viewer;
use serde_json::Value;
use uuid::Uuid;

use crate::{Pool, Result, inbox};

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: Uuid,
    /// A stable word.
    pub kind: String,
    /// About which chat.
    pub chat: Option<Uuid>,
    /// To whom; none is to every supervisor of the chat.
    pub user: Option<Uuid>,
    /// More about it.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
    /// When the reader read it.
    pub read_at: Option<DateTime<Utc>>,
}

/// What a person was told, newest first, before one of this time and id; `limit` at most. `over` is whose chats they
/// look after: what is for everybody's supervisors is shown to those who see the chat.
///
/// # Errors
/// When Postgres is away.
pub async fn list(
    pool: &Pool,
    user: UserId,
    over: Option<&Viewer>,
    before: Option<&(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Notice>> {
    Ok(sqlx::query_as!(
        Notice,
        r#"select n.id, n.kind, n.chat_id as chat, n.user_id as user, n.data, n.at, r.at as "read_at?"
           from notifications n
           left join notification_reads r on r.notification_id = n.id and r.user_id = $1
           left join chats h on h.id = n.chat_id
           where (n.user_id = $1 or (n.user_id is null and ($2 = 'all' or ($2 = 'team' and h.campaign_id = any($3)))))
             and ($4::timestamptz is null or (n.at, n.id) < ($4, $5::uuid))
           order by n.at desc, n.id desc limit $6"#,
        user.0,
        over.map_or("none", |viewer| inbox::scope(viewer.scope)),
        &over.map(inbox::campaigns).unwrap_or_default(),
        before.map(|(at, _)| *at),
        before.map(|(_, id)| *id),
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// What was told about these chats at these times.
///
/// # Errors
/// When Postgres is away.
pub async fn of_chats(pool: &Pool, chats: &[Uuid], at: &[DateTime<Utc>]) -> Result<Vec<Notice>> {
    Ok(sqlx::query_as!(
        Notice,
        r#"select n.id, n.kind, n.chat_id as chat, n.user_id as user, n.data, n.at,
                  null::timestamptz as "read_at?"
           from notifications n join unnest($1::uuid[], $2::timestamptz[]) as w (chat_id, at)
                on n.chat_id = w.chat_id and n.at = w.at
           order by n.at, n.id limit 1000"#,
        chats,
        at,
    )
    .fetch_all(pool)
    .await?)
}

/// Marks one as read by somebody; false when it is not for them.
///
/// # Errors
/// When Postgres refuses.
pub async fn read(pool: &Pool, id: Uuid, user: UserId, over: Option<&Viewer>, now: DateTime<Utc>) -> Result<bool> {
    Ok(mark(pool, Some(id), user, over, now).await? > 0)
}

/// Marks everything as read by somebody.
///
/// # Errors
/// When Postgres refuses.
pub async fn read_all(pool: &Pool, user: UserId, over: Option<&Viewer>, now: DateTime<Utc>) -> Result<()> {
    mark(pool, None, user, over, now).await.map(drop)
}

async fn mark(pool: &Pool, only: Option<Uuid>, user: UserId, over: Option<&Viewer>, now: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"with mine as (
            select n.id from notifications n left join chats h on h.id = n.chat_id
            where (n.user_id = $1 or (n.user_id is null and ($2 = 'all' or ($2 = 'team' and h.campaign_id = any($3)))))
              and ($4::uuid is null or n.id = $4)
            order by n.at desc limit 10000
        ), marked as (
            insert into notification_reads (notification_id, user_id, at) select id, $1, $5 from mine
            on conflict do nothing
        ) select count(*) as "n!" from mine"#,
        user.0,
        over.map_or("none", |viewer| inbox::scope(viewer.scope)),
        &over.map(inbox::campaigns).unwrap_or_default(),
        only,
        now,
    )
    .fetch_one(pool)
    .await?)
}
