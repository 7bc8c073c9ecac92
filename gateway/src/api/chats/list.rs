//! Reading chats.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::ChatPage;
use crate::api::shapes::chat::Chat;
use crate::problem::{Code, Problem};
use crate::server::App;

/// Which chats, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Filter {
    /// States, with commas between them: `queued,assigned`.
    #[param(example = "assigned,active")]
    status: Option<String>,
    /// `me`, `none`, or an agent's id.
    #[param(example = "me")]
    agent: Option<String>,
    /// Id or key of a queue.
    queue_id: Option<String>,
    /// Id or key of a campaign.
    campaign_id: Option<String>,
    /// A client.
    #[param(value_type = Option<uuid::Uuid>)]
    client_id: Option<String>,
    /// A client's phone, in any writing.
    phone: Option<String>,
    /// A part of the client's name or phone; 100 characters at most.
    #[param(max_length = 100)]
    q: Option<String>,
    /// At most so many items.
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(chrono::DateTime<chrono::Utc>, uuid::Uuid)>>,
}

/// List chats
///
/// Last activity first. An agent sees their own, and those that wait in the queues of their campaigns.
#[utoipa::path(get, path = "/chats", operation_id = "listChats", tag = "chats",
    params(Filter), responses((status = 200, body = ChatPage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Query(_): Query<Filter>,
) -> Result<Json<ChatPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Read a chat
#[utoipa::path(get, path = "/chats/{id}", operation_id = "getChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = Chat)))]
pub(crate) async fn get(State(_): State<Arc<App>>, Look(_): Look, Id(_): Id) -> Result<Json<Chat>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
