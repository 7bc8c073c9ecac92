//! `/sim/faults`: making trouble, seeing it, ending it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::problem::{self, Problem};
use crate::faults::{Active, Fault, KEYS};
use crate::world::World;

pub(super) async fn list(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({"items": world.faults.list()}))
}

pub(super) async fn add(State(world): State<Arc<World>>, body: Bytes) -> Result<(StatusCode, Json<Active>), Problem> {
    let body = problem::object(&body)?;
    problem::only(&body, &KEYS)?;
    if !body.contains_key("times") {
        return Err(Problem::invalid("/times", "is required"));
    }
    let fault: Fault = problem::read(body)?;
    let added = world.faults.add(fault);
    let added = added
        .map_err(|(key, why)| Problem::invalid(if key.is_empty() { String::new() } else { format!("/{key}") }, why))?;
    Ok((StatusCode::CREATED, Json(added)))
}

pub(super) async fn clear(State(world): State<Arc<World>>) -> StatusCode {
    world.faults.clear();
    StatusCode::NO_CONTENT
}
