//! `users`: people, and what they are ready for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::UserPage;
use crate::api::shapes::people::{Me, SetState, UserState};
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

/// List users
#[utoipa::path(get, path = "/users", operation_id = "listUsers", tag = "people",
    params(Page), responses((status = 200, body = UserPage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Query(_): Query<Page>,
) -> Result<Json<UserPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Set what an agent is ready for
///
/// One's own, or with `chats.update` beyond one's own that of one's team. Logging in and out changes nothing.
#[utoipa::path(put, path = "/users/{id}/state", operation_id = "setUserState", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "The user")), request_body = SetState, responses((status = 200, body = UserState)))]
pub(crate) async fn set_state(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    Body(_): Body<SetState>,
) -> Result<Json<UserState>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// The caller, with what they may do.
pub(crate) async fn me(_: &App, _: &Caller) -> Result<Me, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
