//! What is killed at a point leaves what it had stored and nothing else; whoever comes next goes on from there
//! (`turns.md`; `checks.md` 2 to 4, 65, 71). Every point at which a step of the road can end (`hilo_store::may_die`)
//! is one here: the story of `tests/road` is told while every other step ends at it, and comes out the same.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test whose ground is missing stops"
)]

#[expect(dead_code, reason = "it has more than faults need")]
#[path = "../road/support.rs"]
mod support;
#[path = "../common/truth.rs"]
mod truth;

use std::path::Path;

use fail::FailScenario;
use hilo_domain::agent::AgentState;
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::{Answer, Command, Refusal};
use hilo_store::death::deaths;
use hilo_store::sends;
use support::{Road, Terms, words};
use truth::untrue;

const CAROLINA: &str = "5215512345678";

/// What a customer gets in the story, each once and in this order.
const STORY: [&str; 6] = [
    "¡Hola, Carolina! 👋",
    "¿En qué te puedo ayudar?",
    "Te estoy conectando con un agente...",
    "Hola, soy Ana",
    "¡Hola, Carolina! 👋",
    "¿En qué te puedo ayudar?",
];

/// From "hola" to an agent, their answer, the close and a new chat.
async fn story(road: &Road) {
    road.is(road.ana, AgentState::Available).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    road.got_all(CAROLINA, 3).await;
    let chat = road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    assert_eq!(road.replies(road.ana, chat.id, "Hola, soy Ana").await, Answer::Done {});
    road.got_all(CAROLINA, 4).await;
    let close = Command::Close { reason: "resolved".into(), note: None, over: false };
    assert_eq!(road.asks(road.ana, chat.id, close).await, Answer::Done {});
    road.says(CAROLINA, "hola otra vez").await;
    road.got_all(CAROLINA, 6).await;
}

/// Waits until nothing is under way and checks that everything is true.
async fn true_when_quiet(road: &Road) {
    let mut last = Vec::new();
    for _ in 0..3000 {
        last = untrue(&road.db).await;
        if last.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never becomes true: {last:#?}");
}

/// The story, while everybody who comes by `point` dies there every other time, or at the first only.
async fn told_while_dying_at(point: &str, times: usize) {
    let scenario = FailScenario::setup();
    let road = Road::start(Terms::default()).await;
    let before = deaths();
    fail::cfg(point, &vec!["1*return->1*off"; times].join("->")).expect("a point");
    story(&road).await;
    fail::remove(point);
    true_when_quiet(&road).await;
    road.agree(CAROLINA).await;
    let got = road.got(CAROLINA).await;
    let said: Vec<String> = got.iter().map(words).collect();
    let as_told = said.len() == STORY.len() && said.iter().zip(STORY).all(|(said, told)| said.starts_with(told));
    assert!(as_told, "{said:#?}");
    let chats: Vec<_> = road.chats(CAROLINA).await.iter().map(|chat| chat.status).collect();
    assert_eq!(chats, [ChatStatus::Closed, ChatStatus::Bot]);
    let died = deaths() - before;
    assert!(died > 0, "nobody came by {point}, so nothing is proved");
    println!("{point}: {died} deaths, {} messages, each once and in order", said.len());
    road.end().await;
    scenario.teardown();
}

macro_rules! told_while_dying_at {
    ($($test:ident $point:literal $times:literal)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            told_while_dying_at($point, $times).await;
        }
    )+};
}

told_while_dying_at! {
    a_gateway_dies_after_its_commit_and_before_its_answer "intake.stored" 40
    a_relay_dies_after_publishing "relay.published" 40
    a_relay_dies_with_bells_in_hand "relay.claimed" 40
    a_relay_dies_after_ringing_and_before_it_says_so "relay.rung" 40
    a_worker_dies_while_it_steps "turn.stepping" 40
    a_worker_dies_before_a_turn_is_stored "turn.decided" 40
    a_worker_dies_after_a_turn_is_stored "turn.stored" 40
    a_worker_dies_after_whatsapp_has_answered "perform.answered" 1
    a_worker_dies_after_recording_a_send "perform.recorded" 40
    a_worker_dies_after_giving_a_chat_and_before_it_rings "dispatch.given" 40
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_dies_after_giving_back_the_chat_of_an_agent_who_is_gone() {
    let scenario = FailScenario::setup();
    let road = Road::start(Terms::default()).await;
    road.is(road.ana, AgentState::Available).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    let chat = road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    road.is(road.luis, AgentState::Available).await;
    let before = deaths();
    fail::cfg("presence.given_back", "1*return").expect("a point");
    road.loses_its_socket(road.ana).await;
    let given = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    assert_eq!((given.id, deaths() - before), (chat.id, 1));
    true_when_quiet(&road).await;
    road.agree(CAROLINA).await;
    road.end().await;
    scenario.teardown();
}

#[test]
fn every_point_of_the_sources_has_its_story() {
    let here = include_str!("main.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("activities/src"), root.join("crates"), root.join("gateway/src")];
    let mut points = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                let source = std::fs::read_to_string(entry).expect("a source");
                let named = source.split("may_die!(\"").skip(1).filter_map(|rest| rest.split('"').next());
                points.extend(named.map(|name| format!("\"{name}\"")));
            }
        }
    }
    assert!(points.len() >= 12, "{points:?}");
    let untold: Vec<_> = points.iter().filter(|point| !here.contains(point.as_str())).collect();
    assert!(untold.is_empty(), "nobody dies at {untold:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_dies_just_before_it_calls_and_nobody_calls_in_its_place() {
    let scenario = FailScenario::setup();
    let road = Road::start(Terms::default()).await;
    fail::cfg("perform.claimed", "1*return").expect("a point");
    road.says(CAROLINA, "hola").await;
    let conversation = road.conversation(CAROLINA).await;
    let state = async || -> Vec<String> {
        let sends = sends::list(&road.db.pool, conversation).await.expect("sends");
        sends.iter().map(|send| format!("{} {}", send.state, send.attempt)).collect()
    };
    // Nobody can know whether WhatsApp was called; the lease ends, and so does the time in which a receipt may come.
    road.until("it is attempted", || async { (state().await == ["attempted 1", "prepared 1"]).then_some(()) }).await;
    road.until("it is uncertain", || async {
        road.db.execute("update sends set lease_until = clock_timestamp() where state = 'attempted'").await;
        (state().await == ["uncertain 1", "prepared 1"]).then_some(())
    })
    .await;
    road.db.execute("update sends set uncertain_at = clock_timestamp() - interval '61 seconds'").await;
    road.chat(CAROLINA, "waits for a person who looks at it", |chat| {
        chat.status == ChatStatus::Queued && chat.attention.as_deref() == Some("send_uncertain")
    })
    .await;
    assert_eq!(state().await, ["uncertain 1", "cancelled 1"]);
    assert_eq!(road.got(CAROLINA).await.len(), 0, "what nobody knows about is never sent again");
    road.is(road.ana, AgentState::Available).await;
    let chat = road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    assert_eq!(road.replies(road.ana, chat.id, "Hola, soy Ana").await, Answer::Done {});
    let got = road.got_all(CAROLINA, 1).await;
    assert_eq!(words(&got[0]), "Hola, soy Ana", "what a person says goes on");
    road.end().await;
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ends_whoever_steps_it_costs_one_conversation_and_not_the_worker() {
    let scenario = FailScenario::setup();
    let road = Road::start(Terms::default()).await;
    fail::cfg("turn.stepping", "panic").expect("a point");
    road.says(CAROLINA, "hola").await;
    let chat = road.chat(CAROLINA, "waits for a person", |chat| chat.status == ChatStatus::Queued).await;
    assert_eq!(chat.attention.as_deref(), Some("poison"));
    fail::remove("turn.stepping");
    road.says("51987654321", "hola").await;
    let got = road.got_all("51987654321", 2).await;
    assert!(words(&got[0]).starts_with("¡Hola"), "the worker lives: {got:#?}");
    true_when_quiet(&road).await;
    road.end().await;
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_dozen_who_claim_a_chat_while_others_give_it_away_one_has_it_each_time() {
    let _scenario = FailScenario::setup();
    let road = Road::start(Terms { capacity: 100, ..Terms::default() }).await;
    for round in 0..10 {
        let who = format!("5215512340{round:03}");
        road.says(&who, "hola").await;
        road.got_all(&who, 2).await;
        road.taps(&who, "Hablar con agente").await;
        let chat = road.chat(&who, "waits", |chat| chat.status == ChatStatus::Queued).await;
        let agents = [road.ana, road.luis];
        let claims = (0..12).map(|n| road.asks(agents[n % 2], chat.id, Command::Take { over: false, force: false }));
        let gifts = agents.map(|agent| road.asks(agent, chat.id, Command::Assign { agent, force: false }));
        let (answers, _) = tokio::join!(futures::future::join_all(claims), futures::future::join_all(gifts));
        let held = road.chat(&who, "is somebody's", |chat| chat.agent.is_some()).await;
        for answer in answers {
            let well =
                matches!(answer, Answer::Done {} | Answer::Refused { code: Refusal::NotHolder, holder: Some(_) });
            assert!(well, "round {round}: {answer:?}");
        }
        let present = road.db.count("select count(*) from assignments where state = 'accepted'").await;
        assert_eq!(present, round + 1, "one a chat: {held:?}");
    }
    true_when_quiet(&road).await;
    road.end().await;
}
