//! What happens to a run: one input per step.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::limits;
use crate::world;

/// An input. Tagged `input`; fields are added with `#[serde(default)]` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Input {
    /// A trigger fired. Only a new state takes it.
    Start {
        /// What fired, for the trace: `keyword`, `any_message`, `manual` …
        trigger: String,
        /// The message that fired it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Message>,
        /// Whether that message is offered to the first question.
        #[serde(default)]
        consume: bool,
        /// Variables that the caller sets.
        #[serde(default)]
        vars: Map<String, Value>,
        /// The node to start at; none is the flow's own start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// The customer wrote.
    Message(Message),
    /// A timer that the engine set is due.
    Timer {
        /// Its token.
        token: String,
        /// The `at` of the effect that set it, if the caller has it: a timer that was set anew since is then stale.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// The answer to `check_queue`.
    QueueStatus {
        /// Its token.
        token: String,
        /// Whether the queue is open.
        open: bool,
        /// Whether it takes no more.
        full: bool,
        /// Agents available in it.
        agents: u32,
    },
    /// A send failed.
    SendFailed {
        /// The send's token.
        token: String,
        /// Whether it will never succeed.
        permanent: bool,
        /// The channel's code.
        #[serde(default)]
        code: String,
    },
    /// Go to a node at once: move-to-node, migration. Ended runs stay ended.
    Jump {
        /// The node.
        node: String,
        /// Variables to set first.
        #[serde(default)]
        vars: Map<String, Value>,
        /// Why, for the trace.
        reason: String,
    },
    /// An agent took over, the chat was closed, the flow was stopped.
    Cancel {
        /// Why, for the trace.
        reason: String,
    },
}

impl Input {
    /// With messages as a state can keep them.
    pub(crate) fn tidied(self) -> Self {
        match self {
            Self::Message(message) => Self::Message(message.tidied()),
            Self::Start { trigger, message, consume, vars, at } => {
                Self::Start { trigger, message: message.map(Message::tidied), consume, vars, at }
            }
            other @ (Self::Timer { .. }
            | Self::QueueStatus { .. }
            | Self::SendFailed { .. }
            | Self::Jump { .. }
            | Self::Cancel { .. }) => other,
        }
    }
}

/// One inbound message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id; the same for every copy.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// Its text; of a button or a row, the title; of a file, nothing (see `media.caption`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The payload of the tapped option, as the `send` effect gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The shared location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The shared contact cards, as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Value>,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// Whether it was stored before the channel accepted the current question. It is then tried against commands and
    /// menu options only, and never counts as a wrong answer.
    #[serde(default)]
    pub early: bool,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Text.
    Text,
    /// A tapped reply button or list row.
    Interactive,
    /// A tapped template button.
    Button,
    /// A file.
    Image,
    /// A file.
    Audio,
    /// A file.
    Video,
    /// A file.
    Document,
    /// A file.
    Sticker,
    /// A place.
    Location,
    /// Contact cards.
    Contacts,
    /// Anything else.
    #[serde(other)]
    Unsupported,
}

/// A file that was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// Where it is kept.
    pub file_id: String,
    /// MIME type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// File name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was written under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A place that was shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Message {
    /// A text.
    #[must_use]
    pub fn text(id: impl Into<String>, text: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self {
            id: id.into(),
            kind: MessageKind::Text,
            text: Some(text.into()),
            payload: None,
            media: None,
            location: None,
            contacts: None,
            at,
            early: false,
        }
    }

    /// As a state can keep it: no longer than WhatsApp's messages, with nothing that JSON cannot say.
    fn tidied(mut self) -> Self {
        let cut = |text: &mut String, most: usize| {
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
            }
        };
        cut(&mut self.id, limits::MESSAGE_ID_CHARS);
        if let Some(text) = &mut self.text {
            cut(text, limits::ANSWER_CHARS);
        }
        self.payload = self.payload.filter(|payload| payload.len() <= 1_024);
        self.location = self.location.filter(|l| l.lat.is_finite() && l.lon.is_finite());
        self.contacts = self.contacts.filter(|contacts| world::size(contacts) <= limits::BUFFER_BYTES / 4);
        self
    }

    /// Bytes that it takes in a state, near enough.
    pub(crate) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_deref().map_or(0, world::text_size);
        let media = self.media.as_ref().map_or(0, |m| {
            64 + world::text_size(&m.file_id) + world::text_size(&m.mime) + text(&m.name) + text(&m.caption)
        });
        let location = self.location.as_ref().map_or(0, |l| 96 + text(&l.name) + text(&l.address));
        let contacts = self.contacts.as_ref().map_or(0, world::size);
        128 + world::text_size(&self.id) + text(&self.text) + text(&self.payload) + media + location + contacts
    }

    /// What it says, if it is words: text, or the title of what was tapped.
    pub(crate) fn words(&self) -> Option<&str> {
        match self.kind {
            MessageKind::Text | MessageKind::Interactive | MessageKind::Button => self.text.as_deref(),
            MessageKind::Image
            | MessageKind::Audio
            | MessageKind::Video
            | MessageKind::Document
            | MessageKind::Sticker
            | MessageKind::Location
            | MessageKind::Contacts
            | MessageKind::Unsupported => None,
        }
    }

    /// As texts and expressions see it, under `input`.
    pub(crate) fn as_seen(&self) -> Value {
        json!({
            "text": self.text, "value": self.payload.as_deref().and_then(Payload::read).map(|p| p.value),
            "type": self.kind, "media": self.media, "location": self.location, "at": self.at,
        })
    }
}

/// What the payload of an offered option says: which question of which run it answers, and how. Channels carry it
/// as it is, at most 200 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'p> {
    /// The run.
    pub run: &'p str,
    /// The question.
    pub node: &'p str,
    /// Which time it was asked.
    pub visit: u32,
    /// The option's value.
    pub value: &'p str,
}

impl<'p> Payload<'p> {
    /// Reads one. Whatever else a payload is, it is none.
    #[must_use]
    pub fn read(text: &'p str) -> Option<Self> {
        let mut parts = text.splitn(4, '|');
        let (run, node, visit, value) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { run, node, visit: visit.parse().ok()?, value })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{}|{}|{}|{}", self.run, self.node, self.visit, self.value)
    }
}
