//! `notifications`: what people are told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::NotificationPage;
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
    cursor: Option<Cursor<(chrono::DateTime<chrono::Utc>, uuid::Uuid)>>,
}

/// List what one was told
///
/// Newest first: what is for the caller, and for whoever may assign chats, what is about their chats.
#[utoipa::path(get, path = "/notifications", operation_id = "listNotifications", tag = "people",
    params(Page), responses((status = 200, body = NotificationPage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    _: Caller,
    Query(_): Query<Page>,
) -> Result<Json<NotificationPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Mark everything that one was told as read
#[utoipa::path(post, path = "/notifications/read", operation_id = "readAllNotifications", tag = "people",
    responses((status = 204)))]
pub(crate) async fn read_all(State(_): State<Arc<App>>, _: Caller) -> Result<axum::http::StatusCode, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Mark one as read
#[utoipa::path(post, path = "/notifications/{id}/read", operation_id = "readNotification", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "The notification")), responses((status = 204)))]
pub(crate) async fn read(State(_): State<Arc<App>>, _: Caller, Id(_): Id) -> Result<axum::http::StatusCode, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
