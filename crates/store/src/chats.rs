//! Chats: one episode of a conversation, from its first message to its close.

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::id::{AgentId, CampaignId, ChatId, ConversationId, MessageId, QueueId};
use hilo_domain::timer::{Clocks, Promises, Timer};
use serde::{Deserialize, Serialize};

use crate::seal::Keyring;
use crate::{Error, Pool, Result, Tx};

pub(crate) const NOTE: &str = "chats.note";

/// A chat's row.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The campaign that it belongs to.
    pub campaign: Option<CampaignId>,
    /// The queue that it waits in, or was given out from.
    pub queue: Option<QueueId>,
    /// Where it stands.
    pub status: ChatStatus,
    /// How often it has moved.
    pub generation: i64,
    /// 0 normal, 1 high, 2 urgent.
    pub priority: i16,
    /// Who has it.
    pub agent: Option<AgentId>,
    /// Why somebody should look at it.
    pub attention: Option<String>,
    /// Since when.
    pub attention_since: Option<DateTime<Utc>>,
    /// Whether everything that would happen by itself has stopped.
    pub held: bool,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When it came into its first queue: the first reply counts from here.
    pub queued_at: Option<DateTime<Utc>>,
    /// Since when it waits; a transfer keeps it.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Whether it goes before others of the same priority.
    pub at_head: bool,
    /// When its present agent got it.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When an agent first replied.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// When the promise of a first reply was broken.
    pub breached_at: Option<DateTime<Utc>>,
    /// When the client last wrote.
    pub last_client_at: Option<DateTime<Utc>>,
    /// When an agent last wrote.
    pub last_agent_at: Option<DateTime<Utc>>,
    /// Until when it is snoozed; of an active chat, since when it is awake again.
    pub wake_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why.
    pub close_reason: Option<String>,
    /// The turn that holds the bot's state.
    pub session_turn: Option<i64>,
    /// The flow that the bot's run is pinned to.
    pub flow_hash: Option<String>,
    /// The node at which the bot stands.
    pub flow_node: Option<String>,
    /// The last send of the question that the bot waits at.
    pub question: Option<MessageId>,
    /// The event by which that question counts as accepted.
    pub question_seq: Option<i64>,
    /// What time will do.
    pub timers: Vec<Timer>,
    /// What the flow has set.
    pub bot_timers: Vec<BotTimer>,
    /// What whoever handed it over has to say, sealed ([`crate::desk::Desk::seal_note`]); [`note`] reads it.
    pub note: Option<Vec<u8>>,
}

/// A timer of a flow, as the engine set it and as time counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotTimer {
    /// The engine's token.
    pub token: String,
    /// The instant that the engine gave it: goes back with the timer, so that one that was set anew is stale.
    pub set_at: DateTime<Utc>,
    /// Seconds from the question's acceptance.
    pub after: u64,
    /// When it is due; none until its question is accepted.
    pub due: Option<DateTime<Utc>>,
}

impl Chat {
    /// A chat that has just begun.
    #[must_use]
    pub fn new(id: ChatId, conversation: ConversationId, campaign: Option<CampaignId>, at: DateTime<Utc>) -> Self {
        Self {
            id,
            conversation,
            campaign,
            queue: None,
            status: ChatStatus::New,
            generation: 0,
            priority: 0,
            agent: None,
            attention: None,
            attention_since: None,
            held: false,
            opened_at: at,
            queued_at: None,
            waiting_since: None,
            at_head: false,
            assigned_at: None,
            first_reply_at: None,
            breached_at: None,
            last_client_at: None,
            last_agent_at: None,
            wake_at: None,
            closed_at: None,
            close_reason: None,
            session_turn: None,
            flow_hash: None,
            flow_node: None,
            question: None,
            question_seq: None,
            timers: Vec::new(),
            bot_timers: Vec::new(),
            note: None,
        }
    }

    /// Where it stands, as far as time is concerned.
    #[must_use]
    pub const fn clocks(&self) -> Clocks {
        Clocks {
            status: self.status,
            generation: self.generation,
            held: self.held,
            queued_at: self.queued_at,
            assigned_at: self.assigned_at,
            first_reply_at: self.first_reply_at,
            breached_at: self.breached_at,
            last_client_at: self.last_client_at,
            last_agent_at: self.last_agent_at,
            wake_at: self.wake_at,
        }
    }

    /// Computes what time will do from here on.
    pub fn set_timers(&mut self, promises: &Promises) {
        let mut list = hilo_domain::timer::timers(&self.clocks(), promises);
        if self.status == ChatStatus::Bot && !self.held {
            list.extend(self.bot_timers.iter().filter_map(|timer| {
                Some(Timer {
                    name: hilo_domain::timer::TimerName::Bot,
                    token: timer.token.clone(),
                    generation: self.generation,
                    due: timer.due?,
                })
            }));
        }
        self.timers = list;
    }

    /// The question counts as accepted: its timers count from now.
    pub fn accept_question(&mut self, seq: i64, at: DateTime<Utc>) {
        self.question_seq = Some(seq);
        for timer in self.bot_timers.iter_mut().filter(|timer| timer.due.is_none()) {
            let after = i64::try_from(timer.after).ok().and_then(TimeDelta::try_seconds);
            timer.due = after.and_then(|after| at.checked_add_signed(after));
        }
    }
}

/// Reads one chat.
///
/// # Errors
/// When Postgres is away.
pub async fn get(tx: &mut Tx, id: ChatId) -> Result<Option<Chat>> {
    Ok(read(&mut **tx, &[id.0]).await?.pop())
}

/// The chats of a conversation, oldest first; 200 at most.
///
/// # Errors
/// When Postgres is away.
pub async fn of_conversation(pool: &Pool, conversation: ConversationId) -> Result<Vec<Chat>> {
    let ids = sqlx::query_scalar!(
        "select id from chats where conversation_id = $1 order by opened_at, id limit 200",
        conversation.0
    )
    .fetch_all(pool)
    .await?;
    read(pool, &ids).await
}

/// What whoever handed a chat over has to say.
///
/// # Errors
/// When Postgres is away. A note from before its client was erased opens with no key any more, and is none.
pub async fn note(pool: &Pool, ring: &Keyring, chat: ChatId) -> Result<Option<String>> {
    let row = sqlx::query!(
        r#"select h.note as "note!", k.id as key_id, k.sealed from chats h
           join conversations c on c.id = h.conversation_id join content_keys k on k.id = c.key_id
           where h.id = $1 and h.note is not null"#,
        chat.0
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let plain = ring.content_key(row.key_id.into(), &row.sealed)?.open(NOTE, &row.note);
    Ok(plain.ok().and_then(|plain| String::from_utf8(plain).ok()))
}

async fn read<'e>(on: impl sqlx::PgExecutor<'e>, ids: &[uuid::Uuid]) -> Result<Vec<Chat>> {
    let rows = sqlx::query!(
        "select id, conversation_id, campaign_id, queue_id, status, generation, priority, agent_id, attention,
                attention_since, held, opened_at, queued_at, waiting_since, at_head, assigned_at, first_reply_at,
                breached_at, last_client_at, last_agent_at, wake_at, closed_at, close_reason, session_turn, flow_hash,
                flow_node, question_id, question_seq, timers, bot_timers, note
         from chats where id = any($1) order by opened_at, id",
        ids
    )
    .fetch_all(on)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Chat {
                id: row.id.into(),
                conversation: row.conversation_id.into(),
                campaign: row.campaign_id.map(Into::into),
                queue: row.queue_id.map(Into::into),
                status: ChatStatus::from_name(&row.status).ok_or(Error::inconsistent("chats", "status", row.id))?,
                generation: row.generation,
                priority: row.priority,
                agent: row.agent_id.map(Into::into),
                attention: row.attention,
                attention_since: row.attention_since,
                held: row.held,
                opened_at: row.opened_at,
                queued_at: row.queued_at,
                waiting_since: row.waiting_since,
                at_head: row.at_head,
                assigned_at: row.assigned_at,
                first_reply_at: row.first_reply_at,
                breached_at: row.breached_at,
                last_client_at: row.last_client_at,
                last_agent_at: row.last_agent_at,
                wake_at: row.wake_at,
                closed_at: row.closed_at,
                close_reason: row.close_reason,
                session_turn: row.session_turn,
                flow_hash: row.flow_hash,
                flow_node: row.flow_node,
                question: row.question_id.map(Into::into),
                question_seq: row.question_seq,
                timers: serde_json::from_value(row.timers)
                    .map_err(|_| Error::inconsistent("chats", "timers", row.id))?,
                bot_timers: serde_json::from_value(row.bot_timers)
                    .map_err(|_| Error::inconsistent("chats", "bot_timers", row.id))?,
                note: row.note,
            })
        })
        .collect()
}

/// Writes a chat as it stands now. Its conversation is locked by the caller, so nobody has moved it meanwhile.
///
/// # Errors
/// When Postgres refuses: another chat of the conversation is open, for example.
pub async fn put(tx: &mut Tx, chat: &Chat) -> Result<()> {
    sqlx::query!(
        "insert into chats (id, conversation_id, campaign_id, queue_id, status, generation, priority, agent_id,
             attention, attention_since, held, opened_at, queued_at, waiting_since, at_head, assigned_at,
             first_reply_at, breached_at, last_client_at, last_agent_at, wake_at, closed_at, close_reason,
             session_turn, flow_hash, flow_node, question_id, question_seq, timers, bot_timers, note)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $23, $24, $25, $26, $27, $28, $29, $30, $31)
         on conflict (id) do update set campaign_id = excluded.campaign_id, queue_id = excluded.queue_id,
             status = excluded.status, generation = excluded.generation, priority = excluded.priority,
             agent_id = excluded.agent_id, attention = excluded.attention,
             attention_since = excluded.attention_since, held = excluded.held, queued_at = excluded.queued_at,
             waiting_since = excluded.waiting_since, at_head = excluded.at_head, assigned_at = excluded.assigned_at,
             first_reply_at = excluded.first_reply_at, breached_at = excluded.breached_at,
             last_client_at = excluded.last_client_at, last_agent_at = excluded.last_agent_at,
             wake_at = excluded.wake_at, closed_at = excluded.closed_at, close_reason = excluded.close_reason,
             session_turn = excluded.session_turn, flow_hash = excluded.flow_hash, flow_node = excluded.flow_node,
             question_id = excluded.question_id, question_seq = excluded.question_seq, timers = excluded.timers,
             bot_timers = excluded.bot_timers, note = excluded.note",
        chat.id.0,
        chat.conversation.0,
        chat.campaign.map(|id| id.0),
        chat.queue.map(|id| id.0),
        chat.status.as_str(),
        chat.generation,
        chat.priority,
        chat.agent.map(|id| id.0),
        chat.attention,
        chat.attention_since,
        chat.held,
        chat.opened_at,
        chat.queued_at,
        chat.waiting_since,
        chat.at_head,
        chat.assigned_at,
        chat.first_reply_at,
        chat.breached_at,
        chat.last_client_at,
        chat.last_agent_at,
        chat.wake_at,
        chat.closed_at,
        chat.close_reason,
        chat.session_turn,
        chat.flow_hash,
        chat.flow_node,
        chat.question.map(|id| id.0),
        chat.question_seq,
        serde_json::to_value(&chat.timers)?,
        serde_json::to_value(&chat.bot_timers)?,
        chat.note,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
