//! What is said in a chat.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use hilo_domain::command::Command;
use hilo_domain::id::{ChatId, ConversationId, MessageId};
use hilo_domain::permission::Permission;
use hilo_store::inbox;
use hilo_store::messages::{self, Of};

use super::carry::{self, Came};
use super::list::find;
use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Limit, Query, long_enough};
use crate::api::shapes::MessagePage;
use crate::api::shapes::Person;
use crate::api::shapes::message::{Author, Direction, Message, MessageStatus, MessageType, NewMessage};
use crate::problem::Problem;
use crate::server::App;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Page {
    /// At most so many items.
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// List the messages of a chat
///
/// Ascending in a page, the newest page first.
#[utoipa::path(get, path = "/chats/{id}/messages", operation_id = "listChatMessages", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), Page), responses((status = 200, body = MessagePage)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Id(id): Id,
    Query(page): Query<Page>,
) -> Result<Json<MessagePage>, Problem> {
    find(&app, &viewer, id).await?;
    said(&app, Of::Chat(ChatId(id)), page).await
}

/// Send a message
///
/// Its state comes over the socket. Outside of the 24-hour window: 422 `window-closed`.
#[utoipa::path(post, path = "/chats/{id}/messages", operation_id = "sendMessage", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = NewMessage, responses((status = 202, body = Message)))]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<NewMessage>,
) -> Result<Response, Problem> {
    let NewMessage::Text { text, over } = asked;
    long_enough("/text", &text, 4096)?;
    let now = app.clock.now();
    let (chat, message) = (id, MessageId::new(now));
    let over = over && caller.reach(Permission::ChatsAssign).is_some();
    let command = Command::Reply { message, text: text.clone(), over };
    let asked = carry::Asked { chat: ChatId(id), command, key, reach: carry::Reach::Known };
    let came = carry::out(&app, &caller, &viewer, asked).await?;
    let (id, conversation, at) = match &came {
        Came::Done { command, conversation } => (*command, *conversation, now),
        Came::Later { command, conversation, at } => (*command, *conversation, *at),
    };
    let stored = messages::shown(&app.intake.pool, &app.intake.ring, &[id.0]).await?.pop();
    let message = stored.map_or_else(
        || Message {
            id: id.0,
            conversation_id: conversation.0,
            chat_id: Some(chat),
            seq: None,
            direction: Direction::Outbound,
            author: Author::Agent,
            agent: Some(Person { id: caller.user.0, name: caller.name.to_string() }),
            r#type: MessageType::Text,
            text: Some(text),
            media: None,
            interactive: None,
            location: None,
            reply_to: None,
            status: Some(MessageStatus::Pending),
            error: None,
            at,
        },
        Into::into,
    );
    Ok((StatusCode::ACCEPTED, Json(message)).into_response())
}

/// List the messages of a conversation
///
/// Those of chats that the caller may not see are left out. Ascending in a page, the newest page first.
#[utoipa::path(get, path = "/conversations/{id}/messages", operation_id = "listConversationMessages", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), Page), responses((status = 200, body = MessagePage)))]
pub(crate) async fn of_conversation(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Id(id): Id,
    Query(page): Query<Page>,
) -> Result<Json<MessagePage>, Problem> {
    let seen = inbox::seen_of(&app.intake.pool, &viewer, ConversationId(id)).await?;
    if seen.is_empty() {
        return Err(Problem::not_found());
    }
    said(&app, Of::Conversation(ConversationId(id), &seen), page).await
}

async fn said(app: &App, of: Of<'_>, page: Page) -> Result<Json<MessagePage>, Problem> {
    let before = page.cursor.map(|cursor| cursor.0);
    let mut all = messages::page(&app.intake.pool, &app.intake.ring, of, before, page.limit.0 + 1).await?;
    let most = usize::try_from(page.limit.0).unwrap_or_default();
    // Ascending: what is too much is the oldest.
    let more = all.len() > most;
    if more {
        all.remove(0);
    }
    let oldest = all.first().and_then(|shown| shown.message.seq).filter(|_| more);
    let next_cursor = oldest.map(|seq| Cursor(seq).text());
    Ok(Json(MessagePage { items: all.into_iter().map(Into::into).collect(), next_cursor }))
}
