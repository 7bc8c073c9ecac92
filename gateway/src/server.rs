//! The router, and serving it until the process is asked to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hilo_domain::clock::SharedClock;
use hilo_relay::feed::Feed;
use hilo_relay::runs::Runs;
use hilo_relay::stream::Stream;
use hilo_relay::temporal::{Bells, Commands};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::auth::proxies::Proxies;
use crate::auth::throttle::Throttle;
use crate::auth::tokens::TokenKeys;
use crate::batcher::Batcher;
use crate::intake::{self, Intake, MailSink, ReceiptSink};
use crate::live::{self, Live};
use crate::numbers::Numbers;
use crate::problem::{Code, Problem};
use crate::{api, ops, web, webhooks};

/// A stopping gateway waits so long for requests in flight.
const DRAIN: Duration = Duration::from_secs(25);

/// What the gateway is built from.
pub struct Deps {
    /// How facts are stored and rung.
    pub intake: Intake,
    /// Temporal, for readiness.
    pub bells: Arc<dyn Bells>,
    /// Redis, for readiness, and for what is said to screens alone.
    pub stream: Arc<dyn Stream>,
    /// What people at their screens need.
    pub desk: Desk,
}

/// What people at their screens need.
#[derive(Clone)]
pub struct Desk {
    /// Has people's commands carried out.
    pub commands: Arc<dyn Commands>,
    /// Signs and verifies access tokens.
    pub tokens: TokenKeys,
    /// Whose word about addresses is believed.
    pub proxies: Proxies,
    /// Whether cookies are for encrypted connections alone: where the public address is `https`.
    pub secure_cookies: bool,
    /// Temporal's own UI, where there is one.
    pub temporal_ui: Option<url::Url>,
    /// The namespace there.
    pub temporal_namespace: String,
    /// Tells what happens.
    pub feed: Arc<dyn Feed>,
    /// Knows the runs of workflows.
    pub runs: Arc<dyn Runs>,
}

/// What every handler can reach.
pub(crate) struct App {
    pub(crate) intake: Intake,
    pub(crate) numbers: Numbers,
    pub(crate) mail: Batcher<intake::Mail>,
    pub(crate) receipts: Batcher<intake::Receipt>,
    pub(crate) clock: SharedClock,
    pub(crate) bells: Arc<dyn Bells>,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) tokens: TokenKeys,
    pub(crate) proxies: Proxies,
    pub(crate) secure_cookies: bool,
    pub(crate) temporal_ui: Option<url::Url>,
    pub(crate) temporal_namespace: String,
    pub(crate) runs: Arc<dyn Runs>,
    pub(crate) throttle: Throttle,
    pub(crate) live: Live,
}

/// Every path of the gateway.
pub fn router(deps: Deps) -> Router {
    let Deps { intake, bells, stream, desk } = deps;
    let clock = intake.clock.clone();
    let (sockets, io, live) = live::layer(clock.now());
    let app = Arc::new(App {
        numbers: Numbers::new(intake.pool.clone(), intake.ring.clone()),
        mail: Batcher::start(Arc::new(MailSink(intake.clone()))),
        receipts: Batcher::start(Arc::new(ReceiptSink(intake.clone()))),
        clock: clock.clone(),
        intake,
        bells,
        stream,
        metrics: ops::metrics::recorder(),
        commands: desk.commands,
        tokens: desk.tokens,
        proxies: desk.proxies,
        secure_cookies: desk.secure_cookies,
        temporal_ui: desk.temporal_ui,
        temporal_namespace: desk.temporal_namespace,
        runs: desk.runs,
        throttle: Throttle::default(),
        live,
    });
    live::start(&app, io, desk.feed);
    let (api, _) = api::routes(&app);
    Router::new()
        .merge(api)
        .route(
            "/webhooks/meta",
            get(webhooks::meta::verify)
                .post(webhooks::meta::receive)
                .layer(DefaultBodyLimit::max(webhooks::meta::MAX_BODY)),
        )
        .route("/healthz", get(ops::health::healthz))
        .route("/readyz", get(ops::health::readyz))
        .route("/metrics", get(ops::metrics::render))
        .fallback(get(web::serve))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
        .layer(sockets)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(unless_said(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(unless_said(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(unless_said(header::X_FRAME_OPTIONS, "DENY"))
        .layer(unless_said(header::REFERRER_POLICY, "same-origin"))
        .layer(axum::middleware::from_fn(ops::well_formed))
        .layer(axum::middleware::from_fn(move |request, next| {
            let now = clock.now();
            async move { ops::identify(now, request, next).await }
        }))
}

/// A header that every answer has, unless its handler says something else.
fn unless_said(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "Use a method that the Allow header names.")
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Problem::new(Code::Internal, "It has been logged under the id in `instance`; try again.").into_response()
}

/// A gateway that listens.
pub struct Gateway {
    listener: TcpListener,
    router: Router,
}

impl Gateway {
    /// Listens at `address`.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(address: &str, deps: Deps) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, router: router(deps) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` resolves, then finishes the requests in flight, 25 s at most.
    ///
    /// # Errors
    /// When listening fails for good.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let (asked, told) = tokio::sync::oneshot::channel();
        let graceful = async move {
            shutdown.await;
            let _ = asked.send(());
        };
        let serving = axum::serve(self.listener, self.router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(graceful);
        let cut = async move {
            if told.await.is_ok() {
                tokio::time::sleep(DRAIN).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            outcome = std::future::IntoFuture::into_future(serving) => outcome,
            () = cut => Ok(()),
        }
    }
}
