//! `queues`: who waits, and for how long.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::Look;
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::{QueuePage, WaitingPage};
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
    cursor: Option<Cursor<(String, uuid::Uuid)>>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Places {
    /// At most so many items.
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// List queues
#[utoipa::path(get, path = "/queues", operation_id = "listQueues", tag = "work",
    params(Page), responses((status = 200, body = QueuePage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Query(_): Query<Page>,
) -> Result<Json<QueuePage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// List the chats that wait in a queue
///
/// In the order in which they are given out.
#[utoipa::path(get, path = "/queues/{id}/waiting", operation_id = "listWaitingChats", tag = "work",
    params(("id" = String, Path, description = "Id or key of the queue"), Places), responses((status = 200, body = WaitingPage)))]
pub(crate) async fn waiting(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Key(_): Key,
    Query(_): Query<Places>,
) -> Result<Json<WaitingPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
