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
use hilo_domain::command::{Answer, Command, Refusal};
use hilo_store::agents;
use serde_json::json;
use support::{Road, Terms, words};

const CAROLINA: &str = "5215512345678";

#[tokio::test(flavor = "multi_thread")]
async fn from_hola_to_a_person_and_to_a_new_chat() {
    let road = Road::start(Terms::default()).await;
    assert_ne!(road.gateway.port(), 0, "it listens");
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
    road.agree(CAROLINA).await;
    road.record("assigned", CAROLINA).await;

    assert_eq!(road.replies(road.ana, chat.id, "Hola, soy Ana").await, Answer::Done {});
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "Hola, soy Ana");
    let chat = road.chat(CAROLINA, "is active", |chat| chat.status == ChatStatus::Active).await;
    assert!(chat.first_reply_at.is_some() && chat.breached_at.is_none());
    road.record("answered", CAROLINA).await;

    let close = Command::Close { reason: "resolved".into(), note: None, over: false };
    assert_eq!(road.asks(road.ana, chat.id, close).await, Answer::Done {});
    road.chat(CAROLINA, "is closed", |chat| chat.status == ChatStatus::Closed).await;
    road.record("closed", CAROLINA).await;

    road.says(CAROLINA, "hola otra vez").await;
    road.got_all(CAROLINA, 6).await;
    let chats = road.chats(CAROLINA).await;
    assert_eq!(chats.iter().map(|c| c.status).collect::<Vec<_>>(), [ChatStatus::Closed, ChatStatus::Bot]);
    road.record("begun-again", CAROLINA).await;
    road.record_queue("queue").await;
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
    road.record("lapsed", CAROLINA).await;
    road.record_queue("queue-lapse").await;
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
    road.record("refused-and-repeated", CAROLINA).await;
    road.end().await;
}

/// A client who has been greeted and asks for a person.
async fn wants_a_person(road: &Road, who: &str) {
    road.says(who, "hola").await;
    road.got_all(who, 2).await;
    road.taps(who, "Hablar con agente").await;
}

/// A chat with Carolina that Ana has.
async fn with_ana(road: &Road) -> hilo_store::chats::Chat {
    road.is(road.ana, AgentState::Available).await;
    wants_a_person(road, CAROLINA).await;
    road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_take_a_chat_at_once_one_has_it_and_the_other_is_told_who() {
    let road = Road::start(Terms::default()).await;
    wants_a_person(&road, CAROLINA).await;
    let chat = road.chat(CAROLINA, "waits", |chat| chat.status == ChatStatus::Queued).await;
    let take = || Command::Take { over: false, force: false };
    let (ana, luis) = tokio::join!(road.asks(road.ana, chat.id, take()), road.asks(road.luis, chat.id, take()));
    let held = road.chat(CAROLINA, "is somebody's", |chat| chat.status == ChatStatus::Assigned).await;
    let (winner, loser) = if held.agent == Some(road.ana) { (ana, luis) } else { (luis, ana) };
    assert_eq!(winner, Answer::Done {});
    assert_eq!(loser, Answer::Refused { code: Refusal::NotHolder, holder: held.agent });
    let again = road.asks(held.agent.expect("a holder"), chat.id, take()).await;
    assert_eq!(again, Answer::Done {}, "taking one's own is no refusal");
    road.record("taken", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_moves_in_one_turn_leave_one_assignment() {
    let mut road = Road::start(Terms::default()).await;
    wants_a_person(&road, CAROLINA).await;
    let chat = road.chat(CAROLINA, "waits", |chat| chat.status == ChatStatus::Queued).await;
    // Without a worker both are stored; with one they are one turn.
    road.stop_worker().await;
    road.requests(road.ana, chat.id, &Command::Take { over: false, force: false }).await;
    road.requests(road.luis, chat.id, &Command::Assign { agent: road.luis, force: false }).await;
    road.start_worker();
    road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    let assignments = road.db.texts("select state from assignments order by generation").await;
    assert_eq!(assignments, ["ended", "accepted"]);
    road.record("taken-and-given", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_chat_wakes_when_its_client_writes_and_a_transferred_one_keeps_its_age() {
    let road = Road::start(Terms::default()).await;
    let chat = with_ana(&road).await;
    assert_eq!(road.replies(road.ana, chat.id, "Un momento").await, Answer::Done {});
    let until = road.clock.now() + chrono::TimeDelta::hours(2);
    assert_eq!(road.asks(road.ana, chat.id, Command::Snooze { until }).await, Answer::Done {});
    road.chat(CAROLINA, "is snoozed", |chat| chat.status == ChatStatus::Pending).await;
    road.record("snoozed", CAROLINA).await;
    road.says(CAROLINA, "¿Sigues ahí?").await;
    let awake = road.chat(CAROLINA, "is awake", |chat| chat.status == ChatStatus::Active).await;
    assert_eq!(awake.agent, Some(road.ana));
    assert!(awake.timers.iter().all(|timer| timer.due > road.clock.now()), "{:?}", awake.timers);

    let transfer = Command::Transfer { queue: None, agent: Some(road.luis), note: Some("VIP".into()), over: false };
    assert_eq!(
        road.asks(road.luis, chat.id, transfer.clone()).await,
        Answer::Refused { code: Refusal::NotHolder, holder: Some(road.ana) }
    );
    assert_eq!(road.asks(road.ana, chat.id, transfer).await, Answer::Done {});
    let given = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    assert_eq!(given.status, ChatStatus::Assigned);
    assert_eq!(road.note(&given).await.as_deref(), Some("VIP"));
    assert_eq!(given.waiting_since, chat.waiting_since);
    road.record("transferred", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_chat_is_reopened_to_who_had_it_and_only_once() {
    let road = Road::start(Terms::default()).await;
    let chat = with_ana(&road).await;
    let close = |reason: &str| Command::Close { reason: reason.into(), note: None, over: false };
    assert_eq!(road.asks(road.ana, chat.id, close("nonsense")).await, Answer::refused(Refusal::NotFound));
    assert_eq!(road.asks(road.ana, chat.id, close("resolved")).await, Answer::Done {});
    assert_eq!(road.replies(road.ana, chat.id, "Una cosa más").await, Answer::refused(Refusal::ChatClosed));
    assert_eq!(road.asks(road.ana, chat.id, Command::Reopen {}).await, Answer::Done {});
    let open = road.chat(CAROLINA, "is open", |chat| chat.status == ChatStatus::Assigned).await;
    assert_eq!((open.id, open.agent, open.closed_at), (chat.id, Some(road.ana), None));
    assert_eq!(road.asks(road.ana, chat.id, Command::Reopen {}).await, Answer::refused(Refusal::ChatOpen));
    road.record("reopened", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_gets_a_chat_back_and_a_held_one_stands_still() {
    let road = Road::start(Terms::default()).await;
    let chat = with_ana(&road).await;
    let got = road.got(CAROLINA).await.len();
    assert_eq!(road.asks(road.ana, chat.id, Command::ReturnToBot { node: Some("menu".into()) }).await, Answer::Done {});
    road.chat(CAROLINA, "is the bot's", |chat| chat.status == ChatStatus::Bot && chat.agent.is_none()).await;
    let all = road.got_all(CAROLINA, got + 1).await;
    assert_eq!(words(all.last().expect("a menu")), "¿En qué te puedo ayudar?");

    assert_eq!(road.asks(road.ana, chat.id, Command::Hold {}).await, Answer::Done {});
    let held = road.chat(CAROLINA, "is held", |chat| chat.held).await;
    assert_eq!(held.timers, [], "nothing is due in a held chat");
    let id = road.says(CAROLINA, "agente").await;
    road.until("the message was looked at", || async {
        road.ledger(CAROLINA).await.iter().filter(|entry| entry.kind == "mail").nth(1).map(drop)
    })
    .await;
    assert!(!id.is_empty() && road.chats(CAROLINA).await[0].status == ChatStatus::Bot, "it stood still");
    assert_eq!(road.asks(road.ana, chat.id, Command::Resume {}).await, Answer::Done {});
    road.says(CAROLINA, "agente").await;
    road.chat(CAROLINA, "is Ana's again", |chat| chat.agent == Some(road.ana)).await;
    road.record("returned-to-the-bot", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_closes_and_the_next_message_opens_a_new_chat() {
    let road = Road::start(Terms { idle_seconds: 1, ..Terms::default() }).await;
    let chat = with_ana(&road).await;
    assert_eq!(road.replies(road.ana, chat.id, "¿Algo más?").await, Answer::Done {});
    let closed = road.chat(CAROLINA, "is closed", |chat| chat.status == ChatStatus::Closed).await;
    assert_eq!(closed.close_reason.as_deref(), Some("no_response"));
    road.record("idle", CAROLINA).await;
    road.says(CAROLINA, "hola").await;
    road.chat(CAROLINA, "is a new one", |open| open.id != chat.id && open.status == ChatStatus::Bot).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_settled_by_its_receipt_and_nothing_is_sent_twice() {
    let road = Road::start(Terms::default()).await;
    road.fault(json!({"times": 1, "lostAnswer": true})).await;
    road.says(CAROLINA, "hola").await;
    let got = road.got_all(CAROLINA, 2).await;
    assert!(words(&got[0]).starts_with("¡Hola, Carolina!"));
    let conversation = road.conversation(CAROLINA).await;
    road.until("both are sent", || async {
        let sends = hilo_store::sends::list(&road.db.pool, conversation).await.expect("sends");
        sends.iter().all(|send| send.state == "sent" && send.attempt == 1).then_some(())
    })
    .await;
    assert_eq!(road.got(CAROLINA).await.len(), 2, "nothing twice");
    road.record("uncertain-and-settled", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_no_worker_lived_is_answered_in_order_when_one_does() {
    let mut road = Road::start(Terms::default()).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.stop_worker().await;
    road.says(CAROLINA, "Soporte").await;
    road.says(CAROLINA, "No funciona la caja").await;
    road.start_worker();
    // The second came before its question was asked, and so it answers nothing.
    let got = road.got_all(CAROLINA, 3).await;
    assert_eq!(words(&got[2]), "Cuéntame en una frase qué pasa.");
    road.record("waited-for-a-worker", CAROLINA).await;
    road.says(CAROLINA, "No funciona la caja del local").await;
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "Gracias por contarlo. Te conecto con soporte.");
    let chat = road.chat(CAROLINA, "waits", |chat| chat.status == ChatStatus::Queued).await;
    assert_eq!(road.note(&chat).await.as_deref(), Some("No funciona la caja del local"));
    assert_eq!(road.in_plain("caja").await, Vec::<String>::new(), "what a client says stands nowhere in plain");
    road.record("supported", CAROLINA).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_writes_while_the_chat_is_closed_is_never_lost() {
    let road = Road::start(Terms::default()).await;
    let people: Vec<String> = (0..12).map(|n| format!("52155000000{n:02}")).collect();
    road.is(road.ana, AgentState::Available).await;
    let mut said = 0;
    for person in &people {
        wants_a_person(&road, person).await;
        let chat = road
            .chat(person, "waits or is Ana's", |c| c.status != ChatStatus::Bot && c.status != ChatStatus::New)
            .await;
        let close = Command::Close { reason: "resolved".into(), note: None, over: true };
        let (answer, _) = tokio::join!(road.asks(road.ana, chat.id, close), road.says(person, "una cosa más"));
        assert!(
            matches!(answer, Answer::Done {} | Answer::Refused { code: Refusal::NewMail, .. }),
            "{person}: {answer:?}"
        );
        said += 3;
        road.until("everything has come and was looked at", || async {
            let come = road.db.count("select count(*) from messages where direction = 'inbound'").await;
            let open = road.db.count("select count(*) from inputs where consumed_at is null").await;
            (come == said && open == 0).then_some(())
        })
        .await;
        let chats = road.chats(person).await;
        let open = chats.iter().filter(|chat| chat.status.is_open()).count();
        // What was said after the close is in a chat of its own; what was said before it is in the closed one.
        let closed = usize::from(answer == Answer::Done {});
        assert!(open <= 1 && chats.len() <= 2 && chats.len() == open + closed, "{person}: {answer:?} {chats:#?}");
    }
    let homeless = "select count(*) from messages where chat_id is null";
    assert_eq!(road.db.count(homeless).await, 0);
    road.record("closing-1", &people[0]).await;
    road.record("closing-2", &people[1]).await;
    road.record("closing-3", &people[2]).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_last_socket_has_died_is_offline_and_what_they_had_goes_to_another() {
    let road = Road::start(Terms::default()).await;
    let chat = with_ana(&road).await;
    road.is(road.luis, AgentState::Available).await;
    road.loses_its_socket(road.ana).await;
    let given = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    assert_eq!(given.id, chat.id);
    let ana = agents::standing(&road.db.pool, road.ana).await.expect("a state").expect("an agent");
    assert_eq!(ana.state, AgentState::Offline);
    road.record("agent-gone", CAROLINA).await;
    road.record_workflow("agent", &hilo_workflows::agent::workflow_id(road.ana)).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_than_they_may_carry_and_a_place_that_becomes_free_is_filled() {
    let road = Road::start(Terms { capacity: 1, ..Terms::default() }).await;
    let first = with_ana(&road).await;
    wants_a_person(&road, "51987654321").await;
    let second = road.chat("51987654321", "waits", |chat| chat.status == ChatStatus::Queued).await;
    let take = Command::Take { over: false, force: false };
    let refused = road.asks(road.ana, second.id, take).await;
    assert_eq!(refused, Answer::Refused { code: Refusal::AgentAtCapacity, holder: None });
    let close = Command::Close { reason: "resolved".into(), note: None, over: false };
    assert_eq!(road.asks(road.ana, first.id, close).await, Answer::Done {});
    road.chat("51987654321", "is Ana's", |chat| chat.agent == Some(road.ana)).await;
    road.record("waited-for-a-place", "51987654321").await;
    road.record_queue("queue-capacity").await;
    road.end().await;
}
