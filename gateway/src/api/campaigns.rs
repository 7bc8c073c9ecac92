//! `campaigns`: numbers, queues and promises that belong together.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::access::{Caller, Look};
use crate::api::request::{Body, Cursor, Id, IdempotencyKey, Key, Limit, Query};
use crate::api::shapes::CampaignPage;
use crate::api::shapes::work::{Campaign, CampaignChange};
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
    cursor: Option<Cursor<(String, uuid::Uuid)>>,
}

/// List campaigns
#[utoipa::path(get, path = "/campaigns", operation_id = "listCampaigns", tag = "work",
    params(Page), responses((status = 200, body = CampaignPage)))]
pub(crate) async fn list(
    State(_): State<Arc<App>>,
    Look(_): Look,
    Query(_): Query<Page>,
) -> Result<Json<CampaignPage>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Change a campaign
///
/// What is missing stays. Chats that are under way follow at their next move.
#[utoipa::path(patch, path = "/campaigns/{id}", operation_id = "updateCampaign", tag = "work",
    params(("id" = String, Path, description = "Id or key of the campaign")), request_body = CampaignChange, responses((status = 200, body = Campaign)))]
pub(crate) async fn update(
    State(_): State<Arc<App>>,
    _: Caller,
    Look(_): Look,
    Key(_): Key,
    Body(_): Body<CampaignChange>,
) -> Result<Json<Campaign>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
