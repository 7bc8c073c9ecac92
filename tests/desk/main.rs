//! The desk, driven over HTTP and a socket as screens drive it, with everything behind it real.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test whose ground is missing stops"
)]

#[expect(dead_code, reason = "the road's stories use the rest")]
#[path = "../road/support.rs"]
mod support;

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::{Road, Terms, words};
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const CAROLINA: &str = "5215512345678";
const PASSWORD: &str = "hilo-demo-2026";

/// Somebody at their screen.
struct Desk {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Desk {
    #[expect(clippy::disallowed_methods, reason = "a test speaks to its own gateway")]
    async fn of(road: &Road, email: &str) -> Self {
        let base = format!("http://{}/api/v1", road.gateway);
        let http = reqwest::Client::new();
        let body = json!({"email": email, "password": PASSWORD});
        let got = http.post(format!("{base}/auth/login")).json(&body).send().await.unwrap();
        assert_eq!(got.status(), 200);
        let got: Value = got.json().await.unwrap();
        Self { base, token: got["accessToken"].as_str().unwrap().to_owned(), http }
    }

    async fn get(&self, path: &str) -> Value {
        let got = self.http.get(format!("{}/{path}", self.base)).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(got.status(), 200, "{path}");
        got.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let sent = self.http.post(format!("{}/{path}", self.base)).bearer_auth(&self.token).json(&body).send();
        let got = sent.await.unwrap();
        (got.status().as_u16(), got.json().await.unwrap_or_default())
    }

    /// What the socket says, as it comes: name and payload.
    async fn listen(&self) -> mpsc::UnboundedReceiver<(String, Value)> {
        let url = self.base.replace("http://", "ws://").replace("/api/v1", "/socket.io/?EIO=4&transport=websocket");
        let (mut socket, _) = connect_async(url).await.unwrap();
        socket.next().await.unwrap().unwrap();
        socket.send(Message::text(format!("40{}", json!({"token": self.token})))).await.unwrap();
        // A ping may come first.
        loop {
            let welcome = socket.next().await.unwrap().unwrap();
            match welcome.to_text().unwrap() {
                "2" => socket.send(Message::text("3")).await.unwrap(),
                text => {
                    assert!(text.starts_with("40"), "{text}");
                    break;
                }
            }
        }
        let (heard, hears) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                if text.as_str() == "2" {
                    socket.send(Message::text("3")).await.unwrap();
                } else if let Some(event) = text.as_str().strip_prefix("42") {
                    let (name, what): (String, Value) = serde_json::from_str(event).unwrap();
                    if heard.send((name, what)).is_err() {
                        break;
                    }
                }
            }
        });
        hears
    }
}

/// Waits for an event that is as it should be; what comes before it is not asked for again.
async fn until(hears: &mut mpsc::UnboundedReceiver<(String, Value)>, name: &str, is: impl Fn(&Value) -> bool) -> Value {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while let Some((heard, what)) = hears.recv().await {
            if heard == name && is(&what) {
                return what;
            }
        }
        panic!("the socket closed before `{name}`")
    });
    waited.await.unwrap_or_else(|_| panic!("`{name}` never came"))
}

async fn with_passwords() -> Road {
    let road = Road::start(Terms::default()).await;
    let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    road.db.set_passwords(&hash).await;
    road
}

#[tokio::test(flavor = "multi_thread")]
async fn ana_hears_of_the_chat_answers_sees_it_read_of_and_closes_it() {
    let road = with_passwords().await;
    let (ana, luis) = (Desk::of(&road, "ana@demo.hilo.local").await, Desk::of(&road, "luis@demo.hilo.local").await);
    let mut hears = ana.listen().await;
    let me = ana.get("me").await;
    let state = format!("{}/users/{}/state", ana.base, me["id"].as_str().unwrap());
    let got = ana.http.put(state).bearer_auth(&ana.token).json(&json!({"state": "available"})).send().await.unwrap();
    assert_eq!(got.status(), 200);

    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    let new = until(&mut hears, "chat.new", |_| true).await;
    let chat = new["chatId"].as_str().unwrap().to_owned();
    assert_eq!(new["chat"]["agentId"], me["id"]);

    let (status, refused) = luis.post(&format!("chats/{chat}/take"), json!({})).await;
    assert_eq!((status, &refused["holder"]["name"]), (409, &json!("Ana")), "{refused}");

    let (status, sent) =
        ana.post(&format!("chats/{chat}/messages"), json!({"type": "text", "text": "Hola, soy Ana"})).await;
    assert_eq!((status, &sent["author"], &sent["agent"]["name"]), (202, &json!("agent"), &json!("Ana")), "{sent}");
    assert!(sent["seq"].is_i64(), "it was carried out at once: {sent}");
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "Hola, soy Ana");
    let mine = |what: &Value| what["message"]["id"] == sent["id"];
    let said = until(&mut hears, "chat.message", mine).await;
    assert_eq!(said["seq"], sent["seq"]);
    until(&mut hears, "chat.updated", |what| mine(what) && what["message"]["status"] == "delivered").await;

    let workflow = ana.get(&format!("chats/{chat}/workflow")).await;
    assert_eq!((&workflow["status"], &workflow["temporalAnswers"]), (&json!("active"), &json!(true)), "{workflow}");
    assert!(workflow["runs"].as_array().is_some_and(|runs| !runs.is_empty()), "{workflow}");
    assert_eq!(workflow["timers"][0]["kind"], "idle");
    let ledger = ana.get(&format!("chats/{chat}/ledger?limit=200")).await;
    let told: Vec<_> = ledger["items"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert!(told.contains(&"Se asignó a Ana (por turno)."), "{told:#?}");
    assert!(told.iter().all(|line| !line.starts_with("ledger-")), "every line has words: {told:#?}");

    let (status, closed) = ana.post(&format!("chats/{chat}/close"), json!({"reason": "resolved"})).await;
    assert_eq!((status, &closed["status"]), (200, &json!("closed")), "{closed}");
    let heard = until(&mut hears, "chat.closed", |_| true).await;
    assert_eq!(heard["chat"]["closeReason"], "resolved");
    let (status, reopened) = ana.post(&format!("chats/{chat}/reopen"), json!({})).await;
    assert_eq!((status, &reopened["status"]), (200, &json!("assigned")), "to her who had it: {reopened}");
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_a_reply_waits_and_is_said_once_when_one_comes() {
    let mut road = with_passwords().await;
    let ana = Desk::of(&road, "ana@demo.hilo.local").await;
    road.is(road.ana, hilo_domain::agent::AgentState::Available).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    let chat = road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    road.got_all(CAROLINA, 3).await;
    road.stop_worker().await;
    let path = format!("chats/{}/messages", chat.id);
    let send = || {
        let asked =
            ana.http.post(format!("{}/{path}", ana.base)).bearer_auth(&ana.token).header("idempotency-key", "k1");
        asked.json(&json!({"type": "text", "text": "¿Sigues ahí?"})).send()
    };
    let first: Value = send().await.unwrap().json().await.unwrap();
    assert_eq!((&first["seq"], &first["status"]), (&json!(null), &json!("pending")), "{first}");
    road.start_worker();
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "¿Sigues ahí?");
    let again = send().await.unwrap();
    assert_eq!(again.status(), 202);
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["id"], first["id"]);
    let command = ana.get(&format!("commands/{}", first["id"].as_str().unwrap())).await;
    assert_eq!(command["state"], "done");
    assert_eq!(road.got(CAROLINA).await.len(), 4, "once");
    road.end().await;
}
