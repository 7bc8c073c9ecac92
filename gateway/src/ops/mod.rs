//! What operators look at: health, readiness, metrics, and the id of each request.

pub(crate) mod health;
pub(crate) mod metrics;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::problem::{Code, Problem};

tokio::task_local! {
    static REQUEST: Uuid;
}

/// The id of the request in hand; nil outside one.
pub(crate) fn request_id() -> Uuid {
    REQUEST.try_with(|id| *id).unwrap_or_default()
}

/// Refuses a path or query that is not UTF-8 once decoded, so that no handler meets replacement characters.
pub(crate) async fn well_formed(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let parts = [Some(uri.path()), uri.query()];
    let readable = parts.into_iter().flatten().all(|part| percent_decode_str(part).decode_utf8().is_ok());
    if readable {
        return next.run(request).await;
    }
    Problem::new(Code::BadRequest, "The path and the query must be UTF-8 once they are decoded.").into_response()
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
