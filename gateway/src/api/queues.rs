//! `queues`: who waits, and for how long.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_store::{campaigns, inbox};

use crate::api::access::Look;
use crate::api::chats::list::shown;
use crate::api::request::{Cursor, Key, Limit, Query, next};
use crate::api::shapes::work::{Queue, WaitingChat};
use crate::api::shapes::{QueuePage, WaitingPage};
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
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Query(page): Query<Page>,
) -> Result<Json<QueuePage>, Problem> {
    let after = page.cursor.map(|cursor| cursor.0);
    let mut all = campaigns::queues(&app.intake.pool, &viewer, None, after.as_ref(), page.limit.0 + 1).await?;
    let next_cursor = next(&mut all, page.limit, |queue| (queue.name.clone(), queue.id.0));
    let items = all.into_iter().map(|queue| Queue {
        id: queue.id.0,
        key: queue.key,
        name: queue.name,
        campaign_id: queue.campaign.0,
        is_default: queue.is_default,
        waiting: queue.waiting,
        oldest_since: queue.oldest_since,
        available_agents: queue.available,
    });
    Ok(Json(QueuePage { items: items.collect(), next_cursor }))
}

/// List the chats that wait in a queue
///
/// In the order in which they are given out.
#[utoipa::path(get, path = "/queues/{id}/waiting", operation_id = "listWaitingChats", tag = "work",
    params(("id" = String, Path, description = "Id or key of the queue"), Places), responses((status = 200, body = WaitingPage)))]
pub(crate) async fn waiting(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Key(key): Key,
    Query(page): Query<Places>,
) -> Result<Json<WaitingPage>, Problem> {
    let pool = &app.intake.pool;
    let found = campaigns::queues(pool, &viewer, Some(&key), None, 1).await?.pop();
    let queue = found.ok_or_else(Problem::not_found)?;
    let skip = page.cursor.map_or(0, |cursor| cursor.0.clamp(0, 100_000));
    let ids = inbox::waiting(pool, queue.id, skip, page.limit.0 + 1).await?;
    let views = inbox::read(pool, &app.intake.ring, &ids).await?;
    let mut places: Vec<_> = (skip + 1..).zip(views).collect();
    let next_cursor = next(&mut places, page.limit, |(position, _)| *position);
    let items = places.into_iter().map(|(position, view)| WaitingChat { position, chat: shown(view) });
    Ok(Json(WaitingPage { items: items.collect(), next_cursor }))
}
