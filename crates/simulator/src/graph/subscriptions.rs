//! Who gets an account's webhooks, and where: subscriptions and callbacks, each verified before it is taken.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use super::account;
use super::error::GraphError;
use crate::record::Record;
use crate::world::World;

pub(super) async fn list(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "get", &id)?;
    let app =
        json!({"whatsapp_business_api_data": {"id": "400000000000001", "name": "Hilo", "link": "https://example.org"}});
    let apps = if world.look(|state| state.is_subscribed(&id)) { vec![app] } else { Vec::new() };
    Ok(Json(json!({"data": apps})))
}

pub(super) async fn subscribe(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "post", &id)?;
    let request = if body.is_empty() { Value::Null } else { super::json(&body)? };
    let callback = verified(&world, &request).await?;
    set(&world, Record::Subscription { waba: id, subscribed: true, callback }).await
}

pub(super) async fn unsubscribe(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "delete", &id)?;
    set(&world, Record::Subscription { waba: id, subscribed: false, callback: None }).await
}

/// `POST /{phone_number_id}` with a `webhook_configuration`: a callback for one number; an empty one takes it back.
pub(super) async fn configure(world: &Arc<World>, id: &str, body: &[u8]) -> Result<Value, GraphError> {
    let request = super::json(body)?;
    let Some(configuration) = request.get("webhook_configuration") else {
        return Err(GraphError::new(100, "webhook_configuration is all that can be set on a number."));
    };
    let callback = verified(world, configuration).await?;
    set(world, Record::Callback { number: id.to_owned(), callback }).await.map(|Json(answer)| answer)
}

async fn set(world: &Arc<World>, record: Record) -> Result<Json<Value>, GraphError> {
    world.commit(|_| Ok::<_, GraphError>((vec![record], ()))).await?;
    Ok(Json(json!({"success": true})))
}

/// The override of `request` once its address has echoed a challenge; `None` without one.
async fn verified(world: &World, request: &Value) -> Result<Option<Url>, GraphError> {
    let Some(address) = request["override_callback_uri"].as_str().filter(|address| !address.is_empty()) else {
        return Ok(None);
    };
    if address.chars().count() > 200 {
        return Err(GraphError::new(100, "override_callback_uri is longer than 200 characters."));
    }
    let url = Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| GraphError::new(100, "override_callback_uri is not an http(s) address."))?;
    let token = request["verify_token"].as_str().unwrap_or_default();
    world.courier.verify(&url, token, &world.dice.digits()).await.map_err(|why| GraphError::new(2200, why))?;
    Ok(Some(url))
}
