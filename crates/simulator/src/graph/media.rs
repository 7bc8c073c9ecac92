//! Files: upload, query, download and deletion, and the signed addresses of the media host.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use hilo_whatsapp::meta::signature;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::error::GraphError;
use super::{number, origin, token};
use crate::record::{Media, Record};
use crate::world::World;

/// The path of the media host.
pub(super) const DOWNLOAD_PATH: &str = "/whatsapp_business/attachments/";

/// A download address is good for so long.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Kind, MIME type, largest size in bytes.
const TYPES: [(&str, &str, u64); 19] = [
    ("audio", "audio/aac", 16 << 20),
    ("audio", "audio/amr", 16 << 20),
    ("audio", "audio/mpeg", 16 << 20),
    ("audio", "audio/mp4", 16 << 20),
    ("audio", "audio/ogg", 16 << 20),
    ("document", "text/plain", 100 << 20),
    ("document", "application/pdf", 100 << 20),
    ("document", "application/msword", 100 << 20),
    ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", 100 << 20),
    ("document", "application/vnd.ms-excel", 100 << 20),
    ("document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 100 << 20),
    ("document", "application/vnd.ms-powerpoint", 100 << 20),
    ("document", "application/vnd.openxmlformats-officedocument.presentationml.presentation", 100 << 20),
    ("document", "text/csv", 100 << 20),
    ("image", "image/jpeg", 5 << 20),
    ("image", "image/png", 5 << 20),
    ("sticker", "image/webp", 500 << 10),
    ("video", "video/mp4", 16 << 20),
    ("video", "video/3gpp", 16 << 20),
];

/// The largest file that anybody may upload, in bytes.
const LARGEST: u64 = 100 << 20;

/// Whether a file of this type may be sent as `kind`; a document may be anything.
pub(super) fn fits(kind: &str, mime_type: &str) -> bool {
    let essence = essence(mime_type);
    kind == "document" || TYPES.iter().any(|(of, mime, _)| *of == kind && *mime == essence)
}

pub(super) async fn upload(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Json<Value>, GraphError> {
    let number = number(&world, &headers, "post", &id)?;
    let (mut product, mut kind, mut stored) = (None, None, None);
    while let Some(field) = form.next_field().await.map_err(broken_form)? {
        match field.name() {
            Some("messaging_product") => product = Some(field.text().await.map_err(broken_form)?),
            Some("type") => kind = Some(field.text().await.map_err(broken_form)?),
            Some("file") => {
                let filename = field.file_name().map(str::to_owned);
                let mime = field.content_type().map(str::to_owned);
                let content = field.map_err(|error| StoreError::Torn(error.to_string()));
                stored = Some((filename, mime, store(&world, content).await?));
            }
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::new(100, "The parameter messaging_product is required."));
    }
    let Some((filename, mime, file)) = stored else {
        return Err(GraphError::new(100, "The parameter file is required."));
    };
    let mime = kind.or(mime).unwrap_or_default();
    let Some((_, _, limit)) = TYPES.iter().find(|(_, known, _)| *known == essence(&mime)) else {
        file.discard(&world).await;
        return Err(GraphError::new(
            100,
            format!("Param file must be a file with one of the supported types, not \"{mime}\"."),
        ));
    };
    if file.size > *limit {
        file.discard(&world).await;
        return Err(GraphError::new(131_053, format!("A file of type {mime} has at most {limit} bytes.")));
    }
    let media = file.into_media(&world, number.phone_number_id.clone(), mime, filename, false);
    let id = media.id.clone();
    world.commit(|_| Ok::<_, GraphError>((vec![Record::Media(media)], ()))).await?;
    Ok(Json(json!({"id": id})))
}

/// `GET /{media id}`: what the file is, and an address for the next five minutes.
pub(super) fn read(
    world: &World,
    token: &str,
    headers: &HeaderMap,
    id: &str,
    phone_number_id: Option<&str>,
) -> Result<Value, GraphError> {
    let media = owned(world, token, "get", id, phone_number_id)?;
    Ok(json!({
        "messaging_product": "whatsapp",
        "url": link(world, headers, &media),
        "mime_type": media.mime_type,
        "sha256": media.sha256,
        "file_size": media.size,
        "id": media.id,
    }))
}

/// A signed address of a file, at the host the caller used.
pub(crate) fn link(world: &World, headers: &HeaderMap, media: &Media) -> String {
    let expires = (world.now() + LINK_LIFE).timestamp();
    let hash = link_hash(world, &media.number, &media.id, expires);
    format!("{}{DOWNLOAD_PATH}?mid={}&ext={expires}&hash={hash}", origin(headers), media.id)
}

#[derive(serde::Deserialize)]
pub(super) struct Link {
    mid: String,
    ext: i64,
    hash: String,
}

pub(super) async fn download(
    State(world): State<Arc<World>>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Result<Response, GraphError> {
    let token = token(&world, &headers)?;
    let media = owned(&world, token, "get", &link.mid, None)?;
    let is_ours = link.hash == link_hash(&world, &media.number, &media.id, link.ext);
    let expires = DateTime::from_timestamp(link.ext, 0).unwrap_or_default();
    if !is_ours || world.now() >= expires {
        return Ok((StatusCode::NOT_FOUND, "URL signature expired").into_response());
    }
    serve(&world, &media).await
}

/// The content of a file.
pub(crate) async fn serve(world: &World, media: &Media) -> Result<Response, GraphError> {
    let gone = |_| GraphError::no_object("get", &media.id);
    let file = tokio::fs::File::open(path(world, &media.id)).await.map_err(gone)?;
    let chunks = stream::try_unfold(file, |mut file| async move {
        let mut chunk = bytes::BytesMut::with_capacity(64 << 10);
        let read = file.read_buf(&mut chunk).await?;
        Ok::<_, std::io::Error>((read > 0).then(|| (chunk.freeze(), file)))
    });
    let headers = [
        (CONTENT_TYPE, media.mime_type.clone()),
        (CONTENT_LENGTH, media.size.to_string()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

pub(super) async fn delete(
    world: &Arc<World>,
    token: &str,
    id: &str,
    phone_number_id: Option<&str>,
) -> Result<Value, GraphError> {
    let media = owned(world, token, "delete", id, phone_number_id)?;
    world.commit(|_| Ok::<_, GraphError>((vec![Record::MediaDeleted { id: media.id.clone() }], ()))).await?;
    remove(&path(world, &media.id)).await;
    Ok(json!({"success": true}))
}

/// A file on the disk that no record names yet.
pub(crate) struct Stored {
    id: String,
    pub(crate) size: u64,
    sha256: String,
    start: Vec<u8>,
}

impl Stored {
    /// What the journal says of it.
    pub(crate) fn into_media(
        self,
        world: &World,
        number: String,
        mime_type: String,
        filename: Option<String>,
        inbound: bool,
    ) -> Media {
        let genuine = is_genuine(&self.start, essence(&mime_type));
        let Self { id, size, sha256, .. } = self;
        Media { id, number, mime_type, filename, sha256, size, genuine, inbound, at: world.now() }
    }

    async fn discard(&self, world: &World) {
        remove(&path(world, &self.id)).await;
    }
}

/// Why a file was not stored.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// It is larger than 100 MB.
    TooLarge,
    /// It did not arrive whole.
    Torn(String),
    /// The disk refused it.
    Disk(std::io::Error),
}

/// Streams a file to the disk.
pub(crate) async fn store(
    world: &World,
    content: impl Stream<Item = Result<bytes::Bytes, StoreError>>,
) -> Result<Stored, StoreError> {
    let id = world.dice.digits();
    let path = path(world, &id);
    let written = write(&path, content).await;
    match written {
        Ok((size, sha256, start)) => Ok(Stored { id, size, sha256, start }),
        Err(error) => {
            remove(&path).await;
            Err(error)
        }
    }
}

async fn write(
    path: &std::path::Path,
    content: impl Stream<Item = Result<bytes::Bytes, StoreError>>,
) -> Result<(u64, String, Vec<u8>), StoreError> {
    let mut file = tokio::fs::File::create(path).await.map_err(StoreError::Disk)?;
    let mut content = std::pin::pin!(content);
    let (mut size, mut digest, mut start) = (0, Sha256::new(), Vec::new());
    while let Some(chunk) = content.next().await {
        let chunk = chunk?;
        size += chunk.len() as u64;
        if size > LARGEST {
            return Err(StoreError::TooLarge);
        }
        if start.len() < 16 {
            start.extend(chunk.iter().take(16 - start.len()));
        }
        digest.update(&chunk);
        file.write_all(&chunk).await.map_err(StoreError::Disk)?;
    }
    file.sync_all().await.map_err(StoreError::Disk)?;
    Ok((size, hex::encode(digest.finalize()), start))
}

impl From<StoreError> for GraphError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => Self::new(131_053, "A file has at most 100 MB."),
            StoreError::Torn(why) => Self::new(100, format!("The upload is broken: {why}")),
            StoreError::Disk(error) => {
                tracing::error!(%error, "a file cannot be stored");
                Self::new(131_000, "The simulator cannot store the file.")
            }
        }
    }
}

/// The file `id` of a number that `token` may use, unless it has outlived itself.
fn owned(world: &World, token: &str, verb: &str, id: &str, phone_number_id: Option<&str>) -> Result<Media, GraphError> {
    let media = world.look(|state| state.media.get(id).cloned());
    media
        .filter(|media| world.number(&media.number).is_some_and(|number| number.access_token == token))
        .filter(|media| phone_number_id.is_none_or(|wanted| wanted == media.number))
        .filter(|media| world.now() - media.at < life(media))
        .ok_or_else(|| GraphError::no_object(verb, id))
}

fn life(media: &Media) -> TimeDelta {
    if media.inbound { TimeDelta::days(7) } else { TimeDelta::days(30) }
}

fn link_hash(world: &World, phone_number_id: &str, id: &str, expires: i64) -> String {
    let secret = world.number(phone_number_id).map(|number| number.app_secret.as_str()).unwrap_or_default();
    signature::sign(secret, format!("{id}:{expires}").as_bytes()).trim_start_matches("sha256=").to_owned()
}

fn path(world: &World, id: &str) -> PathBuf {
    world.config.data_dir.join("media").join(id)
}

async fn remove(path: &std::path::Path) {
    if let Err(error) = tokio::fs::remove_file(path).await {
        tracing::warn!(%error, "a file cannot be removed");
    }
}

fn broken_form(error: MultipartError) -> GraphError {
    GraphError::new(100, format!("The form is broken: {error}"))
}

fn essence(mime_type: &str) -> &str {
    mime_type.split(';').next().unwrap_or_default().trim()
}

/// What the first bytes say, where they say it clearly.
fn sniff(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    }
}

/// Whether the content may be what `claimed` says.
fn is_genuine(start: &[u8], claimed: &str) -> bool {
    match sniff(start) {
        Some(found) => same_kind(found, claimed),
        None => !TYPES_WITH_A_MARK.contains(&claimed),
    }
}

/// The types whose files always begin with a mark of theirs.
const TYPES_WITH_A_MARK: [&str; 6] =
    ["image/jpeg", "image/png", "image/webp", "audio/ogg", "application/pdf", "video/mp4"];

/// MP4 boxes hold video and audio alike.
fn same_kind(found: &str, claimed: &str) -> bool {
    found == claimed || (found == "video/mp4" && matches!(claimed, "audio/mp4" | "video/3gpp" | "audio/aac"))
}
