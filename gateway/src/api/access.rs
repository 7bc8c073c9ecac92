//! Who asks, and whether they may: the one check that every operation goes through.
//!
//! The table is `domain::operation`; which operation a request is comes from the OpenAPI document, so an operation that
//! is served is one that is described and decided about.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hilo_domain::command::Actor;
use hilo_domain::id::UserId;
use hilo_domain::operation::{Needs, Operation};
use hilo_domain::permission::{Permission, Role, Scope};
use hilo_domain::viewer::Viewer;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

use super::shapes::people::Grant;
use crate::problem::{Code, Problem};
use crate::server::App;
use crate::words::Language;

/// Which operation stands at which method and path.
pub(crate) struct Table(HashMap<(Method, String), Operation>);

impl Table {
    /// Reads it from the document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut table = HashMap::new();
        for (path, item) in &document.paths.paths {
            let all = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in all {
                let id = operation.as_ref().and_then(|operation| operation.operation_id.as_deref());
                if let Some(operation) = id.and_then(Operation::from_name) {
                    table.insert((method, path.clone()), operation);
                }
            }
        }
        Self(table)
    }

    fn operation(&self, request: &Request) -> Option<Operation> {
        let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
        // HEAD is answered by whoever answers GET.
        let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
        self.0.get(&(method, path)).copied()
    }
}

/// Whoever asks, as they stand now: a role that was changed counts at once.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) session: Uuid,
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    pub(crate) language: Language,
    pub(crate) campaigns: Vec<hilo_domain::id::CampaignId>,
    pub(crate) actor: Actor,
}

impl Caller {
    /// How far they may do something; `None` when not at all.
    pub(crate) const fn reach(&self, permission: Permission) -> Option<Scope> {
        self.role.may(permission)
    }

    /// The same as a viewer.
    pub(crate) fn viewer(&self, permission: Permission) -> Option<Viewer> {
        self.reach(permission).map(|scope| self.with(scope))
    }

    /// Them as a viewer of so much.
    pub(crate) fn with(&self, scope: Scope) -> Viewer {
        Viewer { user: self.user, scope, campaigns: self.campaigns.clone() }
    }

    /// Everything that they may do.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        let granted = |permission: &Permission| {
            self.reach(*permission)
                .map(|scope| Grant { permission: permission.as_str().to_owned(), scope: scope.into() })
        };
        Permission::ALL.iter().filter_map(granted).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// Who looks, with the reach of the operation's permission.
pub(crate) struct Look(pub(crate) Viewer);

impl<S: Send + Sync> FromRequestParts<S> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Viewer>().cloned().map(Self).ok_or_else(missing)
    }
}

/// From where, and with what, a request comes; known also before anybody has logged in.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The address, as far as it can be trusted.
    pub(crate) ip: Option<std::net::IpAddr>,
    /// What the client calls itself; 400 characters at most.
    pub(crate) user_agent: Option<String>,
}

impl FromRequestParts<Arc<App>> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        Ok(Self { ip: app.proxies.client(peer, &parts.headers), user_agent: user_agent(&parts.headers) })
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(400).collect())
}

fn missing() -> Problem {
    Problem::new(Code::TokenInvalid, "Send `Authorization: Bearer` with the token from `auth/login`.")
}

/// The check: token, session, permission. What passes carries its [`Caller`] and its [`Viewer`].
pub(crate) async fn check(
    State((app, table)): State<(Arc<App>, Arc<Table>)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(operation) = table.operation(&request) else {
        // A method that is not there: the router answers.
        return next.run(request).await;
    };
    if operation.needs() == Needs::Nothing {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match admit(&app, &mut parts, operation).await {
        Ok((caller, viewer)) => {
            parts.extensions.insert(caller);
            parts.extensions.insert(viewer);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &Arc<App>, parts: &mut Parts, operation: Operation) -> Result<(Caller, Viewer), Problem> {
    let token = bearer(&parts.headers).ok_or_else(missing)?;
    let caller = recognise(app, token).await?;
    let Ok(origin) = Origin::from_request_parts(parts, app).await;
    let caller = Caller {
        actor: Actor {
            user_id: Some(caller.user),
            session_id: Some(caller.session),
            ip: origin.ip.map(|ip| ip.to_string()),
            user_agent: origin.user_agent,
            request_id: Some(crate::ops::request_id()),
        },
        ..caller
    };
    let scope = permitted(&caller, operation)?;
    let viewer = caller.with(scope);
    Ok((caller, viewer))
}

/// Who a token belongs to, as they stand now.
pub(crate) async fn recognise(app: &App, token: &str) -> Result<Caller, Problem> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    let found = hilo_store::sessions::holder(&app.intake.pool, claims.session, claims.user).await?;
    let Some(holder) = found else {
        return Err(Problem::new(Code::SessionOver, "Log in again."));
    };
    Ok(Caller {
        user: claims.user,
        session: claims.session,
        name: holder.name.into(),
        role: holder.role,
        language: Language::of(&holder.locale),
        campaigns: holder.campaigns,
        actor: Actor { user_id: Some(claims.user), session_id: Some(claims.session), ..Actor::default() },
    })
}

/// How far the caller gets with an operation.
pub(crate) fn permitted(caller: &Caller, operation: Operation) -> Result<Scope, Problem> {
    operation.needs().reach(caller.role).ok_or_else(|| match operation.needs() {
        Needs::May(permission) => {
            let word = permission.as_str();
            Problem::new(Code::Forbidden, format!("It needs the permission `{word}`.")).with("permission", word)
        }
        Needs::Login | Needs::Nothing => missing(),
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
