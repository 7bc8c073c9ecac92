//! `/healthz`: the process lives. `/readyz`: it can take requests; what is away but can wait is named.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::server::App;

const PATIENCE: Duration = Duration::from_secs(1);
/// A table that cannot be had for so long makes us unready; shorter than [`PATIENCE`], so that the probe ends by itself.
const LOCKED: Duration = Duration::from_millis(700);

pub(crate) async fn healthz() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// 503 only without a Postgres that takes writes; Temporal and Redis may be away for a while, and messages are taken all the same.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let database = tokio::time::timeout(PATIENCE, hilo_store::conversations::writable(&app.intake.pool, LOCKED));
    let temporal = tokio::time::timeout(PATIENCE, app.bells.ping());
    let redis = tokio::time::timeout(PATIENCE, app.stream.ping());
    let (database, temporal, redis) = tokio::join!(database, temporal, redis);
    let mut degraded = Vec::new();
    if !matches!(temporal, Ok(Ok(()))) {
        degraded.push("temporal");
    }
    if !matches!(redis, Ok(Ok(()))) {
        degraded.push("redis");
    }
    if matches!(database, Ok(Ok(()))) {
        return Json(json!({"status": "ready", "degraded": degraded})).into_response();
    }
    degraded.push("postgres");
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unavailable", "degraded": degraded}))).into_response()
}
