//! What may be asked of a chat. Each is stored first and carried out by its workflow; the answer is the chat, or,
//! when no worker answers within five seconds, 202 with the command.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::chat::{
    Assign, Chat, Close, Command, MoveToNode, Nothing, ReturnToBot, SetPriority, Snooze, Take, Transfer,
    TransferTargets,
};
use crate::problem::{Code, Problem};
use crate::server::App;

/// Take a chat
///
/// Taking one's own changes nothing. Another's: 409 `not-holder`, unless with `chats.assign`.
#[utoipa::path(post, path = "/chats/{id}/take", operation_id = "takeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Take, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn take(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Take>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Give a chat to an agent
#[utoipa::path(post, path = "/chats/{id}/assign", operation_id = "assignChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Assign, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn assign(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Assign>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Hand a chat over
///
/// To exactly one of a queue, an agent, a campaign.
#[utoipa::path(post, path = "/chats/{id}/transfer", operation_id = "transferChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Transfer, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn transfer(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Transfer>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// List to whom a chat may be handed over
#[utoipa::path(get, path = "/chats/{id}/transfer-targets", operation_id = "listTransferTargets", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = TransferTargets)))]
pub(crate) async fn targets(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Id(_): Id,
) -> Result<Json<TransferTargets>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Close a chat
#[utoipa::path(post, path = "/chats/{id}/close", operation_id = "closeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Close, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn close(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Close>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Open a closed chat again
///
/// To the agent who had it, if they are available and have room, else to its queue.
#[utoipa::path(post, path = "/chats/{id}/reopen", operation_id = "reopenChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn reopen(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Put a chat aside
///
/// Until a time, or until the client writes.
#[utoipa::path(post, path = "/chats/{id}/snooze", operation_id = "snoozeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Snooze, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn snooze(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Snooze>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Say how urgent a chat is
#[utoipa::path(post, path = "/chats/{id}/priority", operation_id = "setPriority", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = SetPriority, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn priority(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<SetPriority>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Give a chat back to its bot
#[utoipa::path(post, path = "/chats/{id}/return-to-bot", operation_id = "returnToBot", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = ReturnToBot, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn return_to_bot(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<ReturnToBot>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Send a chat's bot to a node
#[utoipa::path(post, path = "/chats/{id}/move-to-node", operation_id = "moveToNode", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = MoveToNode, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn move_to_node(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<MoveToNode>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Stop everything that would happen by itself
#[utoipa::path(post, path = "/chats/{id}/hold", operation_id = "holdChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn hold(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Let it go on
#[utoipa::path(post, path = "/chats/{id}/resume", operation_id = "resumeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn resume(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Id(_): Id,
    IdempotencyKey(_): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Ask what a command came to
#[utoipa::path(get, path = "/commands/{id}", operation_id = "getCommand", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The command")), responses((status = 200, body = Command)))]
pub(crate) async fn command(State(_): State<Arc<App>>, _: Caller, Id(_): Id) -> Result<Json<Command>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
