//! What is said in a chat.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::MessagePage;
use crate::api::shapes::message::{Message, NewMessage};
use crate::problem::{Code, Problem};
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
    State(_): State<Arc<App>>,
    Look(_): Look,
    Id(_): Id,
    Query(_): Query<Page>,
) -> Result<Json<MessagePage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Send a message
///
/// Its state comes over the socket. Outside of the 24-hour window: 422 `window-closed`.
#[utoipa::path(post, path = "/chats/{id}/messages", operation_id = "sendMessage", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = NewMessage, responses((status = 202, body = Message)))]
pub(crate) async fn send(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<NewMessage>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// List the messages of a conversation
///
/// Those of chats that the caller may not see are left out. Ascending in a page, the newest page first.
#[utoipa::path(get, path = "/conversations/{id}/messages", operation_id = "listConversationMessages", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), Page), responses((status = 200, body = MessagePage)))]
pub(crate) async fn of_conversation(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Id(_): Id,
    Query(_): Query<Page>,
) -> Result<Json<MessagePage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
