//! `campaigns`: numbers, queues and promises that belong together.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use hilo_store::desk::NewAudit;
use hilo_store::{audit, begin, campaigns};
use serde_json::json;

use crate::api::access::{Caller, Look};
use crate::api::auth::commit;
use crate::api::request::{Body, Cursor, Key, Limit, Query, long_enough, next};
use crate::api::shapes::CampaignPage;
use crate::api::shapes::work::{Campaign, CampaignChange};
use crate::problem::{Fault, Problem};
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

/// List campaigns
#[utoipa::path(get, path = "/campaigns", operation_id = "listCampaigns", tag = "work",
    params(Page), responses((status = 200, body = CampaignPage)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Look(viewer): Look,
    Query(page): Query<Page>,
) -> Result<Json<CampaignPage>, Problem> {
    let after = page.cursor.map(|cursor| cursor.0);
    let mut all = campaigns::list(&app.intake.pool, &viewer, None, after.as_ref(), page.limit.0 + 1).await?;
    let next_cursor = next(&mut all, page.limit, |campaign| (campaign.name.clone(), campaign.id.0));
    Ok(Json(CampaignPage { items: all.into_iter().map(shown).collect(), next_cursor }))
}

/// Change a campaign
///
/// What is missing stays. Chats that are under way follow at their next move.
#[utoipa::path(patch, path = "/campaigns/{id}", operation_id = "updateCampaign", tag = "work",
    params(("id" = String, Path, description = "Id or key of the campaign")), request_body = CampaignChange, responses((status = 200, body = Campaign)))]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Look(viewer): Look,
    Key(key): Key,
    Body(asked): Body<CampaignChange>,
) -> Result<Json<Campaign>, Problem> {
    let found = campaigns::list(&app.intake.pool, &viewer, Some(&key), None, 1).await?.pop();
    let before = found.ok_or_else(Problem::not_found)?;
    check(&asked)?;
    let now = app.clock.now();
    let change = campaigns::Change {
        name: asked.name.as_deref().map(str::trim),
        first_reply_seconds: asked.first_reply_seconds,
        idle_seconds: asked.idle_seconds,
        capacity: asked.capacity,
    };
    let mut tx = begin(&app.intake.pool).await?;
    let (campaign, rows) = campaigns::change(&mut tx, before.id, &change, now).await?;
    let (was, is) = (shown(before), shown(campaign));
    let row = NewAudit {
        actor: caller.actor,
        action: "campaign.update".to_owned(),
        entity: "campaign",
        entity_id: is.id,
        detail: json!({"before": was, "after": is}),
    };
    audit::record(&mut tx, &row, now).await?;
    commit(tx).await?;
    app.intake.relay.ring(rows);
    Ok(Json(is))
}

fn check(asked: &CampaignChange) -> Result<(), Problem> {
    if let Some(name) = &asked.name {
        long_enough("/name", name, 200)?;
    }
    let numbers = [
        ("/firstReplySeconds", asked.first_reply_seconds, 604_800),
        ("/idleSeconds", asked.idle_seconds, 2_592_000),
        ("/capacity", asked.capacity, 1_000),
    ];
    let wrong: Vec<Fault> = numbers
        .into_iter()
        .filter(|(_, value, most)| value.is_some_and(|value| !(1..=*most).contains(&value)))
        .map(|(pointer, _, most)| Fault {
            pointer: pointer.to_owned(),
            message: format!("it must be a whole number from 1 to {most}"),
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
}

fn shown(campaign: campaigns::Campaign) -> Campaign {
    Campaign {
        id: campaign.id.0,
        key: campaign.key,
        name: campaign.name,
        status: campaign.status,
        first_reply_seconds: campaign.first_reply_seconds,
        idle_seconds: campaign.idle_seconds,
        capacity: campaign.capacity,
    }
}
