//! The control API under `/sim`: being a customer, and making trouble. Bad input is problem+json.

mod customers;
mod events;
mod faults;
mod files;
mod messages;
pub(crate) mod problem;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::config::NumberConfig;
use crate::graph::messages::is_wa_id;
use crate::world::World;
use problem::Problem;

/// A raw message may fill the largest webhook.
const LARGEST_BODY: usize = 3 << 20;

/// The routes under `/sim`.
pub(crate) fn router() -> Router<Arc<World>> {
    let customer = get(customers::show).put(customers::name);
    let faults = get(faults::list).post(faults::add).delete(faults::clear);
    Router::new()
        .route("/sim/numbers", get(numbers))
        .route("/sim/customers", get(customers::list))
        .route("/sim/customers/{wa_id}", customer)
        .route("/sim/customers/{wa_id}/messages", get(messages::got).post(messages::write))
        .route("/sim/customers/{wa_id}/read", post(messages::read))
        .route("/sim/customers/{wa_id}/media", post(files::upload).layer(DefaultBodyLimit::disable()))
        .route("/sim/media/{id}", get(files::show))
        .route("/sim/faults", faults)
        .route("/sim/events", get(events::stream))
        .route("/sim/{*rest}", get(nothing).post(nothing).put(nothing).delete(nothing))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(same_site))
}

async fn numbers(State(world): State<Arc<World>>) -> Json<Value> {
    let view = |number: &NumberConfig| {
        json!({
            "phoneNumberId": number.phone_number_id,
            "displayPhoneNumber": number.display_phone_number,
            "name": number.name,
            "wabaId": number.waba_id,
            "webhookUrl": world.callback(&number.phone_number_id),
        })
    };
    Json(json!({"items": world.config.numbers.iter().map(view).collect::<Vec<_>>()}))
}

async fn nothing(request: Request) -> Problem {
    Problem::not_found(format!("{} is no path of the simulator", request.uri().path()))
}

/// A browser says when another site's page calls; programs say nothing.
async fn same_site(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => next.run(request).await,
        Some(_) => Problem::foreign().into_response(),
    }
}

/// The digits of a customer's phone; a leading `+` is forgiven.
fn wa_id(given: &str) -> Result<String, Problem> {
    let digits = given.strip_prefix('+').unwrap_or(given);
    if is_wa_id(digits) {
        Ok(digits.to_owned())
    } else {
        Err(Problem::invalid("", format!("\"{given}\" is no phone: 7 to 15 digits with the country code")))
    }
}

/// The number that a customer writes to: the one named, else the first.
fn number<'a>(world: &'a World, phone_number_id: Option<&str>) -> Result<&'a NumberConfig, Problem> {
    let found = match phone_number_id {
        Some(id) => world.number(id),
        None => world.config.numbers.first(),
    };
    found.ok_or_else(|| Problem::invalid("/phoneNumberId", "is no number of this simulator"))
}
