//! `users`: people, and what they are ready for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_domain::id::{AgentId, UserId};
use hilo_domain::permission::Scope;
use hilo_store::agents::Standing;
use hilo_store::desk::NewAudit;
use hilo_store::{agents, audit, begin, campaigns, users};
use serde_json::json;

use crate::api::access::{Caller, Look};
use crate::api::auth::commit;
use crate::api::request::{Body, Cursor, Id, Limit, Query, next};
use crate::api::shapes::UserPage;
use crate::api::shapes::people::{Me, SetState, User, UserState};
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

/// List users
#[utoipa::path(get, path = "/users", operation_id = "listUsers", tag = "people",
    params(Page), responses((status = 200, body = UserPage)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Query(page): Query<Page>,
) -> Result<Json<UserPage>, Problem> {
    let after = page.cursor.map(|cursor| cursor.0);
    let mut users = users::list(&app.intake.pool, &viewer, None, after.as_ref(), page.limit.0 + 1).await?;
    let next_cursor = next(&mut users, page.limit, |user| (user.name.clone(), user.id.0));
    Ok(Json(UserPage { items: users.into_iter().map(shown).collect(), next_cursor }))
}

/// Set what an agent is ready for
///
/// One's own, or with `chats.update` beyond one's own that of one's team. Logging in and out changes nothing.
#[utoipa::path(put, path = "/users/{id}/state", operation_id = "setUserState", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "The user")), request_body = SetState, responses((status = 200, body = UserState)))]
pub(crate) async fn set_state(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Id(id): Id,
    Body(asked): Body<SetState>,
) -> Result<Json<UserState>, Problem> {
    let user = UserId(id);
    if users::list(&app.intake.pool, &viewer, Some(user), None, 1).await?.is_empty() {
        return Err(Problem::not_found());
    }
    let reason = asked.reason_id.as_deref();
    if let Some(reason) = reason
        && !campaigns::is_pause_reason(&app.intake.pool, reason).await?
    {
        return Err(Problem::fault("/reasonId", "there is no such reason; `GET pause-reasons` lists them"));
    }
    let now = app.clock.now();
    let mut tx = begin(&app.intake.pool).await?;
    let state = asked.state.into();
    let (standing, rows) = agents::set_state(&mut tx, AgentId(id), state, reason, &caller.actor, now).await?;
    let row = NewAudit {
        actor: caller.actor,
        action: "user.state".to_owned(),
        entity: "user",
        entity_id: id,
        detail: json!({"state": state, "reason": reason}),
    };
    audit::record(&mut tx, &row, now).await?;
    commit(tx).await?;
    app.intake.relay.ring(rows);
    Ok(Json(stands(standing)))
}

/// The caller, with what they may do.
pub(crate) async fn me(app: &App, caller: &Caller) -> Result<Me, Problem> {
    let own = caller.with(Scope::Own);
    let user = users::list(&app.intake.pool, &own, Some(caller.user), None, 1).await?.pop();
    let user = user.ok_or_else(Problem::not_found)?;
    Ok(Me { user: shown(user), permissions: caller.grants(), session_id: caller.session })
}

fn shown(user: users::User) -> User {
    User {
        id: user.id.0,
        email: user.email,
        name: user.name,
        role: user.role.into(),
        locale: user.locale,
        state: user.standing.map(stands),
        load: user.load,
        campaign_ids: user.campaigns.into_iter().map(|id| id.0).collect(),
    }
}

fn stands(standing: Standing) -> UserState {
    UserState { state: standing.state.into(), reason_id: standing.reason, since: standing.since }
}
