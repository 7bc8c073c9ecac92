//! A conversation on the desk: read under its lock, changed in memory, written back in a few statements.
//!
//! Whoever decides about a chat (a turn, a dispatch, the record of a send) opens the desk, which locks the conversation
//! before anything else; so the chat that it shows is the chat that it writes, and "compare and set" is the lock. What
//! is to be written is collected in [`Changes`] and written by [`save`].

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, CampaignId, ChatId, ClientId, ConversationId, EventId, MessageId, NumberId, QueueId};
use hilo_domain::message::{Author, Content};
use hilo_domain::outbox::Bell;
use hilo_domain::timer::Promises;
use serde_json::Value;
use uuid::Uuid;

use crate::chats::{self, Chat};
use crate::seal::{ContentKey, Keyring};
use crate::{Result, Tx, messages};

/// What is sealed in a turn's session and effects, and in a ledger's entries.
pub(crate) const SESSION: &str = "turns.session";
pub(crate) const EFFECTS: &str = "turns.effects";
pub(crate) const LEDGER: &str = "ledger.entries";

/// A conversation, locked.
#[derive(Debug)]
pub struct Desk {
    /// Its id.
    pub conversation: ConversationId,
    /// Our side.
    pub number: NumberId,
    /// The number that people see.
    pub number_phone: String,
    /// Their side.
    pub client: ClientId,
    /// What is known about them.
    pub contact: Contact,
    /// Where answers go.
    pub address: Option<String>,
    /// The number of the newest event.
    pub last_seq: i64,
    /// How many turns it has had.
    pub turns: i64,
    /// Up to which turn its workflow holds the results.
    pub acknowledged: i64,
    /// When the client last wrote: WhatsApp's window counts from here.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// The open chat.
    pub chat: Option<Chat>,
    /// The bot's state, as the open chat's last turn with one left it.
    pub session: Option<Vec<u8>>,
    /// The campaign of the chat, else of the number.
    pub campaign: Option<Campaign>,
    /// The key of the client's texts.
    pub key: ContentKey,
}

/// What is known about a client.
#[derive(Debug, Clone)]
pub struct Contact {
    /// As they call themselves.
    pub name: Option<String>,
    /// Their number, with `+`.
    pub phone: Option<String>,
    /// Everything else: the keys of the engine's contact.
    pub profile: Value,
}

/// A campaign, as decisions need it.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether it takes chats.
    pub active: bool,
    /// The flow that greets.
    pub flow_key: Option<String>,
    /// What it promises.
    pub promises: Promises,
    /// How many chats an agent carries.
    pub capacity: i64,
    /// Where a chat goes when nobody says where.
    pub default_queue: Option<QueueId>,
}

/// WhatsApp allows free messages for so long after the client's last one.
pub const WINDOW: TimeDelta = TimeDelta::hours(24);

impl Desk {
    /// Whether WhatsApp allows a free message at `now`.
    #[must_use]
    pub fn window_is_open(&self, now: DateTime<Utc>) -> bool {
        self.last_inbound_at.is_some_and(|at| now < at + WINDOW)
    }

    /// What the bot's state says.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open_session(&self) -> Result<Option<Vec<u8>>> {
        self.session.as_deref().map(|sealed| self.key.open(SESSION, sealed)).transpose()
    }

    /// What the promises are; generous where no campaign makes any.
    #[must_use]
    pub fn promises(&self) -> Promises {
        self.campaign
            .as_ref()
            .map_or(Promises { first_reply: TimeDelta::minutes(5), idle: TimeDelta::hours(1) }, |campaign| {
                campaign.promises
            })
    }
}

/// Locks a conversation and reads what decisions about it need; `None` if there is none.
///
/// # Errors
/// When Postgres refuses, or a text does not open.
pub async fn open(tx: &mut Tx, ring: &Keyring, id: ConversationId) -> Result<Option<Desk>> {
    let Some(head) = sqlx::query!(
        "select number_id, client_id, key_id, address, last_seq, turns, acknowledged, last_inbound_at, open_chat_id
         from conversations where id = $1 for update",
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?
    else {
        return Ok(None);
    };
    // Only now: a statement that waits for a lock reads the rest as it was before it waited.
    let chat = match head.open_chat_id {
        Some(open) => chats::get(tx, open.into()).await?,
        None => None,
    };
    let around = sqlx::query!(
        r#"select k.sealed, n.phone as number_phone, l.name as client_name, l.profile,
                  (select value from client_identifiers i where i.client_id = l.id and i.kind = 'phone' limit 1) as phone,
                  (select session from turns t where t.conversation_id = $1 and t.n = $2) as session,
                  a.id as "campaign_id?", a.key as "campaign_key?", a.name as "campaign_name?",
                  a.status as "campaign_status?", a.flow_key, a.first_reply_seconds as "first_reply_seconds?",
                  a.idle_seconds as "idle_seconds?", a.capacity as "capacity?",
                  (select q.id from queues q where q.campaign_id = a.id and q.is_default) as default_queue
           from conversations c
           join content_keys k on k.id = c.key_id
           join numbers n on n.id = c.number_id
           join clients l on l.id = c.client_id
           left join campaign_numbers b on b.number_id = c.number_id
           left join campaigns a on a.id = coalesce($3::uuid, b.campaign_id)
           where c.id = $1"#,
        id.0,
        chat.as_ref().and_then(|chat| chat.session_turn),
        chat.as_ref().and_then(|chat| chat.campaign).map(|id| id.0),
    )
    .fetch_one(&mut **tx)
    .await?;
    let campaign = around.campaign_id.map(|campaign| Campaign {
        id: campaign.into(),
        key: around.campaign_key.unwrap_or_default(),
        name: around.campaign_name.unwrap_or_default(),
        active: around.campaign_status.as_deref() == Some("active"),
        flow_key: around.flow_key,
        promises: Promises {
            first_reply: TimeDelta::seconds(around.first_reply_seconds.unwrap_or(300).into()),
            idle: TimeDelta::seconds(around.idle_seconds.unwrap_or(3600).into()),
        },
        capacity: around.capacity.unwrap_or(5).into(),
        default_queue: around.default_queue.map(Into::into),
    });
    Ok(Some(Desk {
        conversation: id,
        number: head.number_id.into(),
        number_phone: around.number_phone,
        client: head.client_id.into(),
        contact: Contact {
            name: around.client_name,
            phone: around.phone.map(|p| format!("+{p}")),
            profile: around.profile,
        },
        address: head.address,
        last_seq: head.last_seq,
        turns: head.turns,
        acknowledged: head.acknowledged,
        last_inbound_at: head.last_inbound_at,
        chat,
        session: around.session,
        campaign,
        key: ring.content_key(head.key_id.into(), &around.sealed)?,
    }))
}

/// Everything that a decision changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Chats as they stand now; the open one last.
    pub chats: Vec<Chat>,
    /// The conversation's open chat, if that changed.
    pub open_chat: Option<Option<ChatId>>,
    /// The turn, if this is one.
    pub turn: Option<NewTurn>,
    /// Positions of inputs that are consumed.
    pub consumed: Vec<i64>,
    /// Inbound messages that belong to a chat that has just been opened.
    pub stamped: Vec<(MessageId, ChatId)>,
    /// Messages of ours, with their sends.
    pub sends: Vec<NewSend>,
    /// Prepared sends that are not needed any more: those of this chat's bot before this decision.
    pub cancelled: Option<ChatId>,
    /// What happened.
    pub events: Vec<Happened>,
    /// Who must look.
    pub bells: Vec<Bell>,
    /// Why, in order.
    pub ledger: Vec<Entry>,
    /// What flows count.
    pub tracks: Vec<NewTrack>,
    /// Who did it.
    pub audit: Vec<NewAudit>,
    /// What people are told.
    pub notices: Vec<NewNotice>,
    /// Assignments that begin.
    pub assigned: Vec<NewAssignment>,
    /// Assignments that end: of which chat, as what, and why.
    pub unassigned: Vec<(ChatId, &'static str, &'static str)>,
    /// Commands that are carried out, with their answers.
    pub answered: Vec<(Uuid, &'static str, Value)>,
    /// What is learned about the client: merged into the profile, and their name.
    pub profile: Option<Value>,
}

/// A turn to store.
#[derive(Debug)]
pub struct NewTurn {
    /// Its number.
    pub n: i64,
    /// The instant by which it was decided.
    pub at: DateTime<Utc>,
    /// The bot's state after it, plain.
    pub session: Option<Vec<u8>>,
    /// What the engine wanted done, plain.
    pub effects: Option<Vec<u8>>,
    /// What the workflow is told.
    pub result: Value,
}

/// A message of ours to prepare.
#[derive(Debug)]
pub struct NewSend {
    /// Its id.
    pub message: MessageId,
    /// Its chat.
    pub chat: Option<ChatId>,
    /// Its place; its event has the same.
    pub seq: i64,
    /// Who writes.
    pub author: Author,
    /// What.
    pub content: Content,
    /// What the engine calls it.
    pub token: Option<String>,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// Something that happened; numbered by the caller.
#[derive(Debug)]
pub struct Happened {
    /// Its number in the conversation.
    pub seq: i64,
    /// In which chat.
    pub chat: Option<ChatId>,
    /// What.
    pub kind: EventKind,
    /// Ids only.
    pub data: Value,
}

/// One line of the ledger: a stable word and what it says, for people who ask why.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// A stable word.
    pub kind: String,
    /// What it says.
    #[serde(default)]
    pub detail: Value,
}

/// Something to count.
#[derive(Debug)]
pub struct NewTrack {
    /// The flow.
    pub flow_key: Option<String>,
    /// Its version.
    pub flow_version: Option<i32>,
    /// What.
    pub event: String,
    /// Where.
    pub node: Option<String>,
    /// More about it.
    pub data: Value,
}

/// An audit row.
#[derive(Debug)]
pub struct NewAudit {
    /// Who.
    pub actor: hilo_domain::command::Actor,
    /// What, `noun.verb`.
    pub action: String,
    /// To what kind of thing.
    pub entity: &'static str,
    /// To which.
    pub entity_id: Uuid,
    /// Before, after, why.
    pub detail: Value,
}

/// Something that people are told.
#[derive(Debug)]
pub struct NewNotice {
    /// A stable word, `sla.first_reply`.
    pub kind: &'static str,
    /// About which chat.
    pub chat: ChatId,
    /// To whom; none is to every supervisor of the chat.
    pub user: Option<AgentId>,
    /// More about it.
    pub data: Value,
}

/// An assignment that begins.
#[derive(Debug)]
pub struct NewAssignment {
    /// Its id.
    pub id: Uuid,
    /// Of which chat.
    pub chat: ChatId,
    /// From which queue.
    pub queue: Option<QueueId>,
    /// To whom.
    pub agent: AgentId,
    /// The chat's generation with it.
    pub generation: i64,
    /// `dispatch`, `take`, `assign`, `transfer`, `reopen`.
    pub how: &'static str,
    /// Who else could have got it, and why they did not.
    pub candidates: Value,
}

/// Writes what was decided; the desk's conversation is locked. Returns the outbox rows to ring after the commit.
///
/// # Errors
/// When Postgres refuses; then nothing of it may stay, and the caller rolls back.
pub async fn save(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let chat = changes.chats.last().map(|chat| chat.id).or(desk.chat.as_ref().map(|chat| chat.id));
    for chat in &changes.chats {
        chats::put(tx, chat).await?;
    }
    if let Some(turn) = &changes.turn {
        let seal = |place, plain: &Option<Vec<u8>>| plain.as_deref().map(|p| desk.key.seal(place, p)).transpose();
        sqlx::query!(
            "insert into turns (conversation_id, n, chat_id, at, inputs, session, effects, result)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            desk.conversation.0,
            turn.n,
            chat.map(|id| id.0),
            turn.at,
            &changes.consumed,
            seal(SESSION, &turn.session)?,
            seal(EFFECTS, &turn.effects)?,
            turn.result,
        )
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query!(
        "with eaten as (
            update inputs set consumed_at = $7 where conversation_id = $1 and n = any($6)
         )
         update conversations set last_seq = $2, turns = $3,
             open_chat_id = case when $4 then $5 else open_chat_id end where id = $1",
        desk.conversation.0,
        desk.last_seq,
        desk.turns,
        changes.open_chat.is_some(),
        changes.open_chat.flatten().map(|id| id.0),
        &changes.consumed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    if !changes.stamped.is_empty() {
        let (ids, chats): (Vec<Uuid>, Vec<Uuid>) = changes.stamped.iter().map(|(m, c)| (m.0, c.0)).unzip();
        sqlx::query!(
            "with s as (select * from unnest($1::uuid[], $2::uuid[]) as s (id, chat_id)),
             told as (
                update events e set chat_id = s.chat_id from s join messages m on m.id = s.id
                where e.conversation_id = m.conversation_id and e.seq = m.seq and e.chat_id is null
             )
             update messages m set chat_id = s.chat_id from s where m.id = s.id and m.chat_id is null",
            &ids,
            &chats,
        )
        .execute(&mut **tx)
        .await?;
    }
    if let Some(chat) = changes.cancelled {
        cancel_prepared(tx, desk, chat).await?;
    }
    insert_sends(tx, desk, changes).await?;
    insert_rest(tx, desk, changes, now).await?;
    insert_events(tx, desk, changes, now).await
}

/// The bot's run has ended: what it had prepared before is not said any more (`turns.md` 13).
async fn cancel_prepared(tx: &mut Tx, desk: &Desk, chat: ChatId) -> Result<()> {
    sqlx::query!(
        "with gone as (
            update sends set state = 'cancelled'
            where conversation_id = $1 and chat_id = $2 and author = 'bot' and state = 'prepared'
            returning message_id
         )
         update messages m set own_status = 'failed', status = 'failed', error = '[{\"code\": \"cancelled\"}]'
         from gone g where m.id = g.message_id",
        desk.conversation.0,
        chat.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_sends(tx: &mut Tx, desk: &Desk, changes: &Changes) -> Result<()> {
    if changes.sends.is_empty() {
        return Ok(());
    }
    let sends = &changes.sends;
    let ids: Vec<Uuid> = sends.iter().map(|s| s.message.0).collect();
    let chats: Vec<Option<Uuid>> = sends.iter().map(|s| s.chat.map(|c| c.0)).collect();
    let seqs: Vec<i64> = sends.iter().map(|s| s.seq).collect();
    let authors: Vec<&str> = sends.iter().map(|s| s.author.as_str()).collect();
    let kinds: Vec<&str> = sends.iter().map(|s| s.content.kind()).collect();
    let bodies = sends.iter().map(|s| messages::seal(&desk.key, &s.content, None)).collect::<Result<Vec<_>>>()?;
    let tokens: Vec<Option<&str>> = sends.iter().map(|s| s.token.as_deref()).collect();
    let ats: Vec<DateTime<Utc>> = sends.iter().map(|s| s.at).collect();
    sqlx::query!(
        "with new as (
            select * from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::text[],
                                 $9::timestamptz[]) as s (id, chat_id, seq, author, kind, body, token, at)
         ), said as (
            insert into messages (id, conversation_id, chat_id, seq, direction, author, kind, body, own_status, status, at)
            select id, $1, chat_id, seq, 'outbound', author, kind, body, 'pending', 'pending', at from new
         )
         insert into sends (message_id, conversation_id, chat_id, author, token, turn)
         select id, $1, chat_id, author, token, $10 from new order by seq",
        desk.conversation.0,
        &ids,
        &chats as &[Option<Uuid>],
        &seqs,
        &authors as &[&str],
        &kinds as &[&str],
        &bodies,
        &tokens as &[Option<&str>],
        &ats,
        changes.turn.as_ref().map(|turn| turn.n),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_events(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(changes.events.len());
    let (mut seqs, mut chats, mut kinds, mut datas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in &changes.events {
        ids.push(EventId::new(now).0);
        seqs.push(event.seq);
        chats.push(event.chat.map(|id| id.0));
        kinds.push(event.kind.as_str());
        datas.push(event.data.clone());
    }
    let mut bells = changes.bells.clone();
    bells.sort_unstable();
    bells.dedup();
    let (kinds_of, targets): (Vec<&str>, Vec<Uuid>) = bells.iter().map(|bell| (bell.kind(), bell.target())).unzip();
    if ids.is_empty() && bells.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_scalar!(
        "with happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select id, $1, seq, chat_id, kind, data, $7
            from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::jsonb[])
                 as e (id, seq, chat_id, kind, data)
         )
         insert into outbox (bell, target, event_id, at, due_at)
         select bell, target, event_id, $7, clock_timestamp() + interval '1 second' from (
            select null as bell, null::uuid as target, id as event_id, n from unnest($2::uuid[]) with ordinality as e (id, n)
            union all
            select bell, target, null, 1000000 from unnest($8::text[], $9::uuid[]) as b (bell, target)
         ) rows order by n
         returning id",
        desk.conversation.0,
        &ids,
        &seqs,
        &chats as &[Option<Uuid>],
        &kinds as &[&str],
        &datas,
        now,
        &kinds_of as &[&str],
        &targets,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Ledger, tracks, assignments, commands, audit, notices, the client: each only where there is something to write.
async fn insert_rest(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<()> {
    let chat = changes.chats.last().map(|chat| chat.id).or(desk.chat.as_ref().map(|chat| chat.id));
    for (chat, state, reason) in &changes.unassigned {
        sqlx::query!(
            "update assignments set state = $2, end_reason = $3, ended_at = $4
             where chat_id = $1 and state in ('offered', 'accepted')",
            chat.0,
            state,
            reason,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    for new in &changes.assigned {
        sqlx::query!(
            "insert into assignments (id, chat_id, conversation_id, queue_id, agent_id, generation, state, how,
                                      candidates, at)
             values ($1, $2, $3, $4, $5, $6, 'accepted', $7, $8, $9)",
            new.id,
            new.chat.0,
            desk.conversation.0,
            new.queue.map(|id| id.0),
            new.agent.0,
            new.generation,
            new.how,
            new.candidates,
            now,
        )
        .execute(&mut **tx)
        .await?;
        sqlx::query!("update agents set last_assigned_at = $2 where user_id = $1", new.agent.0, now)
            .execute(&mut **tx)
            .await?;
    }
    for (id, state, result) in &changes.answered {
        sqlx::query!(
            "update commands set state = $2, result = $3, done_at = $4 where id = $1 and state = 'requested'",
            id,
            state,
            result,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    if !changes.ledger.is_empty() {
        sqlx::query!(
            "insert into ledger (conversation_id, chat_id, turn, at, entries) values ($1, $2, $3, $4, $5)",
            desk.conversation.0,
            chat.map(|id| id.0),
            changes.turn.as_ref().map(|turn| turn.n),
            now,
            desk.key.seal(LEDGER, &serde_json::to_vec(&changes.ledger)?)?,
        )
        .execute(&mut **tx)
        .await?;
    }
    if !changes.tracks.is_empty() {
        let tracks = &changes.tracks;
        let flows: Vec<Option<&str>> = tracks.iter().map(|t| t.flow_key.as_deref()).collect();
        let versions: Vec<Option<i32>> = tracks.iter().map(|t| t.flow_version).collect();
        let words: Vec<&str> = tracks.iter().map(|t| t.event.as_str()).collect();
        let nodes: Vec<Option<&str>> = tracks.iter().map(|t| t.node.as_deref()).collect();
        let datas: Vec<Value> = tracks.iter().map(|t| t.data.clone()).collect();
        sqlx::query!(
            "insert into tracks (chat_id, flow_key, flow_version, event, node, data, at)
             select $1, flow_key, flow_version, event, node, data, $7
             from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[])
                  as t (flow_key, flow_version, event, node, data)",
            chat.map(|id| id.0),
            &flows as &[Option<&str>],
            &versions as &[Option<i32>],
            &words as &[&str],
            &nodes as &[Option<&str>],
            &datas,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    for row in &changes.audit {
        sqlx::query!(
            "insert into audit (id, at, user_id, actor, action, entity, entity_id, detail)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            hilo_domain::id::uuid_at(now),
            now,
            row.actor.user_id.map(|id| id.0),
            serde_json::to_value(&row.actor)?,
            row.action,
            row.entity,
            row.entity_id,
            row.detail,
        )
        .execute(&mut **tx)
        .await?;
    }
    for notice in &changes.notices {
        sqlx::query!(
            "insert into notifications (id, kind, chat_id, user_id, data, at) values ($1, $2, $3, $4, $5, $6)",
            hilo_domain::id::uuid_at(now),
            notice.kind,
            notice.chat.0,
            notice.user.map(|id| id.0),
            notice.data,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    // The client's row is the last of the lock order.
    if let Some(profile) = &changes.profile {
        sqlx::query!(
            "update clients set profile = $2, name = coalesce($2::jsonb ->> 'name', name), updated_at = $3 where id = $1",
            desk.client.0,
            profile,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
