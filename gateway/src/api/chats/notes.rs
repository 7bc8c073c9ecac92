//! Notes about a chat, for colleagues only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::NotePage;
use crate::api::shapes::chat::{NewNote, Note};
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
    cursor: Option<Cursor<uuid::Uuid>>,
}

/// List the notes about a chat
///
/// Newest first.
#[utoipa::path(get, path = "/chats/{id}/notes", operation_id = "listNotes", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), Page), responses((status = 200, body = NotePage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Id(_): Id,
    Query(_): Query<Page>,
) -> Result<Json<NotePage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Write a note
#[utoipa::path(post, path = "/chats/{id}/notes", operation_id = "addNote", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = NewNote, responses((status = 201, body = Note)))]
pub(crate) async fn add(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<NewNote>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
