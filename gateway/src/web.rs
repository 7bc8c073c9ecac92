//! The screens: the built web application, embedded in the binary. A path that is no file is the application's own
//! (a deep link) and gets its page.

use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::problem::{Code, Problem};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Assets;

/// Paths that belong to programs: an unknown one is a 404, never a page.
const PROGRAMS: [&str; 4] = ["api/", "webhooks/", "socket.io/", "problems/"];

pub(crate) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if PROGRAMS.iter().any(|prefix| path.starts_with(prefix)) {
        return not_found();
    }
    match Assets::get(path).map(|file| (path, file)).or_else(|| page(path)) {
        Some((name, file)) => {
            let kind = file.metadata.mimetype().to_owned();
            // Built files carry a hash in their name; the page itself must be asked for again.
            let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
            let mut response = file.data.into_response();
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::from_str(&kind) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
                     base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
                ),
            );
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            response
        }
        None => not_found(),
    }
}

fn page(path: &str) -> Option<(&'static str, rust_embed::EmbeddedFile)> {
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    (!is_file).then(|| Assets::get("index.html")).flatten().map(|file| ("index.html", file))
}

fn not_found() -> Response {
    Problem::new(Code::NotFound, "Check the path; what you may not see is answered like this, too.").into_response()
}
