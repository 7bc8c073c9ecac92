//! Reading chats.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_domain::chat::ChatStatus;
use hilo_domain::id::ChatId;
use hilo_domain::permission::Scope;
use hilo_domain::viewer::Viewer;
use hilo_store::inbox::{self, Agent};
use hilo_store::{campaigns, desk};

use crate::api::access::Look;
use crate::api::request::{Cursor, Id, Limit, Query, next, not_too_long};
use crate::api::shapes::ChatPage;
use crate::api::shapes::chat::{Attention, Chat, ClientRef, NumberRef, Priority, Sla};
use crate::api::shapes::{Named, Person};
use crate::problem::Problem;
use crate::server::App;

/// Which chats, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Filter {
    /// States, with commas between them: `queued,assigned`.
    #[param(example = "assigned,active")]
    status: Option<String>,
    /// `me`, `none`, or an agent's id.
    #[param(example = "me")]
    agent: Option<String>,
    /// Id or key of a queue.
    queue_id: Option<String>,
    /// Id or key of a campaign.
    campaign_id: Option<String>,
    /// A client.
    #[param(value_type = Option<uuid::Uuid>)]
    client_id: Option<String>,
    /// A client's phone, in any writing.
    phone: Option<String>,
    /// A part of the client's name or phone; 100 characters at most.
    #[param(max_length = 100)]
    q: Option<String>,
    /// At most so many items.
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(chrono::DateTime<chrono::Utc>, uuid::Uuid)>>,
}

/// List chats
///
/// Last activity first. An agent sees their own, and those that wait in the queues of their campaigns.
#[utoipa::path(get, path = "/chats", operation_id = "listChats", tag = "chats",
    params(Filter), responses((status = 200, body = ChatPage)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Query(asked): Query<Filter>,
) -> Result<Json<ChatPage>, Problem> {
    let limit = asked.limit;
    let Some(filter) = filter(&app, &viewer, asked).await? else {
        return Ok(Json(ChatPage { items: Vec::new(), next_cursor: None }));
    };
    let pool = &app.intake.pool;
    let ids = inbox::list(pool, &viewer, &filter, limit.0 + 1).await?;
    let mut views = inbox::read(pool, &app.intake.ring, &ids).await?;
    let next_cursor = next(&mut views, limit, |view| (view.activity_at, view.id.0));
    Ok(Json(ChatPage { items: views.into_iter().map(shown).collect(), next_cursor }))
}

/// Read a chat
#[utoipa::path(get, path = "/chats/{id}", operation_id = "getChat", tag = "chats",
    params(("id" = uuid::Uuid, Path, description = "The chat")), responses((status = 200, body = Chat)))]
pub(crate) async fn get(State(app): State<Arc<App>>, Look(viewer): Look, Id(id): Id) -> Result<Json<Chat>, Problem> {
    find(&app, &viewer, id).await.map(Json)
}

/// A chat that a viewer sees.
pub(crate) async fn find(app: &App, viewer: &Viewer, id: uuid::Uuid) -> Result<Chat, Problem> {
    let view = inbox::read(&app.intake.pool, &app.intake.ring, &[ChatId(id)]).await?.pop();
    view.filter(|view| viewer.sees(&view.place())).map(shown).ok_or_else(Problem::not_found)
}

/// What is asked for, as the store takes it; `None` when it names something that nobody sees there.
async fn filter(app: &App, viewer: &Viewer, asked: Filter) -> Result<Option<inbox::Filter>, Problem> {
    let pool = &app.intake.pool;
    let mut filter = inbox::Filter { after: asked.cursor.map(|cursor| cursor.0), ..inbox::Filter::default() };
    if let Some(words) = asked.status {
        let read = |word: &str| {
            ChatStatus::from_name(word.trim())
                .ok_or_else(|| Problem::fault("/status", format!("`{}` is no state of a chat", word.trim())))
        };
        filter.statuses = Some(words.split(',').map(read).collect::<Result<_, _>>()?);
    }
    filter.agent = match asked.agent.as_deref() {
        None => Agent::Any,
        Some("none") => Agent::Nobody,
        Some("me") => Agent::This(viewer.user.0.into()),
        Some(id) => {
            let wrong = |_| Problem::fault("/agent", "it must be `me`, `none`, or an agent's id");
            Agent::This(id.parse().map_err(wrong)?)
        }
    };
    let everything = Viewer { scope: Scope::All, ..viewer.clone() };
    if let Some(key) = asked.queue_id {
        let Some(queue) = campaigns::queues(pool, &everything, Some(&key), None, 1).await?.pop() else {
            return Ok(None);
        };
        filter.queue = Some(queue.id);
    }
    if let Some(key) = asked.campaign_id {
        let found = campaigns::list(pool, &everything, Some(&key), None, 1).await?.pop();
        let Some(campaign) = found else { return Ok(None) };
        filter.campaign = Some(campaign.id);
    }
    if let Some(id) = asked.client_id {
        filter.client = Some(id.parse().map_err(|_| Problem::fault("/clientId", "it must be a client's id"))?);
    }
    if let Some(phone) = asked.phone {
        let Some(folded) = hilo_domain::phone::fold(&phone) else {
            return Err(Problem::fault("/phone", "it must be a phone number with its country's code"));
        };
        filter.phone = Some(folded);
    }
    if let Some(words) = asked.q.map(|words| words.trim().to_owned()).filter(|words| !words.is_empty()) {
        not_too_long("/q", words.chars().count(), 100)?;
        filter.words = Some(words);
    }
    Ok(Some(filter))
}

/// A chat as the interface shows it.
pub(crate) fn shown(view: inbox::View) -> Chat {
    let named = |named: inbox::Named| Named { id: named.id, key: named.key, name: named.name };
    let agent = view.agent.map(|(id, name)| Person { id: id.0, name });
    Chat {
        id: view.id.0,
        conversation_id: view.conversation.0,
        number: NumberRef { id: view.number.0.0, phone: view.number.1, name: view.number.2 },
        client: ClientRef { id: view.client.0.0, name: view.client.1, phone: view.client.2 },
        campaign_id: view.campaign.as_ref().map(|campaign| campaign.id),
        campaign: view.campaign.map(named),
        queue_id: view.queue.as_ref().map(|queue| queue.id),
        queue: view.queue.map(named),
        status: view.status.into(),
        priority: Priority::of(view.priority),
        agent_id: agent.as_ref().map(|agent| agent.id),
        agent,
        attention: view.attention.map(|(reason, since)| Attention { since, reason }),
        held: view.held,
        opened_at: view.opened_at,
        queued_at: view.queued_at,
        waiting_since: view.waiting_since,
        assigned_at: view.assigned_at,
        first_reply_at: view.first_reply_at,
        snoozed_until: view.wake_at,
        closed_at: view.closed_at,
        close_reason: view.close_reason,
        unread: view.unread,
        last_message: view.last_message.map(Into::into),
        last_activity_at: view.activity_at,
        sla: Sla { first_reply_due_at: view.first_reply_due_at, breached_at: view.breached_at },
        window_closes_at: view.last_inbound_at.map(|at| at + desk::WINDOW),
        last_seq: view.last_seq,
    }
}
