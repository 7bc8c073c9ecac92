//! `auth/…`: logging in, staying so, logging out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hilo_domain::command::Actor;
use hilo_domain::id::UserId;
use hilo_store::desk::NewAudit;
use hilo_store::sessions::{self, Turned};
use hilo_store::{Tx, audit, begin};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::access::{Caller, Origin, recognise};
use super::request::Body;
use super::shapes::people::{LoginRequest, RefreshRequest, Tokens};
use crate::auth::{passwords, tokens};
use crate::problem::{Code, Problem};
use crate::server::App;

/// The cookie that holds the refresh token.
const COOKIE: &str = "hilo_refresh";
const LONGEST_PASSWORD: usize = 1024;

/// Log in
///
/// The refresh token comes in a cookie (`HttpOnly`), or in the body with `refreshInBody`. Logging in changes nobody's
/// state.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", tag = "auth",
    request_body = LoginRequest, responses((status = 200, body = Tokens)))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    origin: Origin,
    Body(asked): Body<LoginRequest>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let email: String = asked.email.trim().to_lowercase().chars().take(320).collect();
    if asked.password.expose_secret().len() > LONGEST_PASSWORD {
        return Err(Problem::fault("/password", format!("it may have {LONGEST_PASSWORD} bytes")));
    }
    if let Some(seconds) = app.throttle.wait(&email, origin.ip, now) {
        let detail = format!("Wait {seconds} seconds, then try again.");
        return Err(Problem::new(Code::TooManyAttempts, detail).after(seconds));
    }

    let account = sessions::account(&app.intake.pool, &email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let right = passwords::is_right(asked.password, stored).await?;
    let Some(account) = account.filter(|_| right) else {
        app.throttle.failed(&email, origin.ip, now);
        metrics::counter!("hilo_logins_failed_total").increment(1);
        return Err(Problem::new(
            Code::CredentialsInvalid,
            "Type both again; upper and lower case count in the password.",
        ));
    };
    app.throttle.succeeded(&email, origin.ip);

    let mut tx = begin(&app.intake.pool).await?;
    let ip = origin.ip.map(|ip| ip.to_string());
    let from = sessions::Origin { ip: ip.as_deref(), user_agent: origin.user_agent.as_deref() };
    let (session, refresh) = sessions::begin(&mut tx, account.user, &from, now).await?;
    let actor = actor(&origin, account.user, session);
    note(&mut tx, actor, "session.begin", session, now).await?;
    commit(tx).await?;
    answer(&app, account.user, session, refresh, asked.refresh_in_body).await
}

/// Get fresh tokens
///
/// A refresh token works once. One that comes twice ends the whole session: somebody else has it.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = RefreshRequest, responses((status = 200, body = Tokens)))]
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
    Body(asked): Body<RefreshRequest>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let in_body = asked.refresh_in_body || asked.refresh_token.is_some();
    let over = || Problem::new(Code::SessionOver, "Log in again.");
    let token = asked.refresh_token.or_else(|| cookie(&headers)).ok_or_else(over)?;
    let mut tx = begin(&app.intake.pool).await?;
    let turned = sessions::turn(&mut tx, &token, now).await?;
    if let Turned::Stolen { user, session } = &turned {
        tracing::warn!(user.id = %user, session.id = %session, "a refresh token came twice; its session is over");
        let actor = actor(&origin, *user, *session);
        note(&mut tx, actor, "session.reuse", *session, now).await?;
    }
    commit(tx).await?;
    match turned {
        Turned::Fresh { user, session, token } => answer(&app, user, session, token, in_body).await,
        Turned::Stolen { .. } => {
            metrics::counter!("hilo_refresh_reuse_total").increment(1);
            Err(over())
        }
        Turned::Worthless => Err(over()),
    }
}

/// Log out
///
/// The session is over at once, its sockets included.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout", tag = "auth", responses((status = 204)))]
pub(crate) async fn logout(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    let now = app.clock.now();
    let mut tx = begin(&app.intake.pool).await?;
    sessions::end(&mut tx, caller.session, "logged out", now).await?;
    note(&mut tx, caller.actor, "session.end", caller.session, now).await?;
    commit(tx).await?;
    app.live.end_session(caller.session);
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(response.headers_mut(), "", 0, app.secure_cookies);
    Ok(response)
}

fn actor(origin: &Origin, user: UserId, session: Uuid) -> Actor {
    Actor {
        user_id: Some(user),
        session_id: Some(session),
        ip: origin.ip.map(|ip| ip.to_string()),
        user_agent: origin.user_agent.clone(),
        request_id: Some(crate::ops::request_id()),
    }
}

async fn note(
    tx: &mut Tx,
    actor: Actor,
    action: &str,
    session: Uuid,
    now: chrono::DateTime<chrono::Utc>,
) -> hilo_store::Result<()> {
    let row = NewAudit { actor, action: action.to_owned(), entity: "session", entity_id: session, detail: json!({}) };
    audit::record(tx, &row, now).await
}

/// Commits what a handler has written.
pub(crate) async fn commit(tx: Tx) -> Result<(), Problem> {
    tx.commit().await.map_err(|error| Problem::from(hilo_store::Error::from(error)))
}

async fn answer(
    app: &Arc<App>,
    user: UserId,
    session: Uuid,
    refresh: SecretString,
    in_body: bool,
) -> Result<Response, Problem> {
    let access_token = app.tokens.sign(user, session, app.clock.now())?;
    let caller = recognise(app, &access_token).await?;
    let me = super::users::me(app, &caller).await?;
    let tokens = Tokens {
        access_token,
        expires_in: tokens::LIFE,
        refresh_token: in_body.then(|| refresh.expose_secret().to_owned()),
        user: me,
    };
    let mut response = Json(tokens).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !in_body {
        set_cookie(headers, refresh.expose_secret(), sessions::LIFE.num_seconds(), app.secure_cookies);
    }
    Ok(response)
}

fn set_cookie(headers: &mut HeaderMap, value: &str, seconds: i64, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

fn cookie(headers: &HeaderMap) -> Option<SecretString> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let found = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty());
    found.map(|(_, value)| value.to_owned().into())
}
