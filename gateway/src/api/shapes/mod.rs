//! What the interface says: every object as programs and screens read it, camelCase, times RFC 3339 in UTC, ids UUIDv7.
//!
//! A field that can be empty is `null`, never missing. To add a field: here, with what it means and its unit; the OpenAPI
//! document and the screens' types follow (`cargo xtask gen`).

pub mod chat;
pub mod live;
pub mod message;
pub mod people;
pub mod work;
pub mod workflow;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: Uuid,
    /// As colleagues see them.
    pub name: String,
}

/// Something that documents name: by id, key and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// Its key, accepted wherever its id is.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A refusal (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemShape {
    /// `/problems/` and a code; programs decide by it.
    pub r#type: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do.
    pub detail: String,
    /// The request, as the log names it.
    pub instance: String,
    /// What is not right, and where.
    #[schema(required = false)]
    pub errors: Vec<crate::problem::Fault>,
    /// Who has the chat (`not-holder`, `agent-at-capacity`).
    #[schema(required = false)]
    pub holder: Option<Person>,
    /// Which permission is missing (`forbidden`).
    #[schema(required = false)]
    pub permission: Option<String>,
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $item:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// What is on this page.
            pub items: Vec<$item>,
            /// What `cursor` must be for the next page; null on the last one.
            #[schema(required)]
            pub next_cursor: Option<String>,
        }
    )*};
}

pages! {
    /// A page of campaigns, by name.
    CampaignPage of work::Campaign;
    /// A page of chats.
    ChatPage of chat::Chat;
    /// A page of reasons for closing, in their order.
    CloseReasonPage of work::CloseReason;
    /// A page of a ledger, oldest first.
    LedgerPage of workflow::LedgerItem;
    /// A page of messages: ascending in a page, the newest page first.
    MessagePage of message::Message;
    /// A page of notes, newest first.
    NotePage of chat::Note;
    /// A page of notifications, newest first.
    NotificationPage of people::Notification;
    /// A page of reasons for a pause, in their order.
    PauseReasonPage of people::PauseReason;
    /// A page of queues, by name.
    QueuePage of work::Queue;
    /// A page of users, by name.
    UserPage of people::User;
    /// A page of chats that wait, in the order in which they are given out.
    WaitingPage of work::WaitingChat;
}
