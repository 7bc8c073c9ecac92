//! `me`: whoever asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::access::Caller;
use super::shapes::people::Me;
use crate::problem::Problem;
use crate::server::App;

/// Who am I
#[utoipa::path(get, path = "/me", operation_id = "getMe", tag = "auth", responses((status = 200, body = Me)))]
pub(crate) async fn get_me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, Problem> {
    super::users::me(&app, &caller).await.map(Json)
}
