//! Why, and what comes next, in plain words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_domain::id::ChatId;
use hilo_store::turns;

use super::list::find;
use super::telling;
use crate::api::access::{Caller, Look};
use crate::api::request::{Cursor, Id, Limit, Query};
use crate::api::shapes::LedgerPage;
use crate::api::shapes::workflow::{ChatWorkflow, LedgerItem, Run};
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
    cursor: Option<Cursor<(i64, i64)>>,
}

/// Read a chat's workflow in words
///
/// It stands in Postgres: also a closed chat has one, and a worker that is down hides nothing.
#[utoipa::path(get, path = "/chats/{id}/workflow", operation_id = "getChatWorkflow", tag = "workflow",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = ChatWorkflow)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Json<ChatWorkflow>, Problem> {
    let chat = find(&app, &viewer, id).await?;
    let inside = turns::inside(&app.intake.pool, &app.intake.ring, ChatId(id)).await?.ok_or_else(Problem::not_found)?;
    let workflow_id = hilo_workflows::conversation::workflow_id(inside.conversation);
    let runs = app.runs.runs(inside.conversation).await;
    if let Err(error) = &runs {
        tracing::info!(%error, "Temporal could not be asked about a conversation's runs");
    }
    let temporal_answers = runs.is_ok();
    let runs = runs.unwrap_or_default().into_iter().map(|run| Run {
        run_id: run.run_id,
        events: run.events,
        status: run.status.to_owned(),
        started_at: run.started_at,
    });
    let temporal_url = app.temporal_ui.as_ref().map(|ui| {
        let base = ui.as_str().trim_end_matches('/');
        let id = percent_encoding::utf8_percent_encode(&workflow_id, percent_encoding::NON_ALPHANUMERIC);
        format!("{base}/namespaces/{}/workflows/{id}", app.temporal_namespace)
    });
    let told = telling::Told { chat: &chat, inside: &inside, language: language(&caller, &headers) };
    Ok(Json(ChatWorkflow {
        chat_id: id,
        status: chat.status,
        summary: told.summary(),
        held: chat.held,
        flow: told.flow(),
        variables: told.variables(),
        waits_for: told.waits_for(),
        timers: told.timers(),
        next: told.next(),
        runs: runs.collect(),
        temporal_answers,
        temporal_url,
        workflow_id,
    }))
}

/// List why everything happened in a chat
///
/// Oldest first.
#[utoipa::path(get, path = "/chats/{id}/ledger", operation_id = "listChatLedger", tag = "workflow",
    params(("id" = uuid::Uuid, Path, description = "The chat"), Page), responses((status = 200, body = LedgerPage)))]
pub(crate) async fn ledger(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Json<LedgerPage>, Problem> {
    find(&app, &viewer, id).await?;
    let language = language(&caller, &headers);
    let (act, entry) = page.cursor.map_or((0, 0), |cursor| cursor.0);
    // Each act has an entry at least, so that a page never needs more acts than it has lines.
    let limit = page.limit.0 + 1;
    let acts = turns::ledger_of(&app.intake.pool, &app.intake.ring, ChatId(id), act, limit).await?;
    let lines = acts.into_iter().flat_map(|act| {
        let (n, at) = (act.n, act.at);
        (0_i64..).zip(act.entries).map(move |(index, entry)| (n, index, at, entry))
    });
    let mut lines: Vec<_> = lines.filter(|(n, index, ..)| (*n, *index) >= (act, entry)).collect();
    let most = usize::try_from(page.limit.0).unwrap_or_default();
    let next_cursor = lines.get(most).map(|(n, index, ..)| Cursor((*n, *index)).text());
    lines.truncate(most);
    let names = telling::Names::of(&app, lines.iter().map(|(_, _, _, entry)| entry)).await?;
    let items = lines.into_iter().map(|(n, index, at, entry)| LedgerItem {
        seq: n.saturating_mul(ENTRIES).saturating_add(index),
        at,
        text: telling::line(&entry, &names, language),
        kind: entry.kind,
        detail: entry.detail,
    });
    Ok(Json(LedgerPage { items: items.collect(), next_cursor }))
}

/// One act has fewer entries than this: it makes a line's number of an act's and its own.
const ENTRIES: i64 = 100_000;

/// The language that the request asks for, else the reader's own.
fn language(caller: &Caller, headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    asked.and_then(Language::accepted).unwrap_or(caller.language)
}
