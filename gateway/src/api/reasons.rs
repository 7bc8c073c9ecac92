//! `close-reasons` and `pause-reasons`: what people choose from.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::{CloseReasonPage, PauseReasonPage};
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
    cursor: Option<Cursor<(i32, String)>>,
}

/// List the reasons for closing a chat
#[utoipa::path(get, path = "/close-reasons", operation_id = "listCloseReasons", tag = "work",
    params(Page), responses((status = 200, body = CloseReasonPage)))]
pub(crate) async fn close(State(_): State<Arc<App>>, Query(_): Query<Page>) -> Result<Json<CloseReasonPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// List the reasons for a pause
#[utoipa::path(get, path = "/pause-reasons", operation_id = "listPauseReasons", tag = "people",
    params(Page), responses((status = 200, body = PauseReasonPage)))]
pub(crate) async fn pause(State(_): State<Arc<App>>, Query(_): Query<Page>) -> Result<Json<PauseReasonPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
