//! The interface for programs and screens: `/api/v1`.
//!
//! # To add an operation
//! 1. Its name and what it needs, in `domain::operation`.
//! 2. A handler in the file of its resource, with its `utoipa::path`: extract, authorise (done by [`access`]), act,
//!    answer. What it shows stands in [`shapes`].
//! 3. Its handler in [`routes`]. `cargo xtask gen` writes the document that the screens' types come from.

pub mod shapes;

pub(crate) mod access;
pub(crate) mod auth;
mod campaigns;
pub(crate) mod chats;
mod docs;
mod me;
pub(crate) mod notifications;
mod queues;
mod reasons;
pub(crate) mod request;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::App;

/// A body may have so many bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Below this everything is.
const BASE: &str = "/api/v1";

/// Every operation.
fn operations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(me::get_me))
        .routes(routes!(users::list))
        .routes(routes!(users::set_state))
        .routes(routes!(campaigns::list))
        .routes(routes!(campaigns::update))
        .routes(routes!(queues::list))
        .routes(routes!(queues::waiting))
        .routes(routes!(reasons::close))
        .routes(routes!(reasons::pause))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read_all))
        .routes(routes!(notifications::read))
        .routes(routes!(chats::list::list))
        .routes(routes!(chats::list::get))
        .routes(routes!(chats::messages::list, chats::messages::send))
        .routes(routes!(chats::messages::of_conversation))
        .routes(routes!(chats::notes::list, chats::notes::add))
        .routes(routes!(chats::moves::take))
        .routes(routes!(chats::moves::assign))
        .routes(routes!(chats::moves::transfer))
        .routes(routes!(chats::moves::targets))
        .routes(routes!(chats::moves::close))
        .routes(routes!(chats::moves::reopen))
        .routes(routes!(chats::moves::snooze))
        .routes(routes!(chats::moves::priority))
        .routes(routes!(chats::moves::return_to_bot))
        .routes(routes!(chats::moves::move_to_node))
        .routes(routes!(chats::moves::hold))
        .routes(routes!(chats::moves::resume))
        .routes(routes!(chats::moves::command))
        .routes(routes!(chats::workflow::get))
        .routes(routes!(chats::workflow::ledger))
}

/// The routes, and the document that describes them.
pub(crate) fn routes(app: &Arc<App>) -> (Router<Arc<App>>, OpenApi) {
    let (router, document) = OpenApiRouter::with_openapi(docs::head()).nest(BASE, operations()).split_for_parts();
    let document = docs::finish(document);
    let checked = access::Table::of(&document);
    let router = router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(axum::middleware::from_fn_with_state((app.clone(), Arc::new(checked)), access::check));
    (router.merge(docs::routes(&document)), document)
}

/// The OpenAPI 3.1 document, as pretty JSON with a line break at its end.
#[must_use]
pub fn openapi() -> String {
    let (_, document) =
        OpenApiRouter::<Arc<App>>::with_openapi(docs::head()).nest(BASE, operations()).split_for_parts();
    docs::finish(document).to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}
