//! The live channel, from a client's side: a plain WebSocket that speaks Engine.IO 4 and Socket.IO 5.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use futures::{SinkExt, StreamExt};
use hilo_domain::chat::ChatStatus;
use hilo_domain::event::EventKind;
use hilo_domain::id::AgentId;
use hilo_store::chats::Chat;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{CAROLINA, Rig, rig};

const PATIENCE: Duration = Duration::from_secs(10);

struct Client {
    socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    heard: Vec<(String, Value)>,
    acks: u64,
}

impl Client {
    /// Connects; gives what refused it, if something did.
    async fn connect(address: SocketAddr, token: &str) -> Result<Self, Value> {
        let (socket, _) = connect_async(format!("ws://{address}/socket.io/?EIO=4&transport=websocket")).await.unwrap();
        let mut client = Self { socket, heard: Vec::new(), acks: 0 };
        assert!(client.text().await.unwrap().starts_with('0'), "the handshake");
        client.send(format!("40{}", json!({"token": token}))).await;
        let answer = client.text().await.unwrap();
        match answer.strip_prefix("44") {
            Some(refused) => Err(serde_json::from_str(refused).unwrap()),
            None => {
                assert!(answer.starts_with("40"), "{answer}");
                Ok(client)
            }
        }
    }

    async fn send(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next packet; none once the socket is closed.
    async fn text(&mut self) -> Option<String> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something comes");
            match next? {
                Ok(Message::Text(text)) if text.as_str() == "2" => self.send("3".into()).await,
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads one packet; an event is remembered, an acknowledgement given.
    async fn read(&mut self) -> Option<Option<(u64, Value)>> {
        let text = self.text().await?;
        if let Some(event) = text.strip_prefix("42") {
            let event: Vec<Value> = serde_json::from_str(event).unwrap();
            self.heard.push((event[0].as_str().unwrap().to_owned(), event[1].clone()));
            return Some(None);
        }
        if let Some(ack) = text.strip_prefix("43") {
            let at = ack.find('[').unwrap();
            let said: Vec<Value> = serde_json::from_str(&ack[at..]).unwrap();
            return Some(Some((ack[..at].parse().unwrap(), said[0].clone())));
        }
        if text.starts_with("41") { None } else { Some(None) }
    }

    /// Asks, and waits for the acknowledgement.
    async fn ask(&mut self, event: &str, what: Value) -> Value {
        self.acks += 1;
        let id = self.acks;
        self.send(format!("42{id}{}", json!([event, what]))).await;
        loop {
            if let Some((ack, said)) = self.read().await.expect("the socket is open")
                && ack == id
            {
                return said;
            }
        }
    }

    /// Waits for an event of this name.
    async fn hears(&mut self, name: &str) -> Value {
        loop {
            if let Some(at) = self.heard.iter().position(|(heard, _)| heard == name) {
                return self.heard.remove(at).1;
            }
            self.read().await.unwrap_or_else(|| panic!("closed before `{name}`: {:?}", self.heard));
        }
    }

    /// Everything heard by now: what was said before a question is answered has come.
    async fn heard(&mut self, rig: &Rig) -> Vec<(String, Value)> {
        // A mark that everybody hears behind everything else.
        rig.world.loses();
        self.hears("resync").await;
        std::mem::take(&mut self.heard)
    }
}

async fn client(rig: &Rig, address: SocketAddr, email: &str) -> Client {
    Client::connect(address, &rig.token(email).await).await.expect("they are let in")
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token_that_counts() {
    let rig = rig().await;
    let address = rig.listening().await;
    let token = rig.token("ana@x").await;
    assert_eq!(Client::connect(address, "x").await.err().unwrap(), json!({"message": "token-invalid"}));
    rig.clock.pass(TimeDelta::seconds(900));
    assert_eq!(Client::connect(address, &token).await.err().unwrap(), json!({"message": "token-expired"}));
}

#[tokio::test]
async fn an_agent_hears_of_their_new_chat_and_its_messages_without_asking() {
    let rig = rig().await;
    let address = rig.listening().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Queued, None).await;
    let (mut ana, mut luis) = (client(&rig, address, "ana@x").await, client(&rig, address, "luis@x").await);
    let (mut sofia, mut aurelio) = (client(&rig, address, "sofia@x").await, client(&rig, address, "aurelio@x").await);

    let her = AgentId(rig.id("ana@x").0);
    let give = |chat: Chat| Chat { status: ChatStatus::Assigned, agent: Some(her), ..chat };
    let assigned = rig.change(conversation, EventKind::ChatAssigned, json!({"agentId": her}), give).await;
    let arrival = hilo_store::testing::text(rig.db.number, CAROLINA, "wamid.2", "¿hay alguien?", 40);
    rig.db.arrive(&arrival).await;
    let received = rig.events(conversation).await.pop().unwrap();
    rig.world.happens(&[assigned.clone(), received.clone()]);

    let new = ana.hears("chat.new").await;
    assert_eq!((&new["chatId"], &new["seq"]), (&json!(chat), &json!(assigned.seq)));
    assert_eq!((&new["chat"]["status"], &new["chat"]["agent"]["name"]), (&json!("assigned"), &json!("Ana")));
    let message = ana.hears("chat.message").await;
    assert_eq!((&message["message"]["text"], &message["seq"]), (&json!("¿hay alguien?"), &message["message"]["seq"]));
    for key in ["eventId", "conversationId", "chatId", "seq", "at"] {
        assert!(!message[key].is_null(), "{key}: {message}");
    }

    let hers = ana.heard(&rig).await;
    assert!(hers.iter().all(|(name, _)| name.starts_with("analytics.")), "each once: {hers:?}");
    let his = luis.heard(&rig).await;
    let durable: Vec<_> = his.iter().filter(|(name, _)| name.starts_with("chat.")).collect();
    assert_eq!(durable.len(), 1, "{his:?}");
    assert_eq!(
        (&durable[0].1["hidden"], &durable[0].1["chat"]),
        (&json!(true), &json!(null)),
        "it left what waits for him"
    );
    let supervisor = sofia.heard(&rig).await;
    let names: Vec<_> =
        supervisor.iter().filter(|(name, _)| name.starts_with("chat.")).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["chat.updated"], "lists move; messages come to whoever follows");
    assert_eq!(aurelio.heard(&rig).await, [], "who may read no chat hears nothing");
}

#[tokio::test]
async fn who_was_away_catches_up_and_is_shown_nothing_twice() {
    let rig = rig().await;
    let address = rig.listening().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    for n in 2..=602 {
        let arrival =
            hilo_store::testing::text(rig.db.number, CAROLINA, &format!("wamid.{n}"), &format!("m{n}"), 40 + n);
        rig.db.arrive(&arrival).await;
    }
    let all = rig.events(conversation).await;
    let mut ana = client(&rig, address, "ana@x").await;
    let (mut after, mut seqs, mut rounds) = (0, Vec::new(), 0);
    loop {
        rounds += 1;
        let joined = ana.ask("chat.join", json!({"chatId": chat, "after": after})).await;
        let events = joined["events"].as_array().unwrap_or_else(|| panic!("{joined}"));
        seqs.extend(events.iter().map(|event| event["seq"].as_i64().unwrap()));
        after = *seqs.last().unwrap();
        assert_eq!(joined["chat"]["lastSeq"], json!(all.last().unwrap().seq));
        if joined["more"] == false {
            break;
        }
        assert_eq!(events.len(), 500);
    }
    assert_eq!((rounds, &seqs), (2, &all.iter().map(|event| event.seq.unwrap()).collect::<Vec<_>>()));

    let not_hers = ana.ask("chat.join", json!({"chatId": conversation})).await;
    assert_eq!(not_hers["error"]["status"], 404);
    let wrong = ana.ask("chat.join", json!({"chatId": chat, "since": 1})).await;
    assert_eq!((&wrong["error"]["status"], &wrong["error"]["errors"][0]["pointer"]), (&json!(422), &json!("/since")));
    let luis = client(&rig, address, "luis@x").await.ask("chat.join", json!({"chatId": chat})).await;
    assert_eq!(luis["error"]["status"], 404, "a colleague's chat");
}

#[tokio::test]
async fn what_a_follower_may_not_see_says_only_that_it_was() {
    let rig = rig().await;
    let address = rig.listening().await;
    // Luis had the client before; now the chat waits for anybody.
    let (conversation, old) = rig.chat(CAROLINA, ChatStatus::Active, Some("luis@x")).await;
    rig.db.execute("update chats set status = 'closed', closed_at = opened_at").await;
    rig.db.execute("update conversations set open_chat_id = null").await;
    let new = rig.db.begin_chat(conversation).await;
    let queue =
        |chat: Chat| Chat { status: ChatStatus::Queued, campaign: Some(rig.campaign), queue: Some(rig.queue), ..chat };
    rig.change(conversation, EventKind::ChatUpdated, json!({}), queue).await;
    let mut ana = client(&rig, address, "ana@x").await;
    let joined = ana.ask("chat.join", json!({"chatId": new, "after": 0})).await;
    let events = joined["events"].as_array().unwrap();
    for event in events {
        let hidden = event["chatId"] == json!(old);
        assert_eq!(event["hidden"] == json!(true), hidden, "{event}");
        assert_eq!(event.get("data").is_none(), hidden, "{event}");
    }
    assert!(events.iter().any(|event| event["hidden"] == json!(true)), "the test saw nothing hidden: {joined}");
}

#[tokio::test]
async fn a_socket_whose_token_expires_is_told_why_and_one_that_renews_goes_on() {
    let rig = rig().await;
    let address = rig.listening().await;
    let (conversation, _) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let (_, got) = rig.login("ana@x").await;
    let mut renewed = Client::connect(address, got.body["accessToken"].as_str().unwrap()).await.ok().unwrap();
    let mut late = client(&rig, address, "luis@x").await;
    rig.clock.pass(TimeDelta::seconds(600));
    let body = json!({"refreshToken": got.body["refreshToken"]});
    let fresh = rig.send(axum::http::Method::POST, "auth/refresh", None, &[], Some(body)).await;
    assert_eq!(renewed.ask("auth.renew", json!({"token": fresh.body["accessToken"]})).await, json!({"ok": true}));
    let others = rig.token("luis@x").await;
    assert_eq!(renewed.ask("auth.renew", json!({"token": others})).await["error"]["status"], 401);
    rig.clock.pass(TimeDelta::seconds(301));
    assert_eq!(late.hears("auth.expired").await, json!({"reason": "token-expired"}));
    while late.read().await.is_some() {}
    // The other one hears what happens now.
    let event = rig
        .change(conversation, EventKind::ChatUpdated, json!({"held": true}), |chat| Chat { held: true, ..chat })
        .await;
    rig.world.happens(std::slice::from_ref(&event));
    assert_eq!(renewed.hears("chat.updated").await["seq"], json!(event.seq));
}

#[tokio::test]
async fn whoever_logs_out_closes_their_sockets() {
    let rig = rig().await;
    let address = rig.listening().await;
    let token = rig.token("ana@x").await;
    let mut ana = Client::connect(address, &token).await.ok().unwrap();
    // Through the gateway that has the socket.
    let url = format!("http://{address}/api/v1/auth/logout");
    let mut plain = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        &url[url.find("/api").unwrap()..]
    );
    tokio::io::AsyncWriteExt::write_all(&mut plain, request.as_bytes()).await.unwrap();
    assert_eq!(ana.hears("auth.expired").await, json!({"reason": "session-over"}));
}

#[tokio::test]
async fn colleagues_see_who_types_and_reading_zeroes_what_is_unread() {
    let rig = rig().await;
    let address = rig.listening().await;
    let (_, chat) = rig.chat(CAROLINA, ChatStatus::Active, Some("ana@x")).await;
    let (mut ana, mut sofia) = (client(&rig, address, "ana@x").await, client(&rig, address, "sofia@x").await);
    let joined = sofia.ask("chat.join", json!({"chatId": chat})).await;
    assert_eq!(joined["chat"]["unread"], 1);
    assert_eq!(sofia.ask("chat.read", json!({"chatId": chat})).await, json!({"ok": true}));
    assert_eq!(
        sofia.ask("chat.join", json!({"chatId": chat})).await["chat"]["unread"],
        1,
        "a supervisor's look reads nothing"
    );
    assert_eq!(ana.ask("chat.read", json!({"chatId": chat})).await, json!({"ok": true}));
    assert_eq!(sofia.ask("chat.join", json!({"chatId": chat})).await["chat"]["unread"], 0);
    assert_eq!(ana.ask("chat.typing", json!({"chatId": chat})).await, json!({"ok": true}));
    let typing = sofia.hears("agent.typing").await;
    assert_eq!((&typing["agentName"], &typing["chatId"]), (&json!("Ana"), &json!(chat)));
    assert!(ana.heard(&rig).await.iter().all(|(name, _)| name != "agent.typing"), "nobody hears themselves type");
}

#[tokio::test]
async fn supervisors_hear_of_broken_promises_and_a_lost_stream_says_resync() {
    let rig = rig().await;
    let address = rig.listening().await;
    let (conversation, chat) = rig.chat(CAROLINA, ChatStatus::Assigned, Some("ana@x")).await;
    let (mut ana, mut sofia) = (client(&rig, address, "ana@x").await, client(&rig, address, "sofia@x").await);
    let event =
        rig.change(conversation, EventKind::SystemWarning, json!({"warning": "sla.first_reply"}), |chat| chat).await;
    rig.db
        .execute("insert into notifications (id, kind, chat_id, data, at) select gen_random_uuid(), 'sla.first_reply', chat_id, '{}', at from events where kind = 'system.warning'")
        .await;
    rig.world.happens(std::slice::from_ref(&event));
    let told = sofia.hears("notification").await;
    assert_eq!(
        (&told["notification"]["kind"], &told["notification"]["chatId"]),
        (&json!("sla.first_reply"), &json!(chat))
    );
    assert_eq!(told["notification"]["text"], "La primera respuesta no llegó a tiempo.");
    assert!(ana.heard(&rig).await.iter().all(|(name, _)| name != "notification"));
}

#[tokio::test]
async fn a_socket_beats_and_whoever_has_one_is_watched() {
    let rig = rig().await;
    let address = rig.listening().await;
    let _ana = client(&rig, address, "ana@x").await;
    let _carla = client(&rig, address, "carla@x").await;
    while rig.db.count("select count(*) from heartbeats").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let watched = rig.db.texts("select u.email from agents a join users u on u.id = a.user_id where a.connected").await;
    assert_eq!(watched, ["ana@x"]);
    assert_eq!(rig.db.count("select count(*) from gateways").await, 1);
}
