//! Campaigns, their queues and numbers, and the reasons for closing a chat.

use chrono::{DateTime, Utc};
use hilo_domain::id::{CampaignId, NumberId, QueueId};

use hilo_domain::viewer::Viewer;
use uuid::Uuid;

use crate::{Pool, Result, Tx, inbox};

/// A campaign to make.
#[derive(Debug)]
pub struct NewCampaign<'a> {
    /// Its key, unique in the installation.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The key of the flow that greets.
    pub flow_key: &'a str,
    /// Within how many seconds an agent's first reply is promised.
    pub first_reply_seconds: i32,
    /// After how many silent seconds a chat is closed.
    pub idle_seconds: i32,
    /// How many chats an agent carries at once.
    pub capacity: i32,
}

/// Makes a campaign, unless its key is taken; nothing of a known one is changed.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_if_absent(tx: &mut Tx, campaign: &NewCampaign<'_>, now: DateTime<Utc>) -> Result<CampaignId> {
    sqlx::query!(
        "insert into campaigns (id, key, name, flow_key, first_reply_seconds, idle_seconds, capacity,
                                created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (key) do nothing",
        CampaignId::new(now).0,
        campaign.key,
        campaign.name,
        campaign.flow_key,
        campaign.first_reply_seconds,
        campaign.idle_seconds,
        campaign.capacity,
        now,
    )
    .execute(&mut **tx)
    .await?;
    let id = sqlx::query_scalar!("select id from campaigns where key = $1", campaign.key).fetch_one(&mut **tx).await?;
    Ok(id.into())
}

/// Gives a number to a campaign; a number has one campaign.
///
/// # Errors
/// When Postgres refuses.
pub async fn give_number(tx: &mut Tx, campaign: CampaignId, number: NumberId) -> Result<()> {
    sqlx::query!(
        "insert into campaign_numbers (campaign_id, number_id) values ($1, $2)
         on conflict (number_id) do update set campaign_id = excluded.campaign_id",
        campaign.0,
        number.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a queue, unless its key is taken.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_queue_if_absent(
    tx: &mut Tx,
    campaign: CampaignId,
    key: &str,
    name: &str,
    is_default: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into queues (id, key, name, campaign_id, is_default, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (key) do nothing",
        QueueId::new(now).0,
        key,
        name,
        campaign.0,
        is_default,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a reason for closing a chat, unless its key is taken.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_close_reason_if_absent(tx: &mut Tx, key: &str, name: &str, position: i32) -> Result<()> {
    sqlx::query!(
        "insert into close_reasons (key, name, position) values ($1, $2, $3) on conflict (key) do nothing",
        key,
        name,
        position,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets a person look after a campaign.
///
/// # Errors
/// When Postgres refuses.
pub async fn supervise(tx: &mut Tx, campaign: CampaignId, user: hilo_domain::id::UserId) -> Result<()> {
    sqlx::query!(
        "insert into campaign_supervisors (campaign_id, user_id) values ($1, $2) on conflict do nothing",
        campaign.0,
        user.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a reason for a pause, unless its key is taken.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_pause_reason_if_absent(tx: &mut Tx, key: &str, name: &str, position: i32) -> Result<()> {
    sqlx::query!(
        "insert into pause_reasons (key, name, position) values ($1, $2, $3) on conflict (key) do nothing",
        key,
        name,
        position,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A campaign, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `active`, `paused`, `finished`.
    pub status: String,
    /// Within how many seconds an agent's first reply is promised.
    pub first_reply_seconds: i32,
    /// After how many silent seconds a chat is closed.
    pub idle_seconds: i32,
    /// How many chats an agent carries at once.
    pub capacity: i32,
}

/// The campaigns that a viewer sees, by name, after one with this name and id; `limit` at most. With `only`, the one
/// with this id or key alone.
///
/// # Errors
/// When Postgres is away.
pub async fn list(
    pool: &Pool,
    viewer: &Viewer,
    only: Option<&str>,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Campaign>> {
    Ok(sqlx::query_as!(
        Campaign,
        "select id, key, name, status, first_reply_seconds, idle_seconds, capacity from campaigns
         where ($1 = 'all' or id = any($2)) and ($3::text is null or key = $3 or id::text = $3)
           and ($4::text is null or (name, id) > ($4, $5::uuid))
         order by name, id limit $6",
        inbox::scope(viewer.scope),
        &inbox::campaigns(viewer),
        only,
        after.map(|(name, _)| name),
        after.map(|(_, id)| *id),
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// What to change of a campaign; what is none stays.
#[derive(Debug, Default, Clone, Copy)]
pub struct Change<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// Seconds.
    pub first_reply_seconds: Option<i32>,
    /// Seconds.
    pub idle_seconds: Option<i32>,
    /// Chats.
    pub capacity: Option<i32>,
}

/// Changes a campaign, and lets its queues look: there may be more room. Returns it as it stands now and the rows to
/// ring.
///
/// # Errors
/// When Postgres refuses, or there is no such campaign.
pub async fn change(
    tx: &mut Tx,
    id: CampaignId,
    change: &Change<'_>,
    now: DateTime<Utc>,
) -> Result<(Campaign, Vec<i64>)> {
    let campaign = sqlx::query_as!(
        Campaign,
        "update campaigns set name = coalesce($2, name), first_reply_seconds = coalesce($3, first_reply_seconds),
             idle_seconds = coalesce($4, idle_seconds), capacity = coalesce($5, capacity), updated_at = $6
         where id = $1 returning id, key, name, status, first_reply_seconds, idle_seconds, capacity",
        id.0,
        change.name,
        change.first_reply_seconds,
        change.idle_seconds,
        change.capacity,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    let rows = sqlx::query_scalar!(
        "insert into outbox (bell, target, at, due_at)
         select 'queue', id, $2, clock_timestamp() + interval '1 second' from queues where campaign_id = $1 returning id",
        id.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok((campaign, rows))
}

/// A queue, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Whether chats go here when nobody says where.
    pub is_default: bool,
    /// How many chats wait in it.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub oldest_since: Option<DateTime<Utc>>,
    /// How many agents of its campaign are available.
    pub available: i64,
}

/// The queues of a viewer's campaigns, or all for whoever sees everything, by name, after one with this name and id;
/// `limit` at most. With `only`, the one with this id or key alone.
///
/// # Errors
/// When Postgres is away.
pub async fn queues(
    pool: &Pool,
    viewer: &Viewer,
    only: Option<&str>,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Queue>> {
    Ok(sqlx::query_as!(
        Queue,
        r#"select q.id, q.key, q.name, q.campaign_id as campaign, q.is_default,
                  (select count(*) from chats h where h.queue_id = q.id and h.status = 'queued') as "waiting!",
                  (select min(h.waiting_since) from chats h where h.queue_id = q.id and h.status = 'queued') as oldest_since,
                  (select count(*) from campaign_agents b join agents a on a.user_id = b.user_id
                   where b.campaign_id = q.campaign_id and a.state = 'available') as "available!"
           from queues q
           where ($1 = 'all' or q.campaign_id = any($2)) and ($3::text is null or q.key = $3 or q.id::text = $3)
             and ($4::text is null or (q.name, q.id) > ($4, $5::uuid))
           order by q.name, q.id limit $6"#,
        inbox::scope(viewer.scope),
        &inbox::campaigns(viewer),
        only,
        after.map(|(name, _)| name),
        after.map(|(_, id)| *id),
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// How many chats wait in these queues, and since when: queue, campaign, count, oldest.
///
/// # Errors
/// When Postgres is away.
pub async fn waiting(
    pool: &Pool,
    queues: &[QueueId],
) -> Result<Vec<(QueueId, CampaignId, i64, Option<DateTime<Utc>>)>> {
    let ids: Vec<Uuid> = queues.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select q.id, q.campaign_id, count(h.id) as "n!", min(h.waiting_since) as oldest
           from queues q left join chats h on h.queue_id = q.id and h.status = 'queued'
           where q.id = any($1) group by q.id"#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.campaign_id.into(), row.n, row.oldest)).collect())
}

/// A list to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// Why a chat was closed.
    Close,
    /// Why an agent pauses.
    Pause,
}

/// The reasons of a list, in their order, after one with this position and key; `limit` at most: position, key, name.
///
/// # Errors
/// When Postgres is away.
pub async fn reasons(
    pool: &Pool,
    of: Reasons,
    after: Option<&(i32, String)>,
    limit: i64,
) -> Result<Vec<(i32, String, String)>> {
    let rows = sqlx::query!(
        r#"select position as "position!", key as "key!", name as "name!" from (
               select position, key, name from close_reasons where $1
               union all select position, key, name from pause_reasons where not $1
           ) r where $2::int is null or (position, key) > ($2, $3) order by position, key limit $4"#,
        of == Reasons::Close,
        after.map(|(position, _)| *position),
        after.map(|(_, key)| key),
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.position, row.key, row.name)).collect())
}

/// Whether a reason for a pause exists.
///
/// # Errors
/// When Postgres is away.
pub async fn is_pause_reason(pool: &Pool, key: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select 1 from pause_reasons where key = $1) as "is!""#, key)
        .fetch_one(pool)
        .await?)
}

/// The names of these queues.
///
/// # Errors
/// When Postgres is away.
pub async fn queue_names(pool: &Pool, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!("select id, name from queues where id = any($1)", ids).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
