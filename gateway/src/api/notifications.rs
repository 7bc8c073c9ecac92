//! `notifications`: what people are told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use axum::http::StatusCode;
use hilo_domain::permission::{Permission, Scope};
use hilo_domain::viewer::Viewer;
use hilo_store::notifications;

use crate::api::access::Caller;
use crate::api::request::{Cursor, Id, Limit, Query, next};
use crate::api::shapes::NotificationPage;
use crate::api::shapes::people::Notification;
use crate::problem::Problem;
use crate::server::App;
use crate::words::Language;

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
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<NotificationPage>, Problem> {
    let before = page.cursor.map(|cursor| cursor.0);
    let over = over(&caller);
    let pool = &app.intake.pool;
    let mut all = notifications::list(pool, caller.user, over.as_ref(), before.as_ref(), page.limit.0 + 1).await?;
    let next_cursor = next(&mut all, page.limit, |notice| (notice.at, notice.id));
    let items = all.into_iter().map(|notice| shown(notice, caller.language)).collect();
    Ok(Json(NotificationPage { items, next_cursor }))
}

/// Mark everything that one was told as read
#[utoipa::path(post, path = "/notifications/read", operation_id = "readAllNotifications", tag = "people",
    responses((status = 204)))]
pub(crate) async fn read_all(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Problem> {
    notifications::read_all(&app.intake.pool, caller.user, over(&caller).as_ref(), app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark one as read
#[utoipa::path(post, path = "/notifications/{id}/read", operation_id = "readNotification", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "The notification")), responses((status = 204)))]
pub(crate) async fn read(State(app): State<Arc<App>>, caller: Caller, Id(id): Id) -> Result<StatusCode, Problem> {
    let over = over(&caller);
    let read = notifications::read(&app.intake.pool, id, caller.user, over.as_ref(), app.clock.now()).await?;
    if read { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// Whose chats somebody looks after: whoever may assign chats of others is told about them.
pub(crate) fn over(caller: &Caller) -> Option<Viewer> {
    caller.viewer(Permission::ChatsAssign).filter(|viewer| viewer.scope > Scope::Own)
}

/// A notification as its reader sees it.
pub(crate) fn shown(notice: notifications::Notice, language: Language) -> Notification {
    let key = format!("notice-{}", notice.kind.replace('.', "-"));
    let key = if language.has(&key) { key } else { "notice-other".to_owned() };
    Notification {
        id: notice.id,
        text: language.say(&key, &[("kind", &notice.kind)]),
        kind: notice.kind,
        chat_id: notice.chat,
        data: notice.data,
        at: notice.at,
        read_at: notice.read_at,
    }
}
