//! The OpenAPI document around the operations, and the page that shows it.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use super::shapes;
use crate::server::App;

/// Where the document is served.
const DOCUMENT: &str = "/api/v1/openapi.json";

/// The page has its styles in itself, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Hilo",
        description = "A WhatsApp contact centre in which every conversation is a durable workflow.\n\nRefusals are problem documents (RFC 9457). Lists are pages: `limit` (1 to 200, usually 50) and `cursor`. `Idempotency-Key` is honoured on every POST that creates or sends: the same key with the same body gives the stored result, with another body 422.\n\nLive events come over Socket.IO at `/socket.io` with `auth: {token}`; their payloads are the schemas `LiveEvent`, `AgentTyping`, `AgentsUpdate`, `ChatsUpdate`, `QueueUpdate`, `NotificationEvent`, `Resync` and `AuthExpired`, and `ChatJoin`, `ChatJoined`, `ChatNamed`, `AuthRenew` and `Acknowledged` for what a client asks.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(
        shapes::ProblemShape,
        crate::problem::Fault,
        super::request::Limit,
        shapes::live::LiveEvent,
        shapes::live::LiveType,
        shapes::live::AgentTyping,
        shapes::live::AgentsUpdate,
        shapes::live::ChatsUpdate,
        shapes::live::QueueUpdate,
        shapes::live::NotificationEvent,
        shapes::live::Resync,
        shapes::live::AuthExpired,
        shapes::live::ChatJoin,
        shapes::live::ChatJoined,
        shapes::live::ChatNamed,
        shapes::live::AuthRenew,
        shapes::live::Acknowledged,
    )),
    modifiers(&Bearer),
    security(("bearer" = [])),
    tags(
        (name = "auth", description = "Logging in, and staying so"),
        (name = "chats", description = "Chats, their messages, and what may be asked of them"),
        (name = "people", description = "Users and what they are ready for"),
        (name = "work", description = "Campaigns, queues, lists to choose from"),
        (name = "workflow", description = "Why, and what comes next"),
    ),
)]
struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document without operations.
pub(super) fn head() -> OpenApi {
    Head::openapi()
}

/// The document with what every operation has: the same refusal, and no need of a token where there is none.
pub(super) fn finish(mut document: OpenApi) -> OpenApi {
    let refusal = ResponseBuilder::new()
        .description("Refused: a problem document")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    for item in document.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), refusal.clone().into());
            let named = operation.operation_id.as_deref().and_then(hilo_domain::operation::Operation::from_name);
            if named.is_some_and(|o| o.needs() == hilo_domain::operation::Needs::Nothing) {
                operation.security = Some(vec![SecurityRequirement::default()]);
            }
        }
    }
    document
}

/// The document and its page.
pub(super) fn routes(document: &OpenApi) -> Router<Arc<App>> {
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    let page: Arc<str> = page(document).into();
    Router::new()
        .route(
            DOCUMENT,
            get(
                move || async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()).into_response() },
            ),
        )
        .route(
            "/docs",
            get(move || async move { ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(page.to_string())) }),
        )
}

/// A page that names every operation; it needs no script and nothing from elsewhere.
fn page(document: &OpenApi) -> String {
    let mut rows = String::new();
    for (path, item) in &document.paths.paths {
        let all = [
            ("GET", &item.get),
            ("PUT", &item.put),
            ("POST", &item.post),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in all {
            let Some(operation) = operation else { continue };
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let summary = operation.summary.as_deref().unwrap_or_default();
            let needs = hilo_domain::operation::Operation::from_name(id).map_or_else(String::new, |o| needs(o.needs()));
            rows.push_str(&format!(
                "<tr><td><code>{method}</code><td><code>{}</code><td><code>{}</code><td>{}<td>{}</tr>\n",
                escape(path),
                escape(id),
                escape(summary),
                escape(&needs),
            ));
        }
    }
    let about = document.info.description.as_deref().unwrap_or_default();
    let about: String = about.split("\n\n").map(|text| format!("<p>{}</p>", escape(text))).collect();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Hilo: the interface</title><style>body{{font:16px/1.5 system-ui;margin:2rem auto;max-width:75rem;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;\
         border-bottom:1px solid #ddd}}code{{font-size:.9em}}</style><h1>Hilo: the interface</h1>{about}\
         <p>The whole document, for tools: <a href=\"{DOCUMENT}\">{DOCUMENT}</a></p>\
         <table><thead><tr><th>Method<th>Path<th>Operation<th>What it does<th>Needs</thead><tbody>\n{rows}</tbody></table>"
    )
}

fn needs(needs: hilo_domain::operation::Needs) -> String {
    use hilo_domain::operation::Needs;
    match needs {
        Needs::Nothing => "nothing".to_owned(),
        Needs::Login => "a log-in".to_owned(),
        Needs::May(permission) => permission.as_str().to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
