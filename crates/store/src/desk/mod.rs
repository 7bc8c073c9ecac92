//! A conversation on the desk: read under its lock, changed in memory, written back in a few statements.
//!
//! Whoever decides about a chat (a turn, a dispatch, the record of a send) opens the desk, which locks the conversation
//! before anything else; so the chat that it shows is the chat that it writes, and "compare and set" is the lock. What
//! is to be written is collected in [`Changes`] (`changes.rs`) and written by [`save`] (`save.rs`).

mod changes;
mod save;

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::id::{CampaignId, ClientId, ConversationId, NumberId, QueueId};
use hilo_domain::timer::Promises;
use serde_json::Value;

pub use changes::{
    AssignmentChange, Changes, Entry, Happened, NewAssignment, NewAudit, NewNotice, NewSend, NewTrack, NewTurn,
};
pub use save::{save, silence};

use crate::chats::{self, Chat};
use crate::seal::{ContentKey, Keyring};
use crate::{Result, Tx};

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

    /// What the bot's state says; none when its client was erased since, and it opens with no key any more.
    #[must_use]
    pub fn open_session(&self) -> Option<Vec<u8>> {
        self.session.as_deref().and_then(|sealed| self.key.open(SESSION, sealed).ok())
    }

    /// Seals what whoever hands the chat over has to say: it may quote the client.
    ///
    /// # Errors
    /// Never for values that fit into memory; the cipher alone could refuse.
    pub fn seal_note(&self, note: &str) -> Result<Vec<u8>> {
        self.key.seal(chats::NOTE, note.as_bytes())
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
