//! `auth/…`: logging in, staying so, logging out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::access::Caller;
use super::request::Body;
use super::shapes::people::{LoginRequest, RefreshRequest, Tokens};
use crate::problem::{Code, Problem};
use crate::server::App;

/// Log in
///
/// The refresh token comes in a cookie (`HttpOnly`), or in the body with `refreshInBody`.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", tag = "auth",
    request_body = LoginRequest, responses((status = 200, body = Tokens)))]
pub(crate) async fn login(State(_): State<Arc<App>>, Body(_): Body<LoginRequest>) -> Result<Json<Tokens>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Get fresh tokens
///
/// A refresh token works once. One that comes twice ends the whole session: somebody else has it.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = RefreshRequest, responses((status = 200, body = Tokens)))]
pub(crate) async fn refresh(State(_): State<Arc<App>>, Body(_): Body<RefreshRequest>) -> Result<Json<Tokens>, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}

/// Log out
///
/// The session is over at once, its sockets included.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout", tag = "auth", responses((status = 204)))]
pub(crate) async fn logout(State(_): State<Arc<App>>, _: Caller) -> Result<StatusCode, Problem> {
    Err(Problem::new(Code::Unavailable, "soon"))
}
