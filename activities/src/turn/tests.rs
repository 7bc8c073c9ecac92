//! Turns against Postgres alone: what is stored is what is returned, whoever asks.

use std::sync::Arc;

use async_trait::async_trait;
use hilo_domain::chat::ChatStatus;
use hilo_domain::clock::ManualClock;
use hilo_domain::command::{Answer, Refusal};
use hilo_domain::id::{AgentId, CommandId, ConversationId, QueueId};
use hilo_relay::Relay;
use hilo_relay::outbox::{Ringer, Settings};
use hilo_relay::stream::{Stream, StreamError};
use hilo_relay::temporal::{Bells, RingError};
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::events::Event;
use hilo_store::testing::{Database, at, database, text};
use hilo_store::{flows, mail};
use hilo_whatsapp::http::{Http, Policy};
use hilo_whatsapp::meta::client::CloudApi;
use hilo_workflows::activities::{TurnIn, TurnOut};
use tokio_util::sync::CancellationToken;

use super::turn;
use crate::world::{Deps, World};

/// Nobody listens: these tests ring nobody.
struct Deaf;

#[async_trait]
impl Bells for Deaf {
    async fn conversation(&self, _: ConversationId) -> Result<(), RingError> {
        Err(RingError::Unavailable("nobody listens".into()))
    }

    async fn queue(&self, _: QueueId) -> Result<(), RingError> {
        Err(RingError::Unavailable("nobody listens".into()))
    }

    async fn agent(&self, _: AgentId) -> Result<(), RingError> {
        Err(RingError::Unavailable("nobody listens".into()))
    }

    async fn ping(&self) -> Result<(), RingError> {
        Err(RingError::Unavailable("nobody listens".into()))
    }
}

#[async_trait]
impl Stream for Deaf {
    async fn publish(&self, _: &[Event]) -> Result<(), StreamError> {
        Err(StreamError("nobody listens".into()))
    }

    async fn ping(&self) -> Result<(), StreamError> {
        Err(StreamError("nobody listens".into()))
    }
}

async fn world(db: &Database) -> World {
    let mut tx = db.begin().await;
    let campaign = NewCampaign {
        key: "campaign-1",
        name: "Demo",
        flow_key: "demo",
        first_reply_seconds: 60,
        idle_seconds: 60,
        capacity: 5,
    };
    let campaign = campaigns::add_if_absent(&mut tx, &campaign, at(0)).await.unwrap();
    campaigns::give_number(&mut tx, campaign, db.number).await.unwrap();
    campaigns::add_queue_if_absent(&mut tx, campaign, "queue-1", "Ventas", true, at(0)).await.unwrap();
    let document = include_str!("../../../flows/demo.json");
    let flow = hilo_engine::compile(document, None).flow.unwrap();
    flows::publish(&mut tx, "demo", flow.hash(), document, Some(campaign), "", at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let clock = ManualClock::at(at(0));
    let ringer = Ringer {
        pool: db.pool.clone(),
        bells: Arc::new(Deaf),
        stream: Arc::new(Deaf),
        clock: clock.clone(),
        settings: Settings::default(),
    };
    let stopped = CancellationToken::new();
    stopped.cancel();
    let (relay, _) = Relay::start(ringer, stopped);
    let base = "http://127.0.0.1:9".parse().unwrap();
    let api = CloudApi::new(Http::new(Policy::default()).unwrap(), &base, "v25.0").unwrap();
    World::new(Deps { pool: db.pool.clone(), ring: db.ring.clone(), relay, clock, api })
}

async fn says(db: &Database, words: &str, id: &str, seconds: i64) -> ConversationId {
    let mut tx = db.begin().await;
    let arrival = text(db.number, "5215512345678", id, words, seconds);
    let stored = mail::introduce(&mut tx, &db.ring, &arrival).await.unwrap();
    tx.commit().await.unwrap();
    match stored.outcomes[..] {
        [mail::Stored::New(conversation)] => conversation,
        _ => panic!("{stored:?}"),
    }
}

async fn asks(world: &World, conversation: ConversationId, after: Option<i64>) -> TurnOut {
    turn(world, &TurnIn { conversation, after, timers: Vec::new(), commands: Vec::new(), now: at(100) }).await.unwrap()
}

#[tokio::test]
async fn whoever_asks_again_gets_the_same_turn() {
    let db = database().await;
    let world = world(&db).await;
    let conversation = says(&db, "hola", "wamid.1", 0).await;
    let first = asks(&world, conversation, None).await;
    assert_eq!((first.after, first.turned, first.sends, first.more), (1, true, true, false));
    let again = asks(&world, conversation, None).await;
    assert_eq!((again.after, again.turned), (1, true), "the answer was lost, and is given again");
    assert_eq!(db.count("select count(*) from sends").await, 2, "greeting and menu, once");
    says(&db, "Ventas", "wamid.2", 1).await;
    let still = asks(&world, conversation, None).await;
    assert_eq!((still.after, still.more), (1, true), "the stored one first, and then what has come since");
    let second = asks(&world, conversation, Some(1)).await;
    assert_eq!((second.after, second.turned, second.more), (2, true, false));
    assert!(!asks(&world, conversation, Some(2)).await.turned, "nothing is left to decide");
    assert_eq!(db.count("select count(*) from turns").await, 2);
}

#[tokio::test]
async fn mail_is_taken_in_its_order_whatever_the_clocks_of_gateways_say() {
    let db = database().await;
    let world = world(&db).await;
    let conversation = says(&db, "hola", "wamid.1", 50).await;
    // Another gateway, whose clock is behind.
    says(&db, "agente", "wamid.2", 3).await;
    asks(&world, conversation, None).await;
    let acts = hilo_store::turns::ledger(&db.pool, &db.ring, conversation, 0).await.unwrap();
    let entries = acts.iter().flat_map(|act| &act.entries).filter(|entry| entry.kind == "mail");
    let order: Vec<_> = entries.map(|entry| entry.detail["messageId"].as_str().unwrap().to_owned()).collect();
    let said = db.texts("select id::text from messages where direction = 'inbound' order by seq").await;
    assert_eq!(order, said);
}

#[tokio::test]
async fn an_input_that_ends_processes_goes_to_people_at_the_third_try_without_a_step() {
    let db = database().await;
    let world = world(&db).await;
    let conversation = says(&db, "hola", "wamid.1", 0).await;
    db.execute("update inputs set tries = 2").await;
    let out = asks(&world, conversation, None).await;
    assert_eq!(out.chat.map(|chat| chat.status), Some(ChatStatus::Queued));
    assert_eq!(db.texts("select attention from chats").await, ["poison"]);
    let sent = db.count("select count(*) from sends").await;
    assert_eq!(sent, 1, "one neutral sentence");
    assert!(!asks(&world, conversation, Some(out.after)).await.turned, "it is consumed");
}

#[tokio::test]
async fn a_try_that_fails_for_a_reason_of_its_own_is_not_counted() {
    let db = database().await;
    let world = world(&db).await;
    let conversation = says(&db, "hola", "wamid.1", 0).await;
    db.execute("alter table ledger rename to elsewhere").await;
    for _ in 0..4 {
        let input = TurnIn { conversation, after: None, timers: Vec::new(), commands: Vec::new(), now: at(1) };
        assert!(turn(&world, &input).await.is_err());
    }
    db.execute("alter table elsewhere rename to ledger").await;
    assert_eq!(asks(&world, conversation, None).await.chat.map(|chat| chat.status), Some(ChatStatus::Bot));
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_answered_so_that_nobody_waits() {
    let db = database().await;
    let world = world(&db).await;
    let conversation = says(&db, "hola", "wamid.1", 0).await;
    let nobody = CommandId::new(at(0));
    let input = TurnIn { conversation, after: None, timers: Vec::new(), commands: vec![nobody], now: at(1) };
    let out = turn(&world, &input).await.unwrap();
    assert_eq!(out.answers, [(nobody, Answer::refused(Refusal::NotFound))]);
}
