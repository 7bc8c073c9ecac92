//! Messages, inbound and outbound.

use chrono::{DateTime, Utc};
use hilo_domain::message::{Author as By, Content, Direction as Way, Header, Interactive as Said, Media as File};
use hilo_domain::receipt::MessageStatus as Standing;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Person;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }
    };
}

words! {
    /// Which way a message goes.
    Direction {
        /// From the client.
        Inbound,
        /// From us.
        Outbound,
    }
}

words! {
    /// Who wrote a message.
    Author {
        /// The client.
        Client,
        /// The flow.
        Bot,
        /// A person in Hilo.
        Agent,
        /// Hilo itself, or somebody who wrote as us outside Hilo.
        System,
    }
}

words! {
    /// What kind of message it is.
    MessageType {
        /// Words.
        Text,
        /// A picture.
        Image,
        /// A sound or voice note.
        Audio,
        /// A film.
        Video,
        /// A document.
        Document,
        /// A sticker.
        Sticker,
        /// A place.
        Location,
        /// Address cards.
        Contacts,
        /// Something to press, or what was pressed.
        Interactive,
        /// A quick reply of a template was pressed.
        Button,
        /// A sign put on a message, or taken off it.
        Reaction,
        /// A template.
        Template,
        /// News about the client, an edit, a deletion.
        System,
        /// Something that cannot be shown.
        Unsupported,
    }
}

words! {
    /// Where a message of ours stands.
    MessageStatus {
        /// It is to be sent.
        Pending,
        /// The provider has it.
        Sent,
        /// It is on the client's device.
        Delivered,
        /// The client has read it.
        Read,
        /// It will not arrive; `error` says why.
        Failed,
        /// It was sent, and nobody knows what became of it; it is not repeated.
        Uncertain,
    }
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// The provider's id of it.
    #[schema(required)]
    pub id: Option<String>,
    /// The declared type; untrusted.
    #[schema(required)]
    pub mime_type: Option<String>,
    /// A document's name; chosen by the client.
    #[schema(required)]
    pub filename: Option<String>,
    /// A voice note.
    pub voice: bool,
}

/// Something to press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Choice {
    /// What comes back when it is pressed.
    pub id: String,
    /// What stands on it.
    pub title: String,
    /// The smaller text below it.
    #[schema(required)]
    pub description: Option<String>,
}

words! {
    /// What kind of interactive message it is.
    InteractiveKind {
        /// Ours: buttons.
        Buttons,
        /// Ours: a list behind one button.
        List,
        /// Ours: a button that opens a page.
        Link,
        /// Ours: asks for the client's place.
        LocationRequest,
        /// The client pressed a button.
        ButtonReply,
        /// The client chose a row.
        ListReply,
        /// The client completed a form.
        FormReply,
        /// The client answered whether we may call.
        CallPermissionReply,
        /// Something newer than this version.
        Other,
    }
}

/// What can be pressed, or was. The message's words stand in its `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interactive {
    /// Which kind.
    pub kind: InteractiveKind,
    /// Words above the text.
    #[schema(required)]
    pub header: Option<String>,
    /// Words below the text.
    #[schema(required)]
    pub footer: Option<String>,
    /// What opens the list, or the page.
    #[schema(required)]
    pub button: Option<String>,
    /// Where a link leads.
    #[schema(required)]
    pub url: Option<String>,
    /// What can be pressed, or the one that was.
    pub choices: Vec<Choice>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Its name.
    #[schema(required)]
    pub name: Option<String>,
    /// Its address.
    #[schema(required)]
    pub address: Option<String>,
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SendError {
    /// The provider's code, or a word of ours: `cancelled`.
    pub code: String,
    /// The provider's words.
    #[schema(required)]
    pub title: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// The chat in which it was said; null when none was open.
    #[schema(required)]
    pub chat_id: Option<Uuid>,
    /// Its place in the conversation; its event has the same. Null until a reply is carried out.
    #[schema(required)]
    pub seq: Option<i64>,
    /// Which way it goes.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// Which agent, where one did.
    #[schema(required)]
    pub agent: Option<Person>,
    /// What kind it is.
    pub r#type: MessageType,
    /// Its words, a caption, or the title of what was pressed.
    #[schema(required)]
    pub text: Option<String>,
    /// Its file.
    #[schema(required)]
    pub media: Option<Media>,
    /// What can be pressed, or was.
    #[schema(required)]
    pub interactive: Option<Interactive>,
    /// A place.
    #[schema(required)]
    pub location: Option<Location>,
    /// The message of ours that it answers.
    #[schema(required)]
    pub reply_to: Option<Uuid>,
    /// Where an outbound one stands.
    #[schema(required)]
    pub status: Option<MessageStatus>,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<SendError>,
    /// When it came, or was asked for.
    pub at: DateTime<Utc>,
}

/// A message to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum NewMessage {
    /// Words.
    Text {
        /// 1 to 4,096 characters.
        #[schema(min_length = 1, max_length = 4096)]
        text: String,
        /// Although the chat is another's; needs `chats.assign`.
        #[serde(default)]
        #[schema(required = false)]
        over: bool,
    },
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Inbound => Self::Inbound,
            Way::Outbound => Self::Outbound,
        }
    }
}

impl From<By> for Author {
    fn from(by: By) -> Self {
        match by {
            By::Client => Self::Client,
            By::Bot => Self::Bot,
            By::Agent => Self::Agent,
            By::System => Self::System,
        }
    }
}

impl From<Standing> for MessageStatus {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Pending => Self::Pending,
            Standing::Sent => Self::Sent,
            Standing::Delivered => Self::Delivered,
            Standing::Read => Self::Read,
            Standing::Failed => Self::Failed,
            Standing::Uncertain => Self::Uncertain,
        }
    }
}

impl MessageType {
    /// The contract's word for this kind of content.
    #[must_use]
    pub const fn of(content: &Content) -> Self {
        match content {
            Content::Text { .. } => Self::Text,
            Content::Image { .. } => Self::Image,
            Content::Audio { .. } => Self::Audio,
            Content::Video { .. } => Self::Video,
            Content::Document { .. } => Self::Document,
            Content::Sticker { .. } => Self::Sticker,
            Content::Location { .. } => Self::Location,
            Content::Contacts { .. } => Self::Contacts,
            Content::Interactive { .. } => Self::Interactive,
            Content::Button { .. } => Self::Button,
            Content::Reaction { .. } => Self::Reaction,
            Content::Template { .. } => Self::Template,
            Content::System { .. } | Content::Edit { .. } | Content::Revoke { .. } | Content::RequestWelcome => {
                Self::System
            }
            Content::Order { .. } | Content::Unsupported { .. } => Self::Unsupported,
        }
    }
}

impl From<hilo_store::messages::Shown> for Message {
    fn from(shown: hilo_store::messages::Shown) -> Self {
        let hilo_store::messages::Shown { message, agent, reply_to, error } = shown;
        Self {
            id: message.id.0,
            conversation_id: message.conversation.0,
            chat_id: message.chat.map(|id| id.0),
            seq: message.seq,
            direction: message.direction.into(),
            author: message.author.into(),
            agent: agent.map(|(id, name)| Person { id: id.0, name }),
            r#type: MessageType::of(&message.content),
            text: message.content.text().map(str::to_owned),
            media: media(&message.content),
            interactive: interactive(&message.content),
            location: location(&message.content),
            reply_to: reply_to.map(|id| id.0),
            status: message.status.map(Into::into),
            error: error.as_ref().and_then(send_error),
            at: message.at,
        }
    }
}

fn media(content: &Content) -> Option<Media> {
    match content {
        Content::Image { media }
        | Content::Audio { media }
        | Content::Video { media }
        | Content::Document { media }
        | Content::Sticker { media } => {
            let File { id, mime_type, filename, voice, .. } = media;
            Some(Media { id: id.clone(), mime_type: mime_type.clone(), filename: filename.clone(), voice: *voice })
        }
        _ => None,
    }
}

fn location(content: &Content) -> Option<Location> {
    let Content::Location { location } = content else { return None };
    Some(Location {
        latitude: location.latitude,
        longitude: location.longitude,
        name: location.name.clone(),
        address: location.address.clone(),
    })
}

fn interactive(content: &Content) -> Option<Interactive> {
    let Content::Interactive { interactive } = content else { return None };
    let bare = |kind| Interactive { kind, header: None, footer: None, button: None, url: None, choices: Vec::new() };
    let choice = |id: &str, title: &str, description: Option<&str>| Choice {
        id: id.to_owned(),
        title: title.to_owned(),
        description: description.map(str::to_owned),
    };
    Some(match interactive {
        Said::Buttons { header, footer, buttons, .. } => Interactive {
            header: above(header.as_ref()),
            footer: footer.clone(),
            choices: buttons.iter().map(|button| choice(&button.id, &button.title, None)).collect(),
            ..bare(InteractiveKind::Buttons)
        },
        Said::List { header, footer, button, sections, .. } => Interactive {
            header: above(header.as_ref()),
            footer: footer.clone(),
            button: Some(button.clone()),
            choices: sections
                .iter()
                .flat_map(|section| &section.rows)
                .map(|row| choice(&row.id, &row.title, row.description.as_deref()))
                .collect(),
            ..bare(InteractiveKind::List)
        },
        Said::Link { label, url, .. } => {
            Interactive { button: Some(label.clone()), url: Some(url.clone()), ..bare(InteractiveKind::Link) }
        }
        Said::LocationRequest { .. } => bare(InteractiveKind::LocationRequest),
        Said::ButtonReply { id, title } => {
            Interactive { choices: vec![choice(id, title, None)], ..bare(InteractiveKind::ButtonReply) }
        }
        Said::ListReply { id, title, description } => {
            Interactive { choices: vec![choice(id, title, description.as_deref())], ..bare(InteractiveKind::ListReply) }
        }
        Said::FormReply { .. } => bare(InteractiveKind::FormReply),
        Said::CallPermissionReply { response } => Interactive {
            choices: vec![choice(response, response, None)],
            ..bare(InteractiveKind::CallPermissionReply)
        },
        Said::Other { .. } => bare(InteractiveKind::Other),
    })
}

fn above(header: Option<&Header>) -> Option<String> {
    match header {
        Some(Header::Text { text }) => Some(text.clone()),
        Some(Header::Image { .. } | Header::Video { .. } | Header::Document { .. }) | None => None,
    }
}

/// The first of what stands in `messages.error`: the provider's errors, or a word of ours.
fn send_error(error: &Value) -> Option<SendError> {
    let first = error.as_array().and_then(|all| all.first()).unwrap_or(error);
    let code = match first.get("code")? {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    };
    let title = first.get("title").or_else(|| first.get("message")).and_then(Value::as_str);
    Some(SendError { code, title: title.map(str::to_owned) })
}
