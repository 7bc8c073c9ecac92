//! Chats as people see them: lists through a [`Viewer`], and everything that a screen shows of one.

use chrono::{DateTime, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::id::{AgentId, CampaignId, ChatId, ClientId, ConversationId, NumberId, QueueId, UserId};
use hilo_domain::permission::Scope;
use hilo_domain::viewer::{Place, Viewer};
use uuid::Uuid;

use crate::messages::{self, Shown};
use crate::seal::Keyring;
use crate::{Error, Pool, Result};

/// More unread messages than this are not counted.
pub const UNREAD: i64 = 100;

/// Whose chats a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Agent {
    /// Everybody's.
    #[default]
    Any,
    /// Nobody's.
    Nobody,
    /// One agent's.
    This(AgentId),
}

/// What a list of chats shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In these states; none is in all.
    pub statuses: Option<Vec<ChatStatus>>,
    /// Whose.
    pub agent: Agent,
    /// In this queue, or given out from it.
    pub queue: Option<QueueId>,
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// With this client.
    pub client: Option<ClientId>,
    /// With the client who has this phone, folded.
    pub phone: Option<String>,
    /// With clients whose name or phone contains this.
    pub words: Option<String>,
    /// After this one: when somebody last did something in it, and its id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

/// What a scope is called in the queries of this crate.
pub(crate) const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Own => "own",
        Scope::Team => "team",
        Scope::All => "all",
    }
}

pub(crate) fn campaigns(viewer: &Viewer) -> Vec<Uuid> {
    viewer.campaigns.iter().map(|id| id.0).collect()
}

/// A pattern that finds `words` wherever they stand.
fn containing(words: &str) -> String {
    let escaped = words.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// The chats of a list, last activity first; `limit` at most.
///
/// # Errors
/// When Postgres is away.
pub async fn list(pool: &Pool, viewer: &Viewer, filter: &Filter, limit: i64) -> Result<Vec<ChatId>> {
    let statuses: Option<Vec<String>> =
        filter.statuses.as_ref().map(|all| all.iter().map(|status| status.as_str().to_owned()).collect());
    let (nobody, agent) = match filter.agent {
        Agent::Any => (false, None),
        Agent::Nobody => (true, None),
        Agent::This(agent) => (false, Some(agent.0)),
    };
    let digits = filter.words.as_deref().map(|words| words.chars().filter(char::is_ascii_digit).collect::<String>());
    let ids = sqlx::query_scalar!(
        "select h.id from chats h join conversations c on c.id = h.conversation_id
         where ($1 = 'all' or h.agent_id = $2
                or ($1 = 'team' and h.campaign_id = any($3))
                or ($1 = 'own' and h.status = 'queued' and h.campaign_id = any($3)))
           and ($4::text[] is null or h.status = any($4))
           and ($5::uuid is null or h.agent_id = $5) and (not $6 or h.agent_id is null)
           and ($7::uuid is null or h.queue_id = $7)
           and ($8::uuid is null or h.campaign_id = $8)
           and ($9::uuid is null or c.client_id = $9)
           and ($10::text is null or exists (select 1 from client_identifiers i where i.client_id = c.client_id
                                             and i.kind = 'phone' and i.value = $10))
           and ($11::text is null or exists (select 1 from clients l where l.id = c.client_id and lower(l.name) like $11)
                or ($12::text is not null and exists (select 1 from client_identifiers i where i.client_id = c.client_id
                                                      and i.kind = 'phone' and i.value like $12)))
           and ($13::timestamptz is null or (h.activity_at, h.id) < ($13, $14::uuid))
         order by h.activity_at desc, h.id desc limit $15",
        scope(viewer.scope),
        viewer.user.0,
        &campaigns(viewer),
        statuses.as_deref(),
        agent,
        nobody,
        filter.queue.map(|id| id.0),
        filter.campaign.map(|id| id.0),
        filter.client.map(|id| id.0),
        filter.phone,
        filter.words.as_deref().map(containing),
        digits.filter(|digits| digits.len() >= 3).map(|digits| format!("%{digits}%")),
        filter.after.map(|(at, _)| at),
        filter.after.map(|(_, id)| id),
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// The chats that wait in a queue, in the order in which they are given out, after the first `skip`.
///
/// # Errors
/// When Postgres is away.
pub async fn waiting(pool: &Pool, queue: QueueId, skip: i64, limit: i64) -> Result<Vec<ChatId>> {
    let ids = sqlx::query_scalar!(
        "select id from chats where queue_id = $1 and status = 'queued'
         order by priority desc, at_head desc, waiting_since, id limit $2 offset $3",
        queue.0,
        limit,
        skip,
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Something that documents name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// Everything that a screen shows of a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its id.
    pub id: ChatId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Our side: id, phone, name.
    pub number: (NumberId, String, String),
    /// Their side: id, name, phone with `+`.
    pub client: (ClientId, Option<String>, Option<String>),
    /// Its campaign.
    pub campaign: Option<Named>,
    /// Its queue.
    pub queue: Option<Named>,
    /// Where it stands.
    pub status: ChatStatus,
    /// 0 normal, 1 high, 2 urgent.
    pub priority: i16,
    /// Who has it, or had it.
    pub agent: Option<(UserId, String)>,
    /// Why somebody should look at it, and since when.
    pub attention: Option<(String, DateTime<Utc>)>,
    /// Whether everything that would happen by itself has stopped.
    pub held: bool,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When it came into its first queue.
    pub queued_at: Option<DateTime<Utc>>,
    /// Since when it waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When its present agent got it.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When an agent first replied.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// By when that was promised.
    pub first_reply_due_at: Option<DateTime<Utc>>,
    /// When the promise was broken.
    pub breached_at: Option<DateTime<Utc>>,
    /// Until when it is snoozed.
    pub wake_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why.
    pub close_reason: Option<String>,
    /// When somebody last did something in it.
    pub activity_at: DateTime<Utc>,
    /// How many of the client's messages its agent has not read, [`UNREAD`] at most.
    pub unread: i64,
    /// When the client last wrote.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// The number of its conversation's newest event.
    pub last_seq: i64,
    /// What was said last in it.
    pub last_message: Option<Shown>,
}

impl View {
    /// What decides who sees it.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            campaign: self.campaign.as_ref().map(|campaign| campaign.id.into()),
            agent: self.agent.as_ref().map(|(id, _)| *id),
            waits: self.status == ChatStatus::Queued,
        }
    }
}

/// Everything about these chats, in the order of `ids`; what does not exist is missing.
///
/// # Errors
/// When Postgres is away, or a text does not open.
pub async fn read(pool: &Pool, ring: &Keyring, ids: &[ChatId]) -> Result<Vec<View>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select h.id, h.conversation_id, h.status, h.priority, h.attention, h.attention_since, h.held, h.opened_at,
                  h.queued_at, h.waiting_since, h.assigned_at, h.first_reply_at, h.breached_at, h.wake_at, h.closed_at,
                  h.close_reason, h.activity_at, c.last_inbound_at, c.last_seq,
                  n.id as number_id, n.phone as number_phone, n.name as number_name,
                  l.id as client_id, l.name as client_name,
                  (select value from client_identifiers i where i.client_id = l.id and i.kind = 'phone'
                   order by first_seen_at limit 1) as phone,
                  a.id as "campaign_id?", a.key as "campaign_key?", a.name as "campaign_name?",
                  h.queued_at + make_interval(secs => a.first_reply_seconds) as due_at,
                  q.id as "queue_id?", q.key as "queue_key?", q.name as "queue_name?",
                  u.id as "agent_id?", u.name as "agent_name?",
                  (select count(*) from (
                      select 1 from messages m where m.chat_id = h.id and m.direction = 'inbound' and m.seq > greatest(
                          coalesce((select r.seq from chat_reads r where r.chat_id = h.id), 0),
                          coalesce((select max(o.seq) from messages o where o.chat_id = h.id and o.author = 'agent'), 0))
                      limit $2) unread) as "unread!",
                  (select m.id from messages m where m.chat_id = h.id and m.seq is not null
                   order by m.seq desc limit 1) as last_message
           from unnest($1::uuid[]) with ordinality as wanted (id, n)
           join chats h on h.id = wanted.id
           join conversations c on c.id = h.conversation_id
           join numbers n on n.id = c.number_id
           join clients l on l.id = c.client_id
           left join campaigns a on a.id = h.campaign_id
           left join queues q on q.id = h.queue_id
           left join users u on u.id = h.agent_id
           order by wanted.n"#,
        &ids,
        UNREAD,
    )
    .fetch_all(pool)
    .await?;
    let last: Vec<Uuid> = rows.iter().filter_map(|row| row.last_message).collect();
    let mut last = messages::shown(pool, ring, &last).await?;
    let named = |id: Option<Uuid>, key: Option<String>, name: Option<String>| {
        Some(Named { id: id?, key: key.unwrap_or_default(), name: name.unwrap_or_default() })
    };
    rows.into_iter()
        .map(|row| {
            let message = row.last_message.and_then(|id| last.iter().position(|shown| shown.message.id.0 == id));
            Ok(View {
                id: row.id.into(),
                conversation: row.conversation_id.into(),
                number: (row.number_id.into(), row.number_phone, row.number_name),
                client: (row.client_id.into(), row.client_name, row.phone.map(|phone| format!("+{phone}"))),
                campaign: named(row.campaign_id, row.campaign_key, row.campaign_name),
                queue: named(row.queue_id, row.queue_key, row.queue_name),
                status: ChatStatus::from_name(&row.status).ok_or(Error::inconsistent("chats", "status", row.id))?,
                priority: row.priority,
                agent: row.agent_id.map(|id| (id.into(), row.agent_name.unwrap_or_default())),
                attention: row.attention.zip(row.attention_since),
                held: row.held,
                opened_at: row.opened_at,
                queued_at: row.queued_at,
                waiting_since: row.waiting_since,
                assigned_at: row.assigned_at,
                first_reply_at: row.first_reply_at,
                first_reply_due_at: row.due_at,
                breached_at: row.breached_at,
                wake_at: row.wake_at,
                closed_at: row.closed_at,
                close_reason: row.close_reason,
                activity_at: row.activity_at,
                unread: row.unread,
                last_inbound_at: row.last_inbound_at,
                last_seq: row.last_seq,
                last_message: message.map(|index| last.swap_remove(index)),
            })
        })
        .collect()
}

/// What decides who sees a chat, and its conversation.
///
/// # Errors
/// When Postgres is away.
pub async fn place(pool: &Pool, chat: ChatId) -> Result<Option<(ConversationId, Place)>> {
    let row = sqlx::query!("select conversation_id, campaign_id, agent_id, status from chats where id = $1", chat.0)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| {
        let place = Place {
            campaign: row.campaign_id.map(Into::into),
            agent: row.agent_id.map(Into::into),
            waits: row.status == ChatStatus::Queued.as_str(),
        };
        (row.conversation_id.into(), place)
    }))
}

/// Which of a conversation's chats a viewer sees; empty when none, or when there is no such conversation.
///
/// # Errors
/// When Postgres is away.
pub async fn seen_of(pool: &Pool, viewer: &Viewer, conversation: ConversationId) -> Result<Vec<ChatId>> {
    let ids = sqlx::query_scalar!(
        "select h.id from chats h where h.conversation_id = $4
           and ($1 = 'all' or h.agent_id = $2
                or ($1 = 'team' and h.campaign_id = any($3))
                or ($1 = 'own' and h.status = 'queued' and h.campaign_id = any($3)))
         order by h.opened_at desc limit 1000",
        scope(viewer.scope),
        viewer.user.0,
        &campaigns(viewer),
        conversation.0,
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Its agent has read a chat up to its newest message. Returns whether that changed anything; somebody else's reading
/// changes nothing.
///
/// # Errors
/// When Postgres refuses.
pub async fn mark_read(pool: &Pool, chat: ChatId, user: UserId, now: DateTime<Utc>) -> Result<bool> {
    let marked = sqlx::query!(
        "insert into chat_reads (chat_id, seq, user_id, at)
         select h.id, c.last_seq, $2, $3 from chats h join conversations c on c.id = h.conversation_id
         where h.id = $1 and h.agent_id = $2
         on conflict (chat_id) do update set seq = excluded.seq, user_id = excluded.user_id, at = excluded.at
         where chat_reads.seq < excluded.seq",
        chat.0,
        user.0,
        now,
    )
    .execute(pool)
    .await?
    .rows_affected();
    Ok(marked > 0)
}

/// How many open chats of these campaigns stand where: campaign, status, count.
///
/// # Errors
/// When Postgres is away.
pub async fn counts(pool: &Pool, of: &[CampaignId]) -> Result<Vec<(CampaignId, String, i64)>> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select campaign_id as "campaign_id!", status, count(*) as "n!" from chats
           where campaign_id = any($1) and status <> 'closed' group by campaign_id, status"#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.campaign_id.into(), row.status, row.n)).collect())
}
