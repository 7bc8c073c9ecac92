//! The road of a conversation, driven from the phone's side and the agent's, on real Postgres, Redis and Temporal.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test whose ground is missing stops"
)]

mod support;

use hilo_domain::agent::AgentState;
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::{Answer, Command};
use serde_json::json;
use support::{Road, Terms, words};

const CAROLINA: &str = "5215512345678";

#[tokio::test(flavor = "multi_thread")]
async fn from_hola_to_a_person_and_to_a_new_chat() {
    let road = Road::start(Terms::default()).await;
    road.is(road.ana, AgentState::Available).await;

    road.says(CAROLINA, "hola").await;
    let got = road.got_all(CAROLINA, 2).await;
    assert!(words(&got[0]).starts_with("¡Hola, Carolina! 👋"), "{}", got[0]);
    assert_eq!(words(&got[1]), "¿En qué te puedo ayudar?");
    assert_eq!(got[1]["interactive"]["type"], "button", "a menu of three is real buttons: {}", got[1]);

    road.taps(CAROLINA, "Hablar con agente").await;
    let got = road.got_all(CAROLINA, 3).await;
    assert_eq!(words(&got[2]), "Te estoy conectando con un agente...");
    let chat = road.chat(CAROLINA, "is Ana's", |chat| chat.status == ChatStatus::Assigned).await;
    assert_eq!(chat.agent, Some(road.ana));

    assert_eq!(road.replies(road.ana, chat.id, "Hola, soy Ana").await, Answer::Done {});
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "Hola, soy Ana");
    let chat = road.chat(CAROLINA, "is active", |chat| chat.status == ChatStatus::Active).await;
    assert!(chat.first_reply_at.is_some() && chat.breached_at.is_none());

    let close = Command::Close { reason: "resolved".into(), note: None, over: false };
    assert_eq!(road.asks(road.ana, chat.id, close).await, Answer::Done {});
    road.chat(CAROLINA, "is closed", |chat| chat.status == ChatStatus::Closed).await;

    road.says(CAROLINA, "hola otra vez").await;
    road.got_all(CAROLINA, 6).await;
    let chats = road.chats(CAROLINA).await;
    assert_eq!(chats.iter().map(|c| c.status).collect::<Vec<_>>(), [ChatStatus::Closed, ChatStatus::Bot]);
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_nobody_answers_in_time_is_told_of_and_goes_to_another_agent() {
    let road = Road::start(Terms { first_reply_seconds: 1, ..Terms::default() }).await;
    road.is(road.ana, AgentState::Available).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    road.is(road.luis, AgentState::Available).await;
    let chat = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    assert!(chat.breached_at.is_some(), "the promise is broken: {chat:?}");
    let ledger = road.ledger(CAROLINA).await;
    let said = |kind: &str| ledger.iter().filter(|entry| entry.kind == kind).count();
    assert!(said("timer_fired") >= 2 && said("assigned") >= 2 && said("flow_started") == 1, "{ledger:#?}");
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_may_be_repeated_is_and_everything_arrives_once_and_in_order() {
    let road = Road::start(Terms::default()).await;
    road.fault(json!({"times": 2, "status": 500, "code": 131_000})).await;
    road.says(CAROLINA, "hola").await;
    let got = road.got_all(CAROLINA, 2).await;
    assert!(words(&got[0]).starts_with("¡Hola, Carolina!"));
    assert_eq!(words(&got[1]), "¿En qué te puedo ayudar?");
    road.says(CAROLINA, "agente").await;
    let got = road.got_all(CAROLINA, 3).await;
    assert_eq!(got.len(), 3, "nothing twice: {got:#?}");
    road.chat(CAROLINA, "waits in its queue", |chat| chat.status == ChatStatus::Queued).await;
    road.end().await;
}
