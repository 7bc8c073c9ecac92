//! A gateway on a database of its own, with bells and a stream that only listen.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use hilo_domain::clock::{SharedClock, SystemClock};
use hilo_domain::command::Answer;
use hilo_domain::id::{AgentId, ConversationId, QueueId};
use hilo_gateway::intake::Intake;
use hilo_gateway::{Deps, Desk, Gateway, Proxies, TokenKeys, router};
use hilo_relay::feed::{Batch, Feed, Place};
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_relay::runs::{Run, Runs};
use hilo_relay::stream::{Stream, StreamError};
use hilo_relay::temporal::{Bells, Commands, RingError};
use hilo_store::events::Event;
use hilo_store::testing::{Database, at, database};
use hilo_whatsapp::meta::signature;
use hilo_workflows::conversation::Ask;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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

#[async_trait]
impl Commands for Ear {
    async fn carry_out(&self, _: ConversationId, _: Ask) -> Result<Answer, RingError> {
        Err(RingError::Unavailable("nobody works here".into()))
    }
}

#[async_trait]
impl Runs for Ear {
    async fn runs(&self, _: ConversationId) -> Result<Vec<Run>, RingError> {
        Err(RingError::Unavailable("nobody works here".into()))
    }
}

#[async_trait]
impl Feed for Ear {
    async fn next(&self, _: &mut Place) -> Result<Batch, StreamError> {
        std::future::pending().await
    }
}

/// What screens need, where there are none.
fn desk(ear: &Arc<Ear>) -> Desk {
    let key = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    Desk {
        commands: ear.clone(),
        tokens: TokenKeys::parse(&key.into()).unwrap(),
        proxies: Proxies::default(),
        secure_cookies: false,
        temporal_ui: None,
        temporal_namespace: "default".into(),
        feed: ear.clone(),
        runs: ear.clone(),
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
    looking_every(db, Duration::from_millis(20))
}

/// A gateway on `db` whose relay looks so often for what is due.
pub(crate) fn looking_every(db: Database, every: Duration) -> Rig {
    let ear = Arc::new(Ear::default());
    let clock: SharedClock = hilo_domain::clock::ManualClock::at(at(1000));
    let stop = CancellationToken::new();
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: ear.clone(),
        stream: ear.clone(),
        clock: clock.clone(),
        settings: Settings { every, ..Settings::default() },
    };
    let (relay, _) = Relay::start(ringer, stop.clone());
    let intake = Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock };
    let router = router(Deps { intake, bells: ear.clone(), stream: ear.clone(), desk: desk(&ear) });
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

/// A gateway on a socket, for what only bytes can say.
pub(crate) async fn listening(db: &Database) -> (SocketAddr, CancellationToken) {
    let ear = Arc::new(Ear::default());
    let clock: SharedClock = Arc::new(SystemClock);
    let stop = CancellationToken::new();
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: ear.clone(),
        stream: ear.clone(),
        clock: clock.clone(),
        settings: Settings::default(),
    };
    let (relay, _) = Relay::start(ringer, stop.clone());
    let intake = Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock };
    let gateway =
        Gateway::bind("127.0.0.1:0", Deps { intake, bells: ear.clone(), stream: ear.clone(), desk: desk(&ear) })
            .await
            .unwrap();
    let address = gateway.local_addr().unwrap();
    tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));
    (address, stop)
}

/// Sends bytes and reads the status of the answer; `None` when the connection was closed without one.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The other side may well stop reading before all of it is written.
    drop(socket.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer).await);
    let line = String::from_utf8_lossy(&answer);
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Sends these bodies, signed, on a connection each, all at once: everything but the last byte is there before any last
/// byte is. Returns the statuses.
pub(crate) async fn at_once(address: SocketAddr, bodies: &[Value]) -> Vec<u16> {
    let mut sockets = Vec::new();
    for body in bodies {
        let body = body.to_string();
        let signature = signature::sign(SECRET, body.as_bytes());
        let request = format!(
            "POST /webhooks/meta HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
             x-hub-signature-256: {signature}\r\n\r\n{body}",
            body.len()
        );
        let mut socket = TcpStream::connect(address).await.unwrap();
        let (most, last) = request.as_bytes().split_at(request.len() - 1);
        socket.write_all(most).await.unwrap();
        sockets.push((socket, last.to_vec()));
    }
    let start = Arc::new(tokio::sync::Barrier::new(sockets.len()));
    let answers: Vec<_> = sockets
        .into_iter()
        .map(|(mut socket, last)| {
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                socket.write_all(&last).await.unwrap();
                let mut answer = String::new();
                socket.read_to_string(&mut answer).await.unwrap();
                answer.split_whitespace().nth(1).unwrap().parse::<u16>().unwrap()
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer.await.unwrap());
    }
    statuses
}

/// `short` rounds, or `long` ones with `HILO_LONG=1`.
pub(crate) fn rounds(short: usize, long: usize) -> usize {
    if std::env::var_os("HILO_LONG").is_some_and(|on| on == "1") { long } else { short }
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
