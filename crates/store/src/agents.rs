//! Agents: their states as exact intervals, their load as it is counted, their sockets' heartbeats.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::agent::{AgentState, Candidate};
use hilo_domain::command::Actor;
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, CampaignId, ChatId, ConversationId, QueueId};
use uuid::Uuid;

use crate::{Error, Pool, Result, Tx};

/// An agent without a socket's heartbeat for so long is gone.
pub const GONE_AFTER: Duration = Duration::from_secs(45);

/// Lets a person serve a campaign.
///
/// # Errors
/// When Postgres refuses.
pub async fn join_campaign(tx: &mut Tx, campaign: CampaignId, agent: AgentId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "with there as (
            insert into agents (user_id, since) values ($2, $3) on conflict do nothing
         )
         insert into campaign_agents (campaign_id, user_id) values ($1, $2) on conflict do nothing",
        campaign.0,
        agent.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What an agent is ready for, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: AgentState,
    /// Why, when paused.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Sets an agent's state: closes the interval, opens the next, tells the screens, and lets the queues look when there
/// is somebody to give chats to. Setting the same state again changes nothing, except that "available" forgives lapses.
/// Returns the state with the rows to ring.
///
/// # Errors
/// When Postgres refuses.
pub async fn set_state(
    tx: &mut Tx,
    agent: AgentId,
    state: AgentState,
    reason: Option<&str>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(Standing, Vec<i64>)> {
    let before = sqlx::query!(
        "insert into agents (user_id, since) values ($1, $2)
         on conflict (user_id) do update set user_id = excluded.user_id
         returning state, reason, since, connected",
        agent.0,
        now
    )
    .fetch_one(&mut **tx)
    .await?;
    let same = before.state == state.as_str() && before.reason.as_deref() == reason;
    let since = if same { before.since } else { now };
    sqlx::query!(
        "update agents set state = $2, reason = $3, since = $4,
             available_at = case when $2 = 'available' then $5 else available_at end where user_id = $1",
        agent.0,
        state.as_str(),
        reason,
        since,
        now,
    )
    .execute(&mut **tx)
    .await?;
    let standing = Standing { state, reason: reason.map(str::to_owned), since };
    let mut rows = Vec::new();
    if !same {
        // Two statements: within one, the new interval could be checked before the old one is over.
        sqlx::query!("update agent_states set until = $2 where user_id = $1 and until is null", agent.0, now)
            .execute(&mut **tx)
            .await?;
        sqlx::query!(
            "insert into agent_states (id, user_id, state, reason, since, actor) values ($1, $2, $4, $5, $3, $6)",
            hilo_domain::id::uuid_at(now),
            agent.0,
            now,
            state.as_str(),
            reason,
            serde_json::to_value(actor)?,
        )
        .execute(&mut **tx)
        .await?;
        rows.push(
            sqlx::query_scalar!(
                "with happened as (
                    insert into events (id, kind, data, at)
                    values ($1, $2, jsonb_build_object('agentId', $3::uuid, 'state', $4::text), $5)
                 )
                 insert into outbox (event_id, at, due_at) values ($1, $5, clock_timestamp() + interval '1 second')
                 returning id",
                hilo_domain::id::uuid_at(now),
                EventKind::AgentStatusChanged.as_str(),
                agent.0,
                state.as_str(),
                now,
            )
            .fetch_one(&mut **tx)
            .await?,
        );
    }
    if state == AgentState::Available {
        rows.extend(kick_queues(tx, agent, now).await?);
    }
    Ok((standing, rows))
}

/// Lets the queues of an agent's campaigns look.
///
/// # Errors
/// When Postgres refuses.
pub async fn kick_queues(tx: &mut Tx, agent: AgentId, now: DateTime<Utc>) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "insert into outbox (bell, target, at, due_at)
         select 'queue', q.id, $2, clock_timestamp() + interval '1 second'
         from campaign_agents b join queues q on q.campaign_id = b.campaign_id where b.user_id = $1
         returning id",
        agent.0,
        now
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The queues that an agent serves.
///
/// # Errors
/// When Postgres is away.
pub async fn queues_of(tx: &mut Tx, agent: AgentId) -> Result<Vec<QueueId>> {
    let rows = sqlx::query_scalar!(
        "select q.id from campaign_agents b join queues q on q.campaign_id = b.campaign_id
         where b.user_id = $1 order by q.id",
        agent.0
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// What an agent is ready for.
///
/// # Errors
/// When Postgres is away.
pub async fn standing(pool: &Pool, agent: AgentId) -> Result<Option<Standing>> {
    let row = sqlx::query!("select state, reason, since from agents where user_id = $1", agent.0)
        .fetch_optional(pool)
        .await?;
    row.map(|row| {
        Ok(Standing {
            state: AgentState::from_name(&row.state).ok_or(Error::inconsistent("agents", "state", agent.0))?,
            reason: row.reason,
            since: row.since,
        })
    })
    .transpose()
}

/// Everybody who might get this chat of this campaign, with their rows locked: their load is counted under the lock,
/// so nobody gets more than they may carry.
///
/// # Errors
/// When Postgres refuses.
pub async fn candidates(tx: &mut Tx, campaign: CampaignId, chat: ChatId, capacity: i64) -> Result<Vec<Candidate>> {
    let ids = sqlx::query_scalar!(
        "select a.user_id from agents a join campaign_agents b on b.user_id = a.user_id
         where b.campaign_id = $1 order by a.user_id for update of a",
        campaign.0
    )
    .fetch_all(&mut **tx)
    .await?;
    count(tx, &ids, chat, capacity).await
}

/// One agent as a candidate, with their row locked; `None` for somebody who is no agent.
///
/// # Errors
/// When Postgres refuses.
pub async fn candidate(tx: &mut Tx, agent: AgentId, chat: ChatId, capacity: i64) -> Result<Option<Candidate>> {
    let ids = sqlx::query_scalar!("select user_id from agents where user_id = $1 for update", agent.0)
        .fetch_all(&mut **tx)
        .await?;
    Ok(count(tx, &ids, chat, capacity).await?.pop())
}

async fn count(tx: &mut Tx, ids: &[Uuid], chat: ChatId, capacity: i64) -> Result<Vec<Candidate>> {
    // A statement of its own: it sees what was written before the locks were had.
    let rows = sqlx::query!(
        r#"select a.user_id, a.state, a.last_assigned_at,
                  (select count(*) from chats h where h.agent_id = a.user_id and h.status in ('assigned', 'active'))
                      as "load!",
                  exists (select 1 from assignments s where s.chat_id = $2 and s.agent_id = a.user_id
                          and s.state = 'expired' and s.ended_at >= coalesce(a.available_at, '-infinity')) as "lapsed!"
           from agents a where a.user_id = any($1) order by a.user_id"#,
        ids,
        chat.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Candidate {
                agent: row.user_id.into(),
                state: AgentState::from_name(&row.state).ok_or(Error::inconsistent("agents", "state", row.user_id))?,
                load: row.load,
                capacity,
                last_assigned_at: row.last_assigned_at,
                lapsed: row.lapsed,
            })
        })
        .collect()
}

/// How many agents of a campaign are available.
///
/// # Errors
/// When Postgres is away.
pub async fn available(tx: &mut Tx, campaign: CampaignId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from agents a join campaign_agents b on b.user_id = a.user_id
           where b.campaign_id = $1 and a.state = 'available'"#,
        campaign.0
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// A chat that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub chat: ChatId,
    /// Of which conversation.
    pub conversation: ConversationId,
}

/// The chats that wait in a queue, in the order in which they are given out; held ones wait aside.
///
/// # Errors
/// When Postgres is away.
pub async fn waiting(pool: &Pool, queue: QueueId, limit: i64) -> Result<Vec<Waiting>> {
    let rows = sqlx::query!(
        "select id, conversation_id from chats where queue_id = $1 and status = 'queued' and not held
         order by priority desc, at_head desc, waiting_since, id limit $2",
        queue.0,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|r| Waiting { chat: r.id.into(), conversation: r.conversation_id.into() }).collect())
}

/// Every queue of a campaign that takes chats: workers start their workflows.
///
/// # Errors
/// When Postgres is away.
pub async fn active_queues(pool: &Pool) -> Result<Vec<QueueId>> {
    let rows = sqlx::query_scalar!(
        "select q.id from queues q join campaigns a on a.id = q.campaign_id where a.status = 'active' order by q.id limit 10000"
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A queue by its key or its id, with its campaign.
///
/// # Errors
/// When Postgres is away.
pub async fn queue(tx: &mut Tx, key_or_id: &str) -> Result<Option<(QueueId, CampaignId)>> {
    let row = sqlx::query!("select id, campaign_id from queues where key = $1 or id::text = $1", key_or_id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(|row| (row.id.into(), row.campaign_id.into())))
}

/// Whether a close reason exists.
///
/// # Errors
/// When Postgres is away.
pub async fn is_close_reason(tx: &mut Tx, key: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select 1 from close_reasons where key = $1) as "is!""#, key)
        .fetch_one(&mut **tx)
        .await?)
}

/// Records a socket's heartbeat, and that its gateway lives; returns the rows to ring when it is the agent's first.
///
/// # Errors
/// When Postgres is away.
pub async fn beat(tx: &mut Tx, agent: AgentId, socket: Uuid, gateway: Uuid, now: DateTime<Utc>) -> Result<Vec<i64>> {
    sqlx::query!(
        "with lives as (
            insert into gateways (id) values ($3) on conflict (id) do update set at = clock_timestamp()
         )
         insert into heartbeats (user_id, socket_id, gateway_id) values ($1, $2, $3)
         on conflict (user_id, socket_id) do update set at = clock_timestamp(), gateway_id = excluded.gateway_id",
        agent.0,
        socket,
        gateway,
    )
    .execute(&mut **tx)
    .await?;
    let first = sqlx::query!(
        "update agents set connected = true where user_id = $1 and not connected returning user_id",
        agent.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    if first.is_none() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar!(
        "insert into outbox (bell, target, at, due_at)
         values ('agent', $1, $2, clock_timestamp() + interval '1 second') returning id",
        agent.0,
        now
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Makes sure that somebody can have chats: whoever takes one is an agent from then on, offline until they say more.
///
/// # Errors
/// When Postgres refuses.
pub async fn ensure(tx: &mut Tx, agent: AgentId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("insert into agents (user_id, since) values ($1, $2) on conflict do nothing", agent.0, now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Records the heartbeats of a gateway's sockets, and that it lives; returns the rows to ring for agents whose first
/// they are. What has not beaten for five minutes is forgotten.
///
/// # Errors
/// When Postgres is away.
pub async fn beat_all(tx: &mut Tx, gateway: Uuid, sockets: &[(AgentId, Uuid)], now: DateTime<Utc>) -> Result<Vec<i64>> {
    let (agents, ids): (Vec<Uuid>, Vec<Uuid>) = sockets.iter().map(|(agent, socket)| (agent.0, *socket)).unzip();
    sqlx::query!(
        "with lives as (
            insert into gateways (id) values ($3) on conflict (id) do update set at = clock_timestamp()
         ), old as (
            delete from heartbeats where at < clock_timestamp() - interval '5 minutes'
         )
         insert into heartbeats (user_id, socket_id, gateway_id)
         select user_id, socket_id, $3 from unnest($1::uuid[], $2::uuid[]) as b (user_id, socket_id)
         order by user_id, socket_id
         on conflict (user_id, socket_id) do update set at = clock_timestamp(), gateway_id = excluded.gateway_id",
        &agents,
        &ids,
        gateway,
    )
    .execute(&mut **tx)
    .await?;
    Ok(sqlx::query_scalar!(
        "with first as (
            update agents a set connected = true where a.user_id in (
                select user_id from agents where user_id = any($1) and not connected order by user_id for update)
            returning user_id
         )
         insert into outbox (bell, target, at, due_at)
         select 'agent', user_id, $2, clock_timestamp() + interval '1 second' from first returning id",
        &agents,
        now,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The agents of a campaign to whom a chat may be handed over, by name: who, their name, state, load; 500 at most.
///
/// # Errors
/// When Postgres is away, or a state cannot be read.
pub async fn of_campaign(pool: &Pool, campaign: CampaignId) -> Result<Vec<(AgentId, String, AgentState, i64)>> {
    let rows = sqlx::query!(
        r#"select u.id, u.name, a.state,
                  (select count(*) from chats h where h.agent_id = u.id and h.status in ('assigned', 'active')) as "load!"
           from campaign_agents b join users u on u.id = b.user_id join agents a on a.user_id = u.id
           where b.campaign_id = $1 order by u.name, u.id limit 500"#,
        campaign.0
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = AgentState::from_name(&row.state).ok_or(Error::inconsistent("agents", "state", row.id))?;
            Ok((row.id.into(), row.name, state, row.load))
        })
        .collect()
}

/// The campaigns that these people serve, as pairs.
///
/// # Errors
/// When Postgres is away.
pub async fn campaigns_of(pool: &Pool, users: &[Uuid]) -> Result<Vec<(AgentId, CampaignId)>> {
    let rows = sqlx::query!("select user_id, campaign_id from campaign_agents where user_id = any($1)", users)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| (row.user_id.into(), row.campaign_id.into())).collect())
}

/// Whether somebody is an agent.
///
/// # Errors
/// When Postgres is away.
pub async fn exists(pool: &Pool, agent: AgentId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select 1 from agents where user_id = $1) as "is!""#, agent.0)
        .fetch_one(pool)
        .await?)
}

/// A socket has gone properly.
///
/// # Errors
/// When Postgres is away.
pub async fn hang_up(tx: &mut Tx, agent: AgentId, socket: Uuid) -> Result<()> {
    sqlx::query!("delete from heartbeats where user_id = $1 and socket_id = $2", agent.0, socket)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether an agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No socket ever stood behind the state: it holds.
    Unwatched,
    /// A socket lives.
    Here,
    /// No gateway lives that could have heard one: nothing is known.
    Unknown,
    /// The last socket has died.
    Gone,
}

/// Whether an agent who had a socket still has one; their row is locked.
///
/// # Errors
/// When Postgres is away.
pub async fn presence(tx: &mut Tx, agent: AgentId) -> Result<Presence> {
    let Some(connected) = sqlx::query_scalar!("select connected from agents where user_id = $1 for update", agent.0)
        .fetch_optional(&mut **tx)
        .await?
    else {
        return Ok(Presence::Unwatched);
    };
    if !connected {
        return Ok(Presence::Unwatched);
    }
    let row = sqlx::query!(
        r#"select exists (select 1 from heartbeats where user_id = $1
                          and at > clock_timestamp() - make_interval(secs => $2)) as "here!",
                  exists (select 1 from gateways where at > clock_timestamp() - make_interval(secs => $2)) as "heard!""#,
        agent.0,
        GONE_AFTER.as_secs_f64(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(match (row.here, row.heard) {
        (true, _) => Presence::Here,
        (false, true) => Presence::Gone,
        (false, false) => Presence::Unknown,
    })
}

/// Nobody is watched any more: the sockets are gone.
///
/// # Errors
/// When Postgres is away.
pub async fn forget_sockets(tx: &mut Tx, agent: AgentId) -> Result<()> {
    sqlx::query!(
        "with gone as (delete from heartbeats where user_id = $1)
         update agents set connected = false where user_id = $1",
        agent.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The chats that an agent has and has not answered, each with its conversation.
///
/// # Errors
/// When Postgres is away.
pub async fn unanswered(pool: &Pool, agent: AgentId) -> Result<Vec<Waiting>> {
    let rows = sqlx::query!(
        "select id, conversation_id from chats where agent_id = $1 and status = 'assigned' order by id limit 1000",
        agent.0
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|r| Waiting { chat: r.id.into(), conversation: r.conversation_id.into() }).collect())
}
