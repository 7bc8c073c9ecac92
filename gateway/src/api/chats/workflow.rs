//! Why, and what comes next, in plain words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::LedgerPage;
use crate::api::shapes::workflow::ChatWorkflow;
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
    cursor: Option<Cursor<(i64, i64)>>,
}

/// Read a chat's workflow in words
///
/// It stands in Postgres: also a closed chat has one, and a worker that is down hides nothing.
#[utoipa::path(get, path = "/chats/{id}/workflow", operation_id = "getChatWorkflow", tag = "workflow",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = ChatWorkflow)))]
pub(crate) async fn get(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
) -> Result<Json<ChatWorkflow>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// List why everything happened in a chat
///
/// Oldest first.
#[utoipa::path(get, path = "/chats/{id}/ledger", operation_id = "listChatLedger", tag = "workflow",
    params(("id" = uuid::Uuid, Path, description = "The chat"), Page), responses((status = 200, body = LedgerPage)))]
pub(crate) async fn ledger(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    Query(_): Query<Page>,
) -> Result<Json<LedgerPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
