//! What may be asked of a chat. Each is stored first and carried out by its workflow; the answer is the chat, or,
//! when no worker answers within five seconds, 202 with the command.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use hilo_domain::command::{Answer, Command as Ask};
use hilo_domain::id::{AgentId, ChatId, CommandId};
use hilo_domain::permission::{Permission, Scope};
use hilo_domain::viewer::Viewer;
use hilo_store::campaigns::{self, Reasons};
use hilo_store::{agents, commands, inbox};
use uuid::Uuid;

use super::carry::{self, Asked, Came, Reach};
use super::list::{find, shown};
use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Id, IdempotencyKey, not_too_long};
use crate::api::shapes::Named;
use crate::api::shapes::chat::{
    Assign, Chat, Close, Command, CommandState, MoveToNode, Nothing, ReturnToBot, SetPriority, Snooze, Take, Transfer,
    TransferAgent, TransferTargets,
};
use crate::problem::Problem;
use crate::server::App;

/// Take a chat
///
/// Taking one's own changes nothing. Another's: 409 `not-holder`, unless with `chats.assign`.
#[utoipa::path(post, path = "/chats/{id}/take", operation_id = "takeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Take, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Take>,
) -> Result<Response, Problem> {
    let assigns = caller.reach(Permission::ChatsAssign).is_some();
    let command = Ask::Take { over: assigns, force: asked.force && assigns };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Known }).await
}

/// Give a chat to an agent
#[utoipa::path(post, path = "/chats/{id}/assign", operation_id = "assignChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Assign, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn assign(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Assign>,
) -> Result<Response, Problem> {
    let agent = AgentId(asked.agent_id);
    if !agents::exists(&app.intake.pool, agent).await? {
        return Err(Problem::fault("/agentId", "there is no such agent"));
    }
    let command = Ask::Assign { agent, force: asked.force };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Hand a chat over
///
/// To exactly one of a queue, an agent, a campaign.
#[utoipa::path(post, path = "/chats/{id}/transfer", operation_id = "transferChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Transfer, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Transfer>,
) -> Result<Response, Problem> {
    let over = caller.reach(Permission::ChatsAssign).is_some();
    let command = transferring(&app, asked, over).await?;
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Known }).await
}

/// List to whom a chat may be handed over
#[utoipa::path(get, path = "/chats/{id}/transfer-targets", operation_id = "listTransferTargets", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = TransferTargets)))]
pub(crate) async fn targets(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Id(id): Id,
) -> Result<Json<TransferTargets>, Problem> {
    let chat = find(&app, &viewer, id).await?;
    let pool = &app.intake.pool;
    let Some(campaign) = chat.campaign_id else {
        return Ok(Json(TransferTargets { queues: Vec::new(), agents: Vec::new() }));
    };
    let team = Viewer { scope: Scope::Team, campaigns: vec![campaign.into()], ..viewer };
    let queues = campaigns::queues(pool, &team, None, None, 200).await?;
    let capacity = campaigns::list(pool, &team, None, None, 1).await?.pop().map_or(0, |c| i64::from(c.capacity));
    let agents = agents::of_campaign(pool, campaign.into()).await?;
    Ok(Json(TransferTargets {
        queues: queues.into_iter().map(|q| Named { id: q.id.0, key: q.key, name: q.name }).collect(),
        agents: agents
            .into_iter()
            .map(|(id, name, state, load)| TransferAgent { id: id.0, name, state: state.into(), load, capacity })
            .collect(),
    }))
}

/// Close a chat
#[utoipa::path(post, path = "/chats/{id}/close", operation_id = "closeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Close, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Close>,
) -> Result<Response, Problem> {
    if !reasons(&app).await?.contains(&asked.reason) {
        return Err(Problem::fault("/reason", "there is no such reason; `GET close-reasons` lists them"));
    }
    if let Some(note) = &asked.note {
        not_too_long("/note", note.chars().count(), 2000)?;
    }
    let over = caller.reach(Permission::ChatsAssign).is_some();
    let command = Ask::Close { reason: asked.reason, note: asked.note, over };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Known }).await
}

/// Open a closed chat again
///
/// To the agent who had it, if they are available and have room, else to its queue.
#[utoipa::path(post, path = "/chats/{id}/reopen", operation_id = "reopenChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    let command = Ask::Reopen {};
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Put a chat aside
///
/// Until a time, or until the client writes.
#[utoipa::path(post, path = "/chats/{id}/snooze", operation_id = "snoozeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Snooze, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn snooze(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Snooze>,
) -> Result<Response, Problem> {
    if asked.until <= app.clock.now() {
        return Err(Problem::fault("/until", "it must be in the future"));
    }
    let command = Ask::Snooze { until: asked.until };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Known }).await
}

/// Say how urgent a chat is
#[utoipa::path(post, path = "/chats/{id}/priority", operation_id = "setPriority", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = SetPriority, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn priority(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<SetPriority>,
) -> Result<Response, Problem> {
    let command = Ask::Priority { priority: asked.priority.rank() };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Give a chat back to its bot
#[utoipa::path(post, path = "/chats/{id}/return-to-bot", operation_id = "returnToBot", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = ReturnToBot, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn return_to_bot(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<ReturnToBot>,
) -> Result<Response, Problem> {
    let command = Ask::ReturnToBot { node: asked.node_id };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Send a chat's bot to a node
#[utoipa::path(post, path = "/chats/{id}/move-to-node", operation_id = "moveToNode", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = MoveToNode, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn move_to_node(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<MoveToNode>,
) -> Result<Response, Problem> {
    let command = Ask::MoveToNode { node: asked.node_id };
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Stop everything that would happen by itself
#[utoipa::path(post, path = "/chats/{id}/hold", operation_id = "holdChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    let command = Ask::Hold {};
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Let it go on
#[utoipa::path(post, path = "/chats/{id}/resume", operation_id = "resumeChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat"), ("idempotency-key" = Option<String>, Header, description = "Carries it out once")), request_body = Nothing, responses((status = 200, body = Chat), (status = 202, body = Command)))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(_): Body<Nothing>,
) -> Result<Response, Problem> {
    let command = Ask::Resume {};
    ask(&app, &caller, &viewer, Asked { chat: ChatId(id), command, key, reach: Reach::Seen }).await
}

/// Ask what a command came to
#[utoipa::path(get, path = "/commands/{id}", operation_id = "getCommand", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The command")), responses((status = 200, body = Command)))]
pub(crate) async fn command(State(app): State<Arc<App>>, caller: Caller, Id(id): Id) -> Result<Json<Command>, Problem> {
    let seen = commands::seen(&app.intake.pool, CommandId(id)).await?;
    let seen = seen.filter(|seen| seen.user == Some(caller.user)).ok_or_else(Problem::not_found)?;
    let (state, code, holder) = match seen.answer {
        None => (CommandState::Requested, None, None),
        Some(Answer::Done {}) => (CommandState::Done, None, None),
        Some(Answer::Expired {}) => (CommandState::Expired, None, None),
        Some(Answer::Refused { code, holder }) => (CommandState::Refused, Some(carry::code(code)), holder),
    };
    Ok(Json(Command {
        command_id: id,
        chat_id: seen.chat.map(|chat| chat.0).unwrap_or_default(),
        kind: seen.kind,
        state,
        code: code.map(|code| code.as_str().to_owned()),
        holder: carry::person(&app, holder).await?,
        requested_at: seen.requested_at,
    }))
}

/// Has it carried out; answers with the chat, or with the stored command.
async fn ask(app: &Arc<App>, caller: &Caller, viewer: &Viewer, asked: Asked) -> Result<Response, Problem> {
    let (chat, kind) = (asked.chat, asked.command.kind());
    match carry::out(app, caller, viewer, asked).await? {
        Came::Done { .. } => {
            let view = inbox::read(&app.intake.pool, &app.intake.ring, &[chat]).await?.pop();
            Ok(Json(view.map(shown).ok_or_else(Problem::not_found)?).into_response())
        }
        Came::Later { command, at, .. } => {
            let stored = Command {
                command_id: command.0,
                chat_id: chat.0,
                kind: kind.to_owned(),
                state: CommandState::Requested,
                code: None,
                holder: None,
                requested_at: at,
            };
            Ok((StatusCode::ACCEPTED, Json(stored)).into_response())
        }
    }
}

async fn reasons(app: &App) -> Result<Vec<String>, Problem> {
    let all = campaigns::reasons(&app.intake.pool, Reasons::Close, None, 1000).await?;
    Ok(all.into_iter().map(|(_, key, _)| key).collect())
}

/// A transfer to exactly one place.
async fn transferring(app: &App, asked: Transfer, over: bool) -> Result<Ask, Problem> {
    if let Some(note) = &asked.note {
        not_too_long("/note", note.chars().count(), 2000)?;
    }
    let everything = Viewer { user: Uuid::nil().into(), scope: Scope::All, campaigns: Vec::new() };
    let pool = &app.intake.pool;
    let (queue, agent) = match (asked.queue_id, asked.agent_id, asked.campaign_id) {
        (Some(key), None, None) => {
            let found = campaigns::queues(pool, &everything, Some(&key), None, 1).await?.pop();
            let queue = found.ok_or_else(|| Problem::fault("/queueId", "there is no such queue"))?;
            (Some(queue.id), None)
        }
        (None, Some(id), None) => {
            if !agents::exists(pool, AgentId(id)).await? {
                return Err(Problem::fault("/agentId", "there is no such agent"));
            }
            (None, Some(AgentId(id)))
        }
        (None, None, Some(key)) => {
            let found = campaigns::list(pool, &everything, Some(&key), None, 1).await?.pop();
            let campaign = found.ok_or_else(|| Problem::fault("/campaignId", "there is no such campaign"))?;
            let team = Viewer { scope: Scope::Team, campaigns: vec![campaign.id], ..everything };
            let queues = campaigns::queues(pool, &team, None, None, 200).await?;
            let queue = queues.into_iter().find(|queue| queue.is_default);
            let queue = queue.ok_or_else(|| Problem::fault("/campaignId", "it has no default queue"))?;
            (Some(queue.id), None)
        }
        _ => return Err(Problem::fault("", "name exactly one of `queueId`, `agentId` and `campaignId`")),
    };
    Ok(Ask::Transfer { queue, agent, note: asked.note, over })
}
