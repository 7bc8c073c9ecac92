//! Facts that a provider reports, in Hilo's own words: what `crates/whatsapp` reads from a webhook and
//! `crates/store` keeps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::Content;
use crate::receipt::Receipt;

/// Who a message is from, by every identifier that came with it. Any of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The provider's address to which we answer, verbatim (Meta: `from`; WPPConnect: the chat id).
    pub address: Option<String>,
    /// The phone number's digits, where the address or the contact shows one.
    pub phone: Option<String>,
    /// Meta's business-scoped user id (`CC.…`).
    pub business_scoped_id: Option<String>,
    /// WhatsApp's privacy id (`…@lid`).
    pub lid: Option<String>,
    /// The group's id, when the message was said in a group; then the group is the conversation.
    pub group: Option<String>,
    /// The name that the client gave themself.
    pub name: Option<String>,
}

/// What a delivered message means for the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The client answers or asks: an input.
    Answer,
    /// A fact about a conversation that asks for nothing (a reaction, an edit, a group's message): stored consumed.
    Aside,
    /// A placeholder (131060) that the real message, with the same id, may replace.
    Ghost,
    /// Written by us outside Hilo (the WhatsApp Business app).
    Echo,
    /// An old message, delivered when a number is connected.
    History,
}

/// One delivered message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The provider's id; the same for every copy.
    pub provider_id: String,
    /// Who wrote it; for an echo, to whom it went.
    pub sender: Sender,
    /// What it means.
    pub meaning: Meaning,
    /// What it says.
    pub content: Content,
    /// When it was written, as the provider says; `None` where that cannot be believed.
    pub provider_at: Option<DateTime<Utc>>,
    /// The provider's id of the message that it answers; perhaps unknown to us.
    pub reply_to: Option<String>,
    /// The element as it came.
    pub raw: Value,
}

/// One report about a message of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundReceipt {
    /// The provider's id of our message.
    pub provider_id: String,
    /// What happened to it.
    pub receipt: Receipt,
    /// When, as the provider says.
    pub provider_at: Option<DateTime<Utc>>,
    /// What we had given along (`message id:attempt`); the surest way to find the message.
    pub callback: Option<String>,
    /// Of whom in a group; empty otherwise.
    pub participant: String,
    /// Why it failed: code and sentence of each error.
    pub errors: Vec<ProviderError>,
    /// The element as it came.
    pub raw: Value,
}

/// One error as the provider reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderError {
    /// The provider's code; decisions are made on it alone.
    pub code: i64,
    /// The provider's sentence, for people.
    pub message: String,
}

/// Two identifiers that the provider says belong to one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityChange {
    /// Who is known already.
    pub known: Sender,
    /// What is also theirs from now on.
    pub also: Sender,
}

/// News about an account or a number rather than a conversation (quality, templates, calls, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountNews {
    /// The provider's name of the news (Meta: `field`).
    pub field: String,
    /// The element as it came.
    pub raw: Value,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A message.
    Message(Box<InboundMessage>),
    /// A report about a message of ours.
    Receipt(InboundReceipt),
    /// A client's identifiers changed.
    Identity(IdentityChange),
    /// Something about the account.
    Account(AccountNews),
}
