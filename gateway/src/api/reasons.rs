//! `close-reasons` and `pause-reasons`: what people choose from.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_store::campaigns::{self, Reasons};

use crate::api::request::{Cursor, Limit, Query, next};
use crate::api::shapes::people::PauseReason;
use crate::api::shapes::work::CloseReason;
use crate::api::shapes::{CloseReasonPage, PauseReasonPage};
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
    cursor: Option<Cursor<(i32, String)>>,
}

/// List the reasons for closing a chat
#[utoipa::path(get, path = "/close-reasons", operation_id = "listCloseReasons", tag = "work",
    params(Page), responses((status = 200, body = CloseReasonPage)))]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<CloseReasonPage>, Problem> {
    let (items, next_cursor) = choices(&app, Reasons::Close, page).await?;
    let items = items.into_iter().map(|(_, key, name)| CloseReason { key, name }).collect();
    Ok(Json(CloseReasonPage { items, next_cursor }))
}

/// List the reasons for a pause
#[utoipa::path(get, path = "/pause-reasons", operation_id = "listPauseReasons", tag = "people",
    params(Page), responses((status = 200, body = PauseReasonPage)))]
pub(crate) async fn pause(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<PauseReasonPage>, Problem> {
    let (items, next_cursor) = choices(&app, Reasons::Pause, page).await?;
    let items = items.into_iter().map(|(_, id, name)| PauseReason { id, name }).collect();
    Ok(Json(PauseReasonPage { items, next_cursor }))
}

type Choices = Vec<(i32, String, String)>;

async fn choices(app: &App, of: Reasons, page: Page) -> Result<(Choices, Option<String>), Problem> {
    let after = page.cursor.map(|cursor| cursor.0);
    let mut items = campaigns::reasons(&app.intake.pool, of, after.as_ref(), page.limit.0 + 1).await?;
    let next_cursor = next(&mut items, page.limit, |(position, key, _)| (*position, key.clone()));
    Ok((items, next_cursor))
}
