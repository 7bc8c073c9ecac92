//! What operators look at: health, readiness, metrics, and the id of each request.

pub(crate) mod health;
pub(crate) mod metrics;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

tokio::task_local! {
    static REQUEST: Uuid;
}

/// The id of the request in hand; nil outside one.
pub(crate) fn request_id() -> Uuid {
    REQUEST.try_with(|id| *id).unwrap_or_default()
}

/// Gives each request an id: in the log, in problem documents (`instance`), and in `x-request-id`.
pub(crate) async fn identify(at: chrono::DateTime<chrono::Utc>, request: Request, next: Next) -> Response {
    let id = hilo_domain::id::uuid_at(at);
    let mut response = REQUEST.scope(id, next.run(request)).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
