//! Notes about a chat, for colleagues only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use hilo_domain::id::ChatId;
use hilo_store::desk::NewAudit;
use hilo_store::notes::{self, Added};
use hilo_store::{audit, begin};
use serde_json::json;

use super::list::find;
use crate::api::access::{Caller, Look};
use crate::api::auth::commit;
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Limit, Query, long_enough, next};
use crate::api::shapes::NotePage;
use crate::api::shapes::Person;
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
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Id(id): Id,
    Query(page): Query<Page>,
) -> Result<Json<NotePage>, Problem> {
    find(&app, &viewer, id).await?;
    let before = page.cursor.map(|cursor| cursor.0);
    let (pool, ring) = (&app.intake.pool, &app.intake.ring);
    let mut all = notes::list(pool, ring, ChatId(id), None, before, page.limit.0 + 1).await?;
    let next_cursor = next(&mut all, page.limit, |note| note.id);
    Ok(Json(NotePage { items: all.into_iter().map(shown).collect(), next_cursor }))
}

/// Write a note
#[utoipa::path(post, path = "/chats/{id}/notes", operation_id = "addNote", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = NewNote, responses((status = 201, body = Note)))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<NewNote>,
) -> Result<Response, Problem> {
    find(&app, &viewer, id).await?;
    long_enough("/text", &asked.text, 4096)?;
    let at = app.clock.now();
    let chat = ChatId(id);
    let new = notes::NewNote { chat, user: caller.user, text: &asked.text, idempotency_key: key.as_deref(), at };
    let mut tx = begin(&app.intake.pool).await?;
    let note = match notes::add(&mut tx, &app.intake.ring, &new).await? {
        Added::NoChat => return Err(Problem::not_found()),
        Added::Known { same: false, .. } => {
            return Err(Problem::new(Code::IdempotencyKeyReused, "Draw a new key for a new note."));
        }
        Added::Known { id, same: true } => id,
        Added::New { id: note, outbox } => {
            let row = NewAudit {
                actor: caller.actor,
                action: "chat.note".to_owned(),
                entity: "chat",
                entity_id: id,
                detail: json!({"noteId": note}),
            };
            audit::record(&mut tx, &row, at).await?;
            commit(tx).await?;
            app.intake.relay.ring(outbox);
            note
        }
    };
    let stored = notes::list(&app.intake.pool, &app.intake.ring, chat, Some(note), None, 1).await?.pop();
    let note = stored.map(shown).ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(note)).into_response())
}

fn shown(note: notes::Note) -> Note {
    let (id, name) = note.author;
    Note { id: note.id, chat_id: note.chat.0, author: Person { id: id.0, name }, text: note.text, at: note.at }
}
