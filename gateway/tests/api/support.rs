//! A gateway with people on a database of its own. Commands are answered by the test; events come when it says so.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use hilo_domain::chat::ChatStatus;
use hilo_domain::clock::{Clock, ManualClock, SharedClock};
use hilo_domain::command::{Answer, Refusal};
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, CampaignId, ChatId, ConversationId, QueueId, UserId};
use hilo_domain::permission::Role;
use hilo_gateway::intake::Intake;
use hilo_gateway::{Deps, Desk, Gateway, Proxies, TokenKeys, router};
use hilo_relay::feed::{Batch, Feed, Place};
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_relay::runs::{Run, Runs};
use hilo_relay::stream::{Stream, StreamError};
use hilo_relay::temporal::{Bells, Commands, RingError};
use hilo_store::agents;
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::chats::Chat;
use hilo_store::desk::{self, Changes, Happened};
use hilo_store::events::Event;
use hilo_store::testing::{Database, at, database, text};
use hilo_store::users::{self, NewUser};
use hilo_workflows::conversation::Ask;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "hilo-demo-2026";
pub(crate) const CAROLINA: &str = "5215555550001";

/// Temporal, the stream in Redis, and the feed: all in the test's hands.
pub(crate) struct World {
    /// What the next commands come to; without one nobody answers.
    pub(crate) answers: Mutex<Vec<Answer>>,
    /// What was asked.
    pub(crate) asked: Mutex<Vec<Ask>>,
    news: broadcast::Sender<(bool, Vec<Event>)>,
}

impl World {
    /// The stream carries these.
    pub(crate) fn happens(&self, events: &[Event]) {
        drop(self.news.send((false, events.to_vec())));
    }

    /// The stream was trimmed.
    pub(crate) fn loses(&self) {
        drop(self.news.send((true, Vec::new())));
    }

    /// The next command comes to this.
    pub(crate) fn will_answer(&self, answer: Answer) {
        self.answers.lock().unwrap().push(answer);
    }
}

#[async_trait]
impl Bells for World {
    async fn conversation(&self, _: ConversationId) -> Result<(), RingError> {
        Ok(())
    }

    async fn queue(&self, _: QueueId) -> Result<(), RingError> {
        Ok(())
    }

    async fn agent(&self, _: AgentId) -> Result<(), RingError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), RingError> {
        Ok(())
    }
}

#[async_trait]
impl Commands for World {
    async fn carry_out(&self, _: ConversationId, ask: Ask) -> Result<Answer, RingError> {
        self.asked.lock().unwrap().push(ask);
        let answer = self.answers.lock().unwrap().pop();
        answer.ok_or_else(|| RingError::Unavailable("nobody works here".into()))
    }
}

#[async_trait]
impl Runs for World {
    async fn runs(&self, _: ConversationId) -> Result<Vec<Run>, RingError> {
        Ok(vec![Run { run_id: "run-1".into(), events: 12, status: "running", started_at: Some(at(0)) }])
    }
}

#[async_trait]
impl Stream for World {
    async fn publish(&self, events: &[Event]) -> Result<(), StreamError> {
        // What is published comes back, as from Redis.
        self.happens(events);
        Ok(())
    }

    async fn ping(&self) -> Result<(), StreamError> {
        Ok(())
    }
}

/// One gateway's ear.
struct Ear(tokio::sync::Mutex<broadcast::Receiver<(bool, Vec<Event>)>>);

#[async_trait]
impl Feed for Ear {
    async fn next(&self, _: &mut Place) -> Result<Batch, StreamError> {
        let (lost, events) = self.0.lock().await.recv().await.map_err(|error| StreamError(error.to_string()))?;
        Ok(Batch { lost, events })
    }
}

/// A gateway under test, with the demo's people and campaign.
pub(crate) struct Rig {
    pub(crate) db: Database,
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Router,
    pub(crate) campaign: CampaignId,
    pub(crate) queue: QueueId,
    pub(crate) people: Vec<(Role, UserId, &'static str)>,
    deps: Box<dyn Fn() -> Deps + Send + Sync>,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

const PEOPLE: [(&str, &str, Role); 6] = [
    ("admin@x", "Ada", Role::SuperAdmin),
    ("sofia@x", "Sofía", Role::Supervisor),
    ("ana@x", "Ana", Role::Agente),
    ("luis@x", "Luis", Role::Agente),
    ("carla@x", "Carla", Role::Calidad),
    ("aurelio@x", "Aurelio", Role::Auditoria),
];

/// Starts one.
pub(crate) async fn rig() -> Rig {
    let db = database().await;
    let mut tx = db.begin().await;
    let new = NewCampaign {
        key: "campaign-1",
        name: "Demo",
        flow_key: "demo",
        first_reply_seconds: 120,
        idle_seconds: 1800,
        capacity: 5,
    };
    let campaign = campaigns::add_if_absent(&mut tx, &new, at(0)).await.unwrap();
    campaigns::give_number(&mut tx, campaign, db.number).await.unwrap();
    campaigns::add_queue_if_absent(&mut tx, campaign, "queue-1", "Ventas", true, at(0)).await.unwrap();
    campaigns::add_close_reason_if_absent(&mut tx, "resolved", "Resuelto", 0).await.unwrap();
    campaigns::add_pause_reason_if_absent(&mut tx, "lunch", "Comida", 0).await.unwrap();
    let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let mut people = Vec::new();
    for (email, name, role) in PEOPLE {
        let user = NewUser { email, name, role, password_hash: &hash };
        let id = users::add_if_absent(&mut tx, &user, at(0)).await.unwrap().unwrap();
        match role {
            Role::Agente => agents::join_campaign(&mut tx, campaign, AgentId(id.0), at(0)).await.unwrap(),
            Role::Supervisor => campaigns::supervise(&mut tx, campaign, id).await.unwrap(),
            _ => {}
        }
        people.push((role, id, email));
    }
    let queue = agents::queue(&mut tx, "queue-1").await.unwrap().unwrap().0;
    tx.commit().await.unwrap();

    let news = broadcast::channel(1000).0;
    let world = Arc::new(World { answers: Mutex::default(), asked: Mutex::default(), news });
    let clock = ManualClock::at(at(1000));
    let stop = CancellationToken::new();
    let shared: SharedClock = clock.clone();
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: world.clone(),
        stream: world.clone(),
        clock: shared.clone(),
        settings: Settings { every: Duration::from_secs(3600), ..Settings::default() },
    };
    // What is written is rung by the test alone, so that events come when it says so.
    let (relay, _) = Relay::start(Ringer { stream: Arc::new(Silent), ..ringer }, stop.clone());
    let key = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let intake = Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock: shared };
    let given = world.clone();
    let deps = Box::new(move || Deps {
        intake: intake.clone(),
        bells: given.clone(),
        stream: given.clone(),
        desk: Desk {
            commands: given.clone(),
            tokens: TokenKeys::parse(&key.into()).unwrap(),
            proxies: Proxies::default(),
            secure_cookies: false,
            temporal_ui: Some("http://127.0.0.1:8233".parse().unwrap()),
            temporal_namespace: "default".into(),
            feed: Arc::new(Ear(given.news.subscribe().into())),
            runs: given.clone(),
        },
    });
    let router = router(deps());
    Rig { db, world, clock, router, campaign, queue, people, deps, stop }
}

/// A stream that nobody reads.
struct Silent;

#[async_trait]
impl Stream for Silent {
    async fn publish(&self, _: &[Event]) -> Result<(), StreamError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), StreamError> {
        Ok(())
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Got {
    /// The last segment of a problem's type.
    pub(crate) fn code(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default()
    }

    pub(crate) fn pointers(&self) -> Vec<&str> {
        self.body["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect()
    }
}

impl Rig {
    pub(crate) fn id(&self, email: &str) -> UserId {
        self.people.iter().find(|(_, _, known)| *known == email).unwrap().1
    }

    /// The same gateway on a socket.
    pub(crate) async fn listening(&self) -> SocketAddr {
        let gateway = Gateway::bind("127.0.0.1:0", (self.deps)()).await.unwrap();
        let address = gateway.local_addr().unwrap();
        tokio::spawn(gateway.serve(self.stop.clone().cancelled_owned()));
        address
    }

    /// Sends a request below `/api/v1`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Got {
        let mut request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| match body {
            Value::String(raw) => Body::from(raw),
            body => Body::from(body.to_string()),
        });
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if parts.status.is_client_error() || parts.status.is_server_error() {
            assert_eq!(parts.headers["content-type"], "application/problem+json", "{}", parts.status);
            assert!(body["detail"].is_string() && body["instance"].is_string(), "{body}");
        }
        Got { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Got {
        self.send(Method::GET, path, Some(token), &[], None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, Some(token), &[], Some(body)).await
    }

    /// Logs somebody in; gives the access token and what came.
    pub(crate) async fn login(&self, email: &str) -> (String, Got) {
        let body = json!({"email": email, "password": PASSWORD, "refreshInBody": true});
        let got = self.send(Method::POST, "auth/login", None, &[], Some(body)).await;
        assert_eq!(got.status, 200, "{got:?}");
        (got.body["accessToken"].as_str().unwrap().to_owned(), got)
    }

    pub(crate) async fn token(&self, email: &str) -> String {
        self.login(email).await.0
    }

    /// A client writes, and a chat with them stands there.
    pub(crate) async fn chat(&self, phone: &str, status: ChatStatus, agent: Option<&str>) -> (ConversationId, ChatId) {
        let arrival = text(self.db.number, phone, &format!("wamid.{phone}.1"), "hola", 10);
        self.db.arrive(&arrival).await;
        let folded = hilo_domain::phone::fold(phone).unwrap();
        let conversation = hilo_store::conversations::of_phone(&self.db.pool, &folded).await.unwrap().pop().unwrap().id;
        let id = self.db.begin_chat(conversation).await;
        let agent = agent.map(|email| AgentId(self.id(email).0));
        let chat = |chat: Chat| Chat {
            campaign: Some(self.campaign),
            queue: Some(self.queue),
            status,
            agent,
            queued_at: Some(at(20)),
            waiting_since: Some(at(20)),
            last_client_at: Some(at(10)),
            ..chat
        };
        self.change(conversation, EventKind::ChatUpdated, json!({"status": status}), chat).await;
        // The message was there before its chat.
        self.db.execute("update messages m set chat_id = c.open_chat_id from conversations c where c.id = m.conversation_id and m.chat_id is null").await;
        (conversation, id)
    }

    /// Changes the open chat with an event, as the worker does; gives the event.
    pub(crate) async fn change(
        &self,
        conversation: ConversationId,
        kind: EventKind,
        data: Value,
        change: impl FnOnce(Chat) -> Chat,
    ) -> Event {
        let mut tx = self.db.begin().await;
        let mut opened = desk::open(&mut tx, &self.db.ring, conversation).await.unwrap().unwrap();
        opened.last_seq += 1;
        let chat = change(opened.chat.clone().unwrap());
        let seq = opened.last_seq;
        let happened = Happened { seq, chat: Some(chat.id), kind, data };
        let changes = Changes { chats: vec![chat], events: vec![happened], ..Changes::default() };
        desk::save(&mut tx, &opened, &changes, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.events(conversation).await.pop().unwrap()
    }

    /// Everything that happened in a conversation.
    pub(crate) async fn events(&self, conversation: ConversationId) -> Vec<Event> {
        hilo_store::events::after(&self.db.pool, conversation, 0, 10_000).await.unwrap()
    }
}

/// A refusal because another has the chat.
pub(crate) fn held_by(agent: UserId) -> Answer {
    Answer::Refused { code: Refusal::NotHolder, holder: Some(AgentId(agent.0)) }
}
