//! What is said about events: each with its message or its chat, read for a whole batch at once.

use std::collections::HashMap;

use hilo_domain::event::EventKind;
use hilo_domain::id::ChatId;
use hilo_domain::viewer::{Place, Viewer};
use hilo_store::events::Event;
use hilo_store::{inbox, messages};
use uuid::Uuid;

use crate::api::chats::list::shown;
use crate::api::shapes::chat::Chat;
use crate::api::shapes::live::{LiveEvent, LiveType};
use crate::api::shapes::message::Message;
use crate::server::App;

/// Everything that a batch of events speaks of.
#[derive(Default)]
pub(crate) struct About {
    chats: HashMap<Uuid, (Chat, Place)>,
    messages: HashMap<Uuid, Message>,
}

impl About {
    /// Reads it, in three queries.
    pub(crate) async fn of(app: &App, events: &[Event]) -> hilo_store::Result<Self> {
        let mut chats: Vec<ChatId> = events.iter().filter_map(|event| event.chat).collect();
        chats.sort_unstable();
        chats.dedup();
        let mut ids: Vec<Uuid> = events.iter().filter_map(message).collect();
        ids.sort_unstable();
        ids.dedup();
        let (pool, ring) = (&app.intake.pool, &app.intake.ring);
        let views = inbox::read(pool, ring, &chats).await?;
        let said = messages::shown(pool, ring, &ids).await?;
        Ok(Self {
            chats: views
                .into_iter()
                .map(|view| (view.id.0, (view.place(), view)))
                .map(|(id, (place, view))| (id, (shown(view), place)))
                .collect(),
            messages: said.into_iter().map(|shown| (shown.message.id.0, shown.into())).collect(),
        })
    }

    /// The chat that an event happened in, and what decides who sees it.
    pub(crate) fn chat(&self, event: &Event) -> Option<&(Chat, Place)> {
        event.chat.and_then(|chat| self.chats.get(&chat.0))
    }

    /// What is said about an event; `None` for what no conversation numbers.
    pub(crate) fn tell(&self, event: &Event, with_chat: bool) -> Option<LiveEvent> {
        let kind = live_type(&event.kind);
        let message = message(event).and_then(|id| self.messages.get(&id)).cloned();
        let chat = self.chat(event).filter(|_| with_chat && !is_about_a_message(&event.kind));
        Some(LiveEvent {
            chat: chat.map(|(chat, _)| chat.clone()),
            message,
            change: Some(event.kind.clone()),
            data: Some(event.data.clone()),
            hidden: false,
            ..hidden(event, kind)?
        })
    }

    /// What a viewer hears of an event: the whole, or that there was one.
    pub(crate) fn tell_to(&self, viewer: &Viewer, event: &Event) -> Option<LiveEvent> {
        let seen = match self.chat(event) {
            Some((_, place)) => viewer.sees(place),
            // What was said outside of every chat belongs to the conversation.
            None => event.chat.is_none(),
        };
        if seen { self.tell(event, false) } else { hidden(event, live_type(&event.kind)) }
    }
}

/// That there was an event, and nothing else.
pub(crate) fn hidden(event: &Event, r#type: LiveType) -> Option<LiveEvent> {
    Some(LiveEvent {
        r#type,
        event_id: event.id.0,
        conversation_id: event.conversation?.0,
        chat_id: event.chat.map(|chat| chat.0),
        seq: event.seq?,
        at: event.at,
        change: None,
        data: None,
        chat: None,
        message: None,
        hidden: true,
    })
}

fn message(event: &Event) -> Option<Uuid> {
    event.data.get("messageId")?.as_str()?.parse().ok()
}

/// Whether an event is one of a message, so that it is said to whoever follows the conversation.
pub(crate) fn is_about_a_message(kind: &str) -> bool {
    kind.starts_with("message.") || kind == EventKind::NoteAdded.as_str()
}

/// The name under which an event is said. A chat's assignment is `chat.new` to whoever gets it, and an update to others.
pub(crate) fn live_type(kind: &str) -> LiveType {
    let is = |of: EventKind| kind == of.as_str();
    if is(EventKind::MessageReceived) || is(EventKind::MessagePrepared) {
        LiveType::ChatMessage
    } else if is(EventKind::ChatClosed) {
        LiveType::ChatClosed
    } else if is(EventKind::ChatTransferred) {
        LiveType::ChatTransferred
    } else {
        LiveType::ChatUpdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_domain::permission::Scope;
    use serde_json::json;

    fn event(kind: EventKind, chat: Option<u128>) -> Event {
        Event {
            id: Uuid::from_u128(1).into(),
            conversation: Some(Uuid::from_u128(2).into()),
            seq: Some(7),
            chat: chat.map(|id| Uuid::from_u128(id).into()),
            kind: kind.as_str().to_owned(),
            data: json!({}),
            at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_kind_has_a_name_and_only_new_messages_are_chat_message() {
        let messages: Vec<_> =
            EventKind::ALL.iter().filter(|kind| live_type(kind.as_str()) == LiveType::ChatMessage).collect();
        assert_eq!(messages, [&EventKind::MessagePrepared, &EventKind::MessageReceived]);
    }

    #[test]
    fn what_a_viewer_may_not_see_says_only_that_it_was() {
        let viewer = Viewer { user: Uuid::from_u128(1).into(), scope: Scope::Own, campaigns: Vec::new() };
        let about = About::default();
        // A chat that was not found is nobody's to see.
        let heard = about.tell_to(&viewer, &event(EventKind::ChatUpdated, Some(5))).unwrap();
        let said = serde_json::to_value(&heard).unwrap();
        assert_eq!((said["hidden"].as_bool(), said["seq"].as_i64()), (Some(true), Some(7)));
        for key in ["data", "change", "chat", "message"] {
            assert!(said.get(key).is_none(), "{key}: {said}");
        }
        let outside = about.tell_to(&viewer, &event(EventKind::MessageReceived, None)).unwrap();
        assert!(!outside.hidden, "what was said before a chat began is seen by whoever follows the conversation");
    }
}
