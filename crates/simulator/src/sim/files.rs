//! Files of customers: upload, and showing any file to the phone page.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{number, wa_id};
use crate::graph::media::{self, StoreError};
use crate::record::Record;
use crate::world::World;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Named {
    filename: Option<String>,
    phone_number_id: Option<String>,
}

/// `POST /sim/customers/{wa_id}/media?filename=`: the body is the file, its `Content-Type` the type.
pub(super) async fn upload(
    State(world): State<Arc<World>>,
    Path(given): Path<String>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    wa_id(&given)?;
    let number = number(&world, named.phone_number_id.as_deref())?;
    let mime = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/octet-stream");
    let content = body.into_data_stream().map_err(|error| StoreError::Torn(error.to_string()));
    let stored = media::store(&world, content).await.map_err(crate::graph::error::GraphError::from)?;
    let media = stored.into_media(&world, number.phone_number_id.clone(), mime.to_owned(), named.filename, true);
    let view = json!({"id": media.id, "mimeType": media.mime_type, "size": media.size, "filename": media.filename});
    world.commit(|_| Ok::<_, Problem>((vec![Record::Media(media)], ()))).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /sim/media/{id}`: the file, without a token; only the phone page is meant to ask.
pub(super) async fn show(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let media = world.look(|state| state.media.get(&id).cloned());
    let media = media.ok_or_else(|| Problem::not_found("there is no such file"))?;
    let mut response = media::serve(&world, &media).await?;
    // A customer's file may be a page with scripts; here it is only ever content.
    let sandbox = HeaderValue::from_static("sandbox; default-src 'none'");
    response.headers_mut().insert("content-security-policy", sandbox);
    Ok(response)
}
