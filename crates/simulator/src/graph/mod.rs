//! The Graph API: `/{version}/…`, with Meta's paths, bodies and refusals.
//!
//! To add a call: a file or a function here, its route in [`router`], and what it changes as a [`crate::record::Record`].

pub(crate) mod codes;
pub(crate) mod error;
mod limits;
pub(crate) mod media;
pub(crate) mod messages;
mod numbers;
mod subscriptions;
pub(crate) mod templates;
pub(crate) mod validate;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;

use crate::config::NumberConfig;
use crate::connection::Cut;
use crate::faults::{self, Fault};
use crate::world::World;
use error::GraphError;

/// The largest JSON body; Meta does not say, this is ample.
const LARGEST_BODY: usize = 4 << 20;

/// The routes of the Graph API and of the media host, behind the faults.
pub(crate) fn router(world: &Arc<World>) -> Router<Arc<World>> {
    let templates = get(templates::list).post(templates::create).delete(templates::delete);
    let subscriptions = get(subscriptions::list).post(subscriptions::subscribe).delete(subscriptions::unsubscribe);
    let versioned = Router::new()
        .route("/{version}/{id}", get(object::read).post(object::change).delete(object::delete))
        .route("/{version}/{id}/messages", post(messages::send))
        .route("/{version}/{id}/media", post(media::upload).layer(DefaultBodyLimit::disable()))
        .route("/{version}/{id}/message_templates", templates)
        .route("/{version}/{id}/phone_numbers", get(numbers::list))
        .route("/{version}/{id}/subscribed_apps", subscriptions)
        .route("/{version}/{id}/register", post(numbers::register))
        .route("/{version}/{id}/deregister", post(numbers::register))
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::middleware::from_fn(supported_version));
    Router::new()
        .merge(versioned)
        .route(media::DOWNLOAD_PATH, get(media::download))
        .layer(from_fn_with_state(Arc::clone(world), meet_faults))
}

/// The answer to every path that does not exist.
pub(crate) async fn no_such_path(uri: Uri) -> GraphError {
    GraphError::new(2500, format!("Unknown path components: {}", uri.path()))
}

async fn no_such_method(method: Method, Path((_, id)): Path<(String, String)>) -> GraphError {
    GraphError::no_object(&method.as_str().to_lowercase(), &id)
}

/// Versions expire; the oldest one that still answers is v21.0.
async fn supported_version(request: Request, next: Next) -> Response {
    let version = request.uri().path().split('/').nth(1).unwrap_or_default();
    let number = version.strip_prefix('v').and_then(|number| number.split_once('.'));
    match number.map(|(major, minor)| (major.parse::<u16>(), minor.parse::<u16>())) {
        Some((Ok(major), Ok(_))) if major >= 21 => next.run(request).await,
        Some((Ok(_), Ok(_))) => GraphError::new(2635, format!("{version} has expired.")).into_response(),
        _ => no_such_path(request.uri().clone()).await.into_response(),
    }
}

/// Lets a request meet its fault: before the call for refusals, after it for delays and lost answers.
async fn meet_faults(
    State(world): State<Arc<World>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_upload = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    let (body, bytes) = if is_upload {
        (body, Bytes::new())
    } else {
        match axum::body::to_bytes(body, LARGEST_BODY).await {
            Ok(bytes) => (Body::from(bytes.clone()), bytes),
            Err(_) => return GraphError::new(100, "The body is too large.").into_response(),
        }
    };
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let sends = parts.method == Method::POST && parts.uri.path().ends_with("/messages");
    let fault = world.faults.for_request(&faults::Request {
        line: format!("{} {}", parts.method, parts.uri),
        text: std::str::from_utf8(&bytes).unwrap_or_default(),
        json: &json,
        is_send: sends && json.get("status").is_none(),
    });
    let Some(fault) = fault else { return next.run(Request::from_parts(parts, body)).await };
    let delay = Duration::from_millis(fault.delay_ms.unwrap_or_default());
    let lost = fault.lost_answer;
    let answer = match refusal(&fault) {
        Some(refusal) => refusal,
        None => {
            parts.extensions.insert(fault);
            next.run(Request::from_parts(parts, body)).await
        }
    };
    world.clock().sleep(delay).await;
    if lost {
        cut.cut();
    }
    answer
}

/// What a fault answers in place of the call; a lost answer and a later failure let the call happen.
fn refusal(fault: &Fault) -> Option<Response> {
    if fault.lost_answer || fault.asynchronous {
        return None;
    }
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    if let Some(body) = &fault.body {
        return Some((status.unwrap_or_default(), body.clone()).into_response());
    }
    if let Some(code) = fault.code {
        let refusal = GraphError::usual(code).with_status(fault.status).with_retry_after(fault.retry_after);
        return Some(refusal.into_response());
    }
    // A status without a code is what a proxy in between says: no Graph error, and no word on whether it was accepted.
    status.map(|status| (status, Html(format!("<html><body><h1>{status}</h1></body></html>"))).into_response())
}

/// The bearer token of a call, if it is somebody's.
fn token<'a>(world: &World, headers: &'a HeaderMap) -> Result<&'a str, GraphError> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = given.strip_prefix("Bearer ").unwrap_or_default();
    if world.config.numbers.iter().any(|number| number.access_token == token) {
        Ok(token)
    } else {
        Err(GraphError::new(190, "The access token is missing, invalid or expired."))
    }
}

/// The number `id` that the call's token may use.
fn number<'a>(world: &'a World, headers: &HeaderMap, verb: &str, id: &str) -> Result<&'a NumberConfig, GraphError> {
    let token = token(world, headers)?;
    let number = world.number(id).filter(|number| number.access_token == token);
    number.ok_or_else(|| GraphError::no_object(verb, id))
}

/// The numbers of the account `id` that the call's token may use; at least one.
fn account<'a>(
    world: &'a World,
    headers: &HeaderMap,
    verb: &str,
    id: &str,
) -> Result<Vec<&'a NumberConfig>, GraphError> {
    let token = token(world, headers)?;
    let owns = |number: &&NumberConfig| number.waba_id == id && number.access_token == token;
    let numbers = world.config.numbers.iter().filter(owns).collect::<Vec<_>>();
    if numbers.is_empty() { Err(GraphError::no_object(verb, id)) } else { Ok(numbers) }
}

/// A JSON body, or the refusal of something else.
fn json(body: &[u8]) -> Result<Value, GraphError> {
    serde_json::from_slice(body).map_err(|error| GraphError::new(100, format!("The body is not JSON: {error}")))
}

/// How the caller reached us, for the addresses in answers.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// `object` with the fields that `fields` asks for, and its id.
fn pick(object: &Value, fields: Option<&str>) -> Value {
    let (Some(fields), Some(all)) = (fields, object.as_object()) else { return object.clone() };
    let wanted = fields.split(',').map(str::trim).collect::<Vec<_>>();
    let chosen = all.iter().filter(|(key, _)| *key == "id" || wanted.contains(&key.as_str()));
    Value::Object(chosen.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// `/{version}/{id}`, where the id may be a number's, a file's or a template's.
mod object {
    use axum::Json;
    use axum::extract::Query;

    use super::{
        Arc, Bytes, GraphError, HeaderMap, Path, State, Value, World, media, number, numbers, subscriptions, templates,
        token,
    };

    #[derive(serde::Deserialize)]
    pub(super) struct Fields {
        fields: Option<String>,
        phone_number_id: Option<String>,
    }

    pub(super) async fn read(
        State(world): State<Arc<World>>,
        Path((_, id)): Path<(String, String)>,
        Query(query): Query<Fields>,
        headers: HeaderMap,
    ) -> Result<Json<Value>, GraphError> {
        let token = token(&world, &headers)?;
        if world.number(&id).is_some() {
            let number = number(&world, &headers, "get", &id)?;
            return Ok(Json(numbers::view(&world, number, query.fields.as_deref())));
        }
        media::read(&world, token, &headers, &id, query.phone_number_id.as_deref()).map(Json)
    }

    pub(super) async fn change(
        State(world): State<Arc<World>>,
        Path((_, id)): Path<(String, String)>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Json<Value>, GraphError> {
        token(&world, &headers)?;
        if world.number(&id).is_some() {
            number(&world, &headers, "post", &id)?;
            return subscriptions::configure(&world, &id, &body).await.map(Json);
        }
        templates::change(&world, &headers, &id, &body).await.map(Json)
    }

    pub(super) async fn delete(
        State(world): State<Arc<World>>,
        Path((_, id)): Path<(String, String)>,
        Query(query): Query<Fields>,
        headers: HeaderMap,
    ) -> Result<Json<Value>, GraphError> {
        let token = token(&world, &headers)?;
        media::delete(&world, token, &id, query.phone_number_id.as_deref()).await.map(Json)
    }
}
