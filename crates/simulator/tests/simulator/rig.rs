//! A business for the tests: a simulator on a free port, and a receiver of its webhooks that checks every signature.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hilo_simulator::{Clock, Config, ManualClock, Simulator};
use hilo_whatsapp::meta::signature;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The demo number's id.
pub(crate) const NUMBER: &str = "100000000000001";
/// The demo account's id.
pub(crate) const ACCOUNT: &str = "200000000000001";
/// A customer.
pub(crate) const ANA: &str = "51987654321";

/// Long enough for anything that happens at all; only a hanging test ever waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A simulator and its business.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) clock: ManualClock,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) client: Client,
    pub(crate) folder: tempfile::TempDir,
    stop: CancellationToken,
    served: Option<JoinHandle<()>>,
    hands: JoinHandle<()>,
}

/// What the business received.
#[derive(Default)]
pub(crate) struct Inbox {
    bodies: Mutex<Vec<Value>>,
    raw: Mutex<Vec<Bytes>>,
    refusals: Mutex<VecDeque<StatusCode>>,
    attempts: Mutex<Vec<Value>>,
    arrived: Notify,
}

impl Rig {
    /// With receipts at once.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(tempfile::tempdir().unwrap(), change).await
    }

    /// On the folder of an earlier one.
    pub(crate) async fn on(folder: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let inbox = Arc::new(Inbox::default());
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", receiver.local_addr().unwrap()).parse().unwrap();
        let app = Router::new().route("/hook", post(receive).get(verify)).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(receiver, app).await.unwrap() });

        let clock = ManualClock::new("2026-11-24T12:00:00Z".parse().unwrap());
        let mut config = Config::demo("127.0.0.1:0".parse().unwrap(), folder.path().to_owned(), url);
        config.customers.clear();
        config.receipts.sent_after = Duration::ZERO;
        config.receipts.delivered_after = Duration::ZERO;
        config.clock = Arc::new(clock.clone());
        change(&mut config);

        let simulator = Simulator::bind(config).await.unwrap();
        let address = simulator.local_addr();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(async move { simulator.serve(stopped).await.unwrap() });
        // Whoever sleeps is woken as soon as nothing else is to be done: time passes only when somebody waits for it.
        let hands = move_hands(&clock);
        let client = client();
        Self { address, clock, inbox, client, folder, stop, served: Some(served), hands }
    }

    /// Calls the Graph API with the demo's token.
    pub(crate) async fn graph(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("http://{}/v23.0/{path}", self.address));
        let request = request.bearer_auth("demo-access-token");
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Calls the control API.
    pub(crate) async fn sim(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("http://{}/sim/{path}", self.address));
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Sends to Ana; the answer.
    pub(crate) async fn send(&self, mut message: Value) -> (StatusCode, Value) {
        message["messaging_product"] = "whatsapp".into();
        if message.get("to").is_none() {
            message["to"] = format!("+{ANA}").into();
        }
        self.graph(Method::POST, &format!("{NUMBER}/messages"), message).await
    }

    /// Sends a text to Ana; the id it was accepted with.
    pub(crate) async fn send_text(&self, text: &str) -> String {
        let (status, answer) = self.send(json!({"type": "text", "text": {"body": text}})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Ana writes; the message's id.
    pub(crate) async fn write(&self, body: Value) -> String {
        let (status, answer) = self.sim(Method::POST, &format!("customers/{ANA}/messages"), body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Ana says hello, which opens the window.
    pub(crate) async fn hello(&self) -> String {
        self.write(json!({"type": "text", "text": "hola"})).await
    }

    /// Asks for trouble.
    pub(crate) async fn fault(&self, fault: Value) {
        let (status, answer) = self.sim(Method::POST, "faults", fault).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }

    /// What Ana got.
    pub(crate) async fn got(&self) -> Vec<Value> {
        let (_, answer) = self.sim(Method::GET, &format!("customers/{ANA}/messages"), Value::Null).await;
        answer["items"].as_array().unwrap().clone()
    }

    /// Stops it as SIGTERM does; its folder.
    pub(crate) async fn stop(mut self) -> tempfile::TempDir {
        self.stop.cancel();
        self.served.take().unwrap().await.unwrap();
        self.hands.abort();
        let empty = tempfile::tempdir().unwrap();
        std::mem::replace(&mut self.folder, empty)
    }

    /// Stops the time: who sleeps sleeps on.
    pub(crate) fn hold_time(&self) {
        self.hands.abort();
    }

    /// Lets the time move again.
    pub(crate) fn release_time(&mut self) {
        self.hands = move_hands(&self.clock);
    }

    /// A copy of the folder at this moment: what `kill -9` would leave.
    pub(crate) fn killed(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), copy.path());
        copy
    }

    /// The moment on the clock.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
        self.hands.abort();
    }
}

impl Inbox {
    /// Refuses the next deliveries with these statuses.
    pub(crate) fn refuse(&self, statuses: impl IntoIterator<Item = StatusCode>) {
        self.refusals.lock().unwrap().extend(statuses);
    }

    /// Waits until what was acknowledged satisfies `condition`.
    pub(crate) async fn until(&self, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.wait(|| Some(self.bodies.lock().unwrap().clone()).filter(|bodies| condition(bodies))).await
    }

    /// Waits until so many attempts were made, refused ones included.
    pub(crate) async fn attempts(&self, count: usize) -> Vec<Value> {
        self.wait(|| Some(self.attempts.lock().unwrap().clone()).filter(|attempts| attempts.len() >= count)).await
    }

    /// Waits for `count` elements of `messages[]` and `statuses[]`, in the order of arrival.
    pub(crate) async fn items(&self, count: usize) -> Vec<Value> {
        elements(&self.until(|bodies| elements(bodies).len() >= count).await)
    }

    /// The bytes as they came.
    pub(crate) fn raw(&self) -> Vec<Bytes> {
        self.raw.lock().unwrap().clone()
    }

    async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let arrived = self.arrived.notified();
                if let Some(found) = look() {
                    return found;
                }
                arrived.await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("never happened; got {:#?}", self.bodies.lock().unwrap()))
    }
}

/// Every element of `messages[]` and `statuses[]`.
pub(crate) fn elements(bodies: &[Value]) -> Vec<Value> {
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let changes = bodies.iter().flat_map(|body| all(&body["entry"])).flat_map(|entry| all(&entry["changes"]));
    changes.flat_map(|change| [all(&change["value"]["messages"]), all(&change["value"]["statuses"])].concat()).collect()
}

/// The statuses of one message, in the order of arrival.
pub(crate) fn statuses(items: &[Value], id: &str) -> Vec<String> {
    let of = items.iter().filter(|item| item["id"] == id);
    of.filter_map(|item| item["status"].as_str().map(str::to_owned)).collect()
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers.get(signature::HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signature::verify("demo-app-secret", &body, header) || headers["content-type"] != "application/json" {
        return StatusCode::UNAUTHORIZED;
    }
    let parsed: Value = serde_json::from_slice(&body).unwrap();
    inbox.attempts.lock().unwrap().push(parsed.clone());
    let refusal = inbox.refusals.lock().unwrap().pop_front();
    if refusal.is_none() {
        inbox.bodies.lock().unwrap().push(parsed);
        inbox.raw.lock().unwrap().push(body);
    }
    inbox.arrived.notify_waiters();
    refusal.unwrap_or(StatusCode::OK)
}

async fn verify(Query(query): Query<std::collections::HashMap<String, String>>) -> (StatusCode, String) {
    if query["hub.mode"] == "subscribe" && query["hub.verify_token"] == "demo-verify-token" {
        (StatusCode::OK, query["hub.challenge"].clone())
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

fn move_hands(clock: &ManualClock) -> JoinHandle<()> {
    let clock = clock.clone();
    tokio::spawn(async move {
        loop {
            clock.advance_to_next().await;
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the test is the outside world")]
fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
