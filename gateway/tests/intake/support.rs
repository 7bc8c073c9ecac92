//! A gateway on a database of its own, with bells and a stream that only listen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use hilo_domain::clock::SharedClock;
use hilo_domain::id::{AgentId, ConversationId, QueueId};
use hilo_gateway::intake::Intake;
use hilo_gateway::{Deps, router};
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_relay::stream::{Stream, StreamError};
use hilo_relay::temporal::{Bells, RingError};
use hilo_store::events::Event;
use hilo_store::testing::{Database, at, database};
use hilo_whatsapp::meta::signature;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Hears bells and events instead of Temporal and Redis.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) rung: Mutex<Vec<ConversationId>>,
    pub(crate) published: Mutex<Vec<Event>>,
    pub(crate) temporal_is_away: AtomicBool,
    pub(crate) redis_is_away: AtomicBool,
}

#[async_trait]
impl Bells for Ear {
    async fn conversation(&self, id: ConversationId) -> Result<(), RingError> {
        self.ping_temporal()?;
        self.rung.lock().unwrap().push(id);
        Ok(())
    }

    async fn queue(&self, _: QueueId) -> Result<(), RingError> {
        self.ping_temporal()
    }

    async fn agent(&self, _: AgentId) -> Result<(), RingError> {
        self.ping_temporal()
    }

    async fn ping(&self) -> Result<(), RingError> {
        self.ping_temporal()
    }
}

impl Ear {
    fn ping_temporal(&self) -> Result<(), RingError> {
        if self.temporal_is_away.load(Ordering::SeqCst) { Err(RingError::Unavailable("away".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Stream for Ear {
    async fn publish(&self, events: &[Event]) -> Result<(), StreamError> {
        Stream::ping(self).await?;
        self.published.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    async fn ping(&self) -> Result<(), StreamError> {
        if self.redis_is_away.load(Ordering::SeqCst) { Err(StreamError("away".into())) } else { Ok(()) }
    }
}

/// A gateway under test.
pub(crate) struct Rig {
    pub(crate) db: Database,
    pub(crate) ear: Arc<Ear>,
    pub(crate) router: Router,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) const SECRET: &str = "demo-app-secret";
pub(crate) const PHONE_NUMBER_ID: &str = "100000000000001";

/// A gateway whose relay runs.
pub(crate) async fn rig() -> Rig {
    on(database().await)
}

/// A gateway on `db`.
pub(crate) fn on(db: Database) -> Rig {
    let ear = Arc::new(Ear::default());
    let clock: SharedClock = hilo_domain::clock::ManualClock::at(at(1000));
    let stop = CancellationToken::new();
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: ear.clone(),
        stream: ear.clone(),
        clock: clock.clone(),
        settings: Settings { every: Duration::from_millis(20), ..Settings::default() },
    };
    let (relay, _) = Relay::start(ringer, stop.clone());
    let intake = Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock };
    let router = router(Deps { intake, bells: ear.clone(), stream: ear.clone() });
    Rig { db, ear, router, stop }
}

impl Rig {
    /// Posts bytes, signed with `secret`.
    pub(crate) async fn post_signed(&self, secret: &str, body: impl Into<Vec<u8>>) -> (StatusCode, String) {
        let body = body.into();
        let header = signature::sign(secret, &body);
        self.send(Request::post("/webhooks/meta").header(signature::HEADER, header).body(Body::from(body)).unwrap())
            .await
    }

    /// Posts a value, signed as the demo app.
    pub(crate) async fn post(&self, body: &Value) -> StatusCode {
        self.post_signed(SECRET, body.to_string()).await.0
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            let kind = response.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
            let readiness = kind.as_deref() == Some("application/json") && status == StatusCode::SERVICE_UNAVAILABLE;
            assert!(readiness || kind.as_deref() == Some("application/problem+json"), "{status} as {kind:?}");
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Waits until the relay has nothing left to ring.
    pub(crate) async fn quiet(&self) {
        while self.db.count("select count(*) from outbox").await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// One body with these messages for the demo number.
pub(crate) fn messages(messages: &[Value]) -> Value {
    body(PHONE_NUMBER_ID, json!({"messages": messages}))
}

/// One body with one change of the field `messages`.
pub(crate) fn body(phone_number_id: &str, mut value: Value) -> Value {
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({"display_phone_number": "525500000001", "phone_number_id": phone_number_id});
    json!({"object": "whatsapp_business_account",
           "entry": [{"id": "200000000000001", "changes": [{"field": "messages", "value": value}]}]})
}

/// One text.
pub(crate) fn text(from: &str, id: &str, text: &str) -> Value {
    json!({"from": from, "id": id, "timestamp": "1795000000", "type": "text", "text": {"body": text}})
}
