//! Business numbers: their health, the list of an account, registration.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::error::GraphError;
use super::{account, number, origin, pick};
use crate::config::NumberConfig;
use crate::world::World;

/// What an unasked `GET /{phone_number_id}` shows.
const USUAL: &str =
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,platform_type,throughput";

#[derive(serde::Deserialize)]
pub(super) struct Page {
    pub(super) fields: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) after: Option<String>,
}

/// `number` with the fields asked for.
pub(super) fn view(world: &World, number: &NumberConfig, fields: Option<&str>) -> Value {
    let throughput = world.faults.throughput().unwrap_or(world.config.limits.throughput);
    let entity = |kind: &str, id: &str| json!({"entity_type": kind, "id": id, "can_send_message": "AVAILABLE"});
    let whole = json!({
        "id": number.phone_number_id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.name,
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "name_status": "APPROVED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": throughput.level()},
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "webhook_configuration": {"application": world.callback(&number.phone_number_id)},
        "health_status": {"can_send_message": "AVAILABLE", "entities": [
            entity("PHONE_NUMBER", &number.phone_number_id),
            entity("WABA", &number.waba_id),
            entity("BUSINESS", "300000000000001"),
            entity("APP", "400000000000001"),
        ]},
    });
    pick(&whole, Some(fields.unwrap_or(USUAL)))
}

pub(super) async fn list(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Json<Value>, GraphError> {
    let numbers = account(&world, &headers, "get", &id)?;
    let views = numbers.into_iter().map(|number| view(&world, number, page.fields.as_deref())).collect();
    let path = format!("{}/v23.0/{id}/phone_numbers", origin(&headers));
    super::templates::page(views, &page, &path, "").map(Json)
}

/// Registration and its opposite change nothing here: the number is always connected.
pub(super) async fn register(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    number(&world, &headers, "post", &id)?;
    if !body.is_empty() {
        let request = super::json(&body)?;
        let pin = &request["pin"];
        if !pin.is_null() && !pin.as_str().is_some_and(|pin| pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(GraphError::new(100, "pin must be six digits."));
        }
    }
    Ok(Json(json!({"success": true})))
}
