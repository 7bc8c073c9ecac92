//! What a message can be, in Hilo's own words and for every provider alike.
//!
//! [`Content`] is what is stored (sealed under the client's key) and what screens show. Its `type` words are the
//! contract's; `edit`, `revoke`, `order` and `request_welcome` are added for what WhatsApp also delivers. Limits are
//! the provider's and are checked where its wire is known (`crates/whatsapp`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client to us.
    Inbound,
    /// From us to the client.
    Outbound,
}

impl Direction {
    /// The name that stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The client.
    Client,
    /// The flow.
    Bot,
    /// A person in Hilo.
    Agent,
    /// Hilo itself, or somebody outside Hilo who wrote as us (an echo from the WhatsApp Business app).
    System,
}

impl Author {
    /// The name that stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Bot => "bot",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// A file that is sent or received: by the provider's id, by a link, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The provider's id of the file; valid for days (Meta: 7 for received ones, 30 for uploaded ones).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A public address, or the provider's short-lived one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The declared type, as untrusted as everything else the client sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The declared digest, as sent (base64 in Meta's webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The text under the file; 1,024 characters at most when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// A document's name; chosen by the client, never a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// A voice note rather than a sound file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
    /// A sticker that moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
}

/// A button that the client can press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyButton {
    /// What comes back when it is pressed.
    pub id: String,
    /// What stands on it.
    pub title: String,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// What comes back when it is chosen.
    pub id: String,
    /// The row's title.
    pub title: String,
    /// The smaller text below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A headed group of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSection {
    /// The group's title; needed as soon as there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its rows; ten in all sections together.
    pub rows: Vec<ListRow>,
}

/// What stands above an interactive message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Header {
    /// Words.
    Text {
        /// 60 characters at most.
        text: String,
    },
    /// A picture.
    Image {
        /// Which.
        media: Media,
    },
    /// A film.
    Video {
        /// Which.
        media: Media,
    },
    /// A document.
    Document {
        /// Which.
        media: Media,
    },
}

/// Messages with something to press, and what comes back when it is pressed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Interactive {
    /// Ours: up to three buttons.
    Buttons {
        /// Above the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<Header>,
        /// The text.
        body: String,
        /// Below the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// One to three.
        buttons: Vec<ReplyButton>,
    },
    /// Ours: a list of up to ten rows behind one button.
    List {
        /// Above the text; words only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<Header>,
        /// The text.
        body: String,
        /// Below the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// What opens the list.
        button: String,
        /// The rows.
        sections: Vec<ListSection>,
    },
    /// Ours: a button that opens a page.
    Link {
        /// The text.
        body: String,
        /// What stands on the button.
        label: String,
        /// Where it leads.
        url: String,
    },
    /// Ours: asks for the client's place.
    LocationRequest {
        /// The text.
        body: String,
    },
    /// The client pressed a button.
    ButtonReply {
        /// The button's id.
        id: String,
        /// What stood on it.
        title: String,
    },
    /// The client chose a row.
    ListReply {
        /// The row's id.
        id: String,
        /// Its title.
        title: String,
        /// Its smaller text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// The client completed a form (a WhatsApp Flow, an address).
    FormReply {
        /// Which kind of form.
        name: Option<String>,
        /// The answers, as the string that came; it may be invalid JSON.
        response_json: String,
    },
    /// The client answered whether we may call.
    CallPermissionReply {
        /// `accept` or `reject`.
        response: String,
    },
    /// Something newer than this version; as it came.
    Other {
        /// The provider's object.
        raw: Value,
    },
}

/// Where somebody or something is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The place's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The place's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A template that the provider has approved, with its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its name; together with the language it identifies it.
    pub name: String,
    /// Its language, as the provider writes it (`es_MX`).
    pub language: String,
    /// The values, as the provider takes them (Meta's `components`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Value>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text {
        /// Up to 4,096 characters.
        text: String,
    },
    /// A picture.
    Image {
        /// Which.
        media: Media,
    },
    /// A sound, or a voice note.
    Audio {
        /// Which.
        media: Media,
    },
    /// A film.
    Video {
        /// Which.
        media: Media,
    },
    /// A document.
    Document {
        /// Which.
        media: Media,
    },
    /// A sticker.
    Sticker {
        /// Which.
        media: Media,
    },
    /// A place.
    Location {
        /// Where.
        location: Location,
    },
    /// Address cards, as the provider writes them; every key is optional.
    Contacts {
        /// The cards.
        contacts: Vec<Value>,
    },
    /// Something to press, or what was pressed.
    Interactive {
        /// Which.
        interactive: Interactive,
    },
    /// A quick reply of a template was pressed.
    Button {
        /// What stood on it.
        text: String,
        /// What we had put behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// A sign put on a message, or taken off it (`emoji` absent).
    Reaction {
        /// On which message: the provider's id.
        to: String,
        /// The sign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
    },
    /// A template.
    Template {
        /// Which.
        template: Template,
    },
    /// A basket from a catalogue.
    Order {
        /// The provider's object.
        order: Value,
    },
    /// The provider tells something about the client (a new number, a new identity).
    System {
        /// The provider's kind of news.
        kind: String,
        /// The provider's sentence.
        text: String,
    },
    /// A message was edited.
    Edit {
        /// Which: the provider's id.
        to: String,
        /// What it says now.
        content: Box<Content>,
    },
    /// A message was deleted for everyone.
    Revoke {
        /// Which: the provider's id.
        to: String,
    },
    /// The client opened the conversation and has not written yet.
    RequestWelcome,
    /// Something that cannot be shown: too new, too large, or withheld by the provider.
    Unsupported {
        /// The provider's word for it, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// The provider's code, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
    },
}

impl Content {
    /// The contract's word for this kind of message.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::Audio { .. } => "audio",
            Self::Video { .. } => "video",
            Self::Document { .. } => "document",
            Self::Sticker { .. } => "sticker",
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Interactive { .. } => "interactive",
            Self::Button { .. } => "button",
            Self::Reaction { .. } => "reaction",
            Self::Template { .. } => "template",
            Self::Order { .. } => "order",
            Self::System { .. } => "system",
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "revoke",
            Self::RequestWelcome => "request_welcome",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// The words of the message, where it has any: its text, its caption, what was pressed.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text } | Self::Button { text, .. } | Self::System { text, .. } => Some(text),
            Self::Image { media }
            | Self::Audio { media }
            | Self::Video { media }
            | Self::Document { media }
            | Self::Sticker { media } => media.caption.as_deref(),
            Self::Interactive { interactive } => match interactive {
                Interactive::Buttons { body, .. }
                | Interactive::List { body, .. }
                | Interactive::Link { body, .. }
                | Interactive::LocationRequest { body } => Some(body),
                Interactive::ButtonReply { title, .. } | Interactive::ListReply { title, .. } => Some(title),
                Interactive::FormReply { .. } | Interactive::CallPermissionReply { .. } | Interactive::Other { .. } => {
                    None
                }
            },
            Self::Edit { content, .. } => content.text(),
            Self::Reaction { emoji, .. } => emoji.as_deref(),
            Self::Location { location } => location.name.as_deref(),
            Self::Contacts { .. }
            | Self::Template { .. }
            | Self::Order { .. }
            | Self::Revoke { .. }
            | Self::RequestWelcome
            | Self::Unsupported { .. } => None,
        }
    }

    /// Whether a client who sends this answers the bot or an agent with it.
    ///
    /// What is no answer is stored, opens no chat and rings nothing (`turns.md` 2).
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        !matches!(
            self,
            Self::Reaction { .. }
                | Self::Edit { .. }
                | Self::Revoke { .. }
                | Self::System { .. }
                | Self::RequestWelcome
                | Self::Interactive { interactive: Interactive::CallPermissionReply { .. } }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_word_in_json_is_the_kind() {
        let contents = [
            Content::Text { text: "hola".into() },
            Content::Interactive { interactive: Interactive::ButtonReply { id: "1".into(), title: "Ventas".into() } },
            Content::Revoke { to: "wamid.1".into() },
            Content::RequestWelcome,
            Content::Unsupported { kind: None, code: Some(131_051) },
        ];
        for content in contents {
            let json = serde_json::to_value(&content).unwrap();
            assert_eq!(json["type"], content.kind());
            assert_eq!(serde_json::from_value::<Content>(json).unwrap(), content);
        }
    }

    #[test]
    fn what_was_written_by_the_first_release_still_reads() {
        let stored = r#"{"type":"image","media":{"id":"1","mime_type":"image/png","caption":"hola"}}"#;
        let content: Content = serde_json::from_str(stored).unwrap();
        assert_eq!(content.text(), Some("hola"));
        assert!(content.is_answer());
    }
}
