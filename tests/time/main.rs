//! Hours in milliseconds: the road on Temporal's time-skipping test server, whose clock is the clock of everybody here.
//! Time is locked, and moved by hand; it never skips past what is still to come.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test whose ground is missing stops"
)]

mod skipping;
#[expect(dead_code, reason = "it has more than time needs")]
#[path = "../road/support.rs"]
mod support;

use chrono::TimeDelta;
use hilo_domain::agent::AgentState;
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::{Answer, Command};
use hilo_store::chats::Chat;
use skipping::Skipping;
use support::{Road, Terms, words};

const CAROLINA: &str = "5215512345678";
const FOUR_HOURS: i32 = 4 * 60 * 60;

/// A chat with Carolina that Ana has had since this moment.
async fn with_ana(road: &Road) -> Chat {
    road.is(road.ana, AgentState::Available).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    road.taps(CAROLINA, "Hablar con agente").await;
    road.got_all(CAROLINA, 3).await;
    road.chat(CAROLINA, "is Ana's", |chat| chat.agent == Some(road.ana)).await
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_four_hours_is_kept_by_an_answer_after_three_hours_and_fifty_nine_minutes() {
    let (time, road) = on_a_clock_of_its_own(Terms { first_reply_seconds: FOUR_HOURS, ..patient() }).await;
    let chat = with_ana(&road).await;
    time.pass(minutes(3 * 60 + 59)).await;
    quiet(&road).await;
    assert_eq!(chat_now(&road).await.breached_at, None);
    assert_eq!(road.replies(road.ana, chat.id, "Hola, soy Ana").await, Answer::Done {});
    road.got_all(CAROLINA, 4).await;
    time.pass(minutes(10 * 60)).await;
    quiet(&road).await;
    let kept = chat_now(&road).await;
    assert_eq!((kept.breached_at, kept.agent, kept.status), (None, Some(road.ana), ChatStatus::Active));
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_four_hours_that_passes_is_broken_to_the_second_and_once() {
    let (time, road) = on_a_clock_of_its_own(Terms { first_reply_seconds: FOUR_HOURS, ..patient() }).await;
    let chat = with_ana(&road).await;
    let due = chat.waiting_since.expect("it waited") + TimeDelta::seconds(i64::from(FOUR_HOURS));
    road.is(road.luis, AgentState::Available).await;
    // What the client says is no answer of ours, and takes nothing away.
    time.pass(minutes(3 * 60 + 59)).await;
    road.says(CAROLINA, "¿hola?").await;
    quiet(&road).await;
    assert_eq!(chat_now(&road).await.breached_at, None);
    time.pass(minutes(2)).await;
    let broken = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    let late = broken.breached_at.expect("the promise is broken") - due;
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(1), "{late} after it was due");
    // Luis has the same limit; then nobody else is left, and the promise is not broken again.
    time.pass(minutes(4 * 60 + 1)).await;
    let again = road.chat(CAROLINA, "waits again", |chat| chat.status == ChatStatus::Queued).await;
    assert_eq!(again.breached_at, broken.breached_at);
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_reminds_after_five_minutes_and_ends_after_ten_more_unless_somebody_answers() {
    let (time, road) = on_a_clock_of_its_own(patient()).await;
    road.says(CAROLINA, "hola").await;
    road.got_all(CAROLINA, 2).await;
    quiet(&road).await;
    time.pass(TimeDelta::seconds(4 * 60 + 50)).await;
    quiet(&road).await;
    assert_eq!(road.got(CAROLINA).await.len(), 2, "not yet");
    time.pass(TimeDelta::seconds(20)).await;
    let got = road.got_all(CAROLINA, 3).await;
    assert_eq!(words(&got[2]), "¿Sigues ahí? Elige una opción y te ayudo enseguida.");
    time.pass(minutes(10)).await;
    let got = road.got_all(CAROLINA, 4).await;
    assert_eq!(words(&got[3]), "Cerramos esta conversación por ahora. Escríbenos cuando quieras.");
    road.chat(CAROLINA, "is closed", |chat| chat.status == ChatStatus::Closed).await;
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_sleeps_until_its_hour_and_silence_closes_it_afterwards() {
    let (time, road) = on_a_clock_of_its_own(Terms { idle_seconds: 3600, ..patient() }).await;
    let chat = with_ana(&road).await;
    assert_eq!(road.replies(road.ana, chat.id, "Mañana te digo").await, Answer::Done {});
    road.got_all(CAROLINA, 4).await;
    let until = road.clock.now() + TimeDelta::hours(20);
    assert_eq!(road.asks(road.ana, chat.id, Command::Snooze { until }).await, Answer::Done {});
    time.pass(minutes(19 * 60 + 59)).await;
    quiet(&road).await;
    assert_eq!(chat_now(&road).await.status, ChatStatus::Pending, "it sleeps, and is not idle");
    time.pass(minutes(2)).await;
    let awake = road.chat(CAROLINA, "is awake", |chat| chat.status == ChatStatus::Active).await;
    assert_eq!(awake.agent, Some(road.ana));
    time.pass(minutes(61)).await;
    let closed = road.chat(CAROLINA, "is closed", |chat| chat.status == ChatStatus::Closed).await;
    assert_eq!(closed.close_reason.as_deref(), Some("no_response"));
    road.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_temporal_has_lost_is_begun_again_from_postgres_and_nothing_is_sent_again() {
    let (time, road) = on_a_clock_of_its_own(Terms { first_reply_seconds: FOUR_HOURS, ..patient() }).await;
    let chat = with_ana(&road).await;
    road.is(road.luis, AgentState::Available).await;
    quiet(&road).await;
    let conversation = road.conversation(CAROLINA).await;
    time.forget(&hilo_workflows::conversation::workflow_id(conversation)).await;
    time.pass(minutes(5 * 60)).await;
    assert_eq!(chat_now(&road).await.breached_at, None, "nobody was there to see it");

    let bells: std::sync::Arc<dyn hilo_relay::temporal::Bells> = road.bells.clone();
    let rung = hilo_relay::reconcile::reconcile(&road.db.pool, &bells).await.expect("everybody is rung");
    assert_eq!((rung.conversations, rung.queues, rung.agents), (1, 2, 0));
    let broken = road.chat(CAROLINA, "is Luis's", |chat| chat.agent == Some(road.luis)).await;
    assert_eq!((broken.id, broken.breached_at.is_some()), (chat.id, true));
    quiet(&road).await;
    assert_eq!(road.got(CAROLINA).await.len(), 3, "nothing is sent again");
    road.end().await;
}

/// Limits that no test runs into by itself.
fn patient() -> Terms {
    Terms { first_reply_seconds: 30 * 24 * 3600, idle_seconds: 30 * 24 * 3600, ..Terms::default() }
}

async fn on_a_clock_of_its_own(terms: Terms) -> (Skipping, Road) {
    let time = Skipping::start().await;
    let road = Road::start_by(terms, time.address(), time.clock()).await;
    (time, road)
}

async fn chat_now(road: &Road) -> Chat {
    road.chats(CAROLINA).await.pop().expect("a chat")
}

/// Waits until nothing is under way: what time has brought was decided about, and what was decided is done.
async fn quiet(road: &Road) {
    road.until("nothing is under way", || async {
        let busy = "select (select count(*) from inputs where consumed_at is null)
                         + (select count(*) from outbox)
                         + (select count(*) from sends where state in ('prepared', 'attempted'))";
        (road.db.count(busy).await == 0).then_some(())
    })
    .await;
    // A question is answered when no task is pending.
    let conversation = road.conversation(CAROLINA).await;
    road.snapshot(conversation).await;
}
