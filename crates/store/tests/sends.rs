//! Sends: claimed once, in order, and never sent again when nobody knows what became of them (`turns.md` 13–17).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its ground is missing")]

use std::time::Duration;

use hilo_domain::id::{ConversationId, MessageId};
use hilo_domain::receipt::Receipt;
use hilo_store::sends::{self, Claimed, Next, Outcome};
use hilo_store::testing::{Database, at, database, receipt, text};
use hilo_store::{mail, messages, receipts};
use serde_json::json;

const LEASE: Duration = Duration::from_secs(15);
const ANA: &str = "5215512345678";

/// A conversation with so many prepared sends.
async fn prepared(db: &Database, n: usize) -> (ConversationId, Vec<MessageId>) {
    let mut tx = db.begin().await;
    let arrival = text(db.number, ANA, "wamid.1", "hola", 0);
    let stored = mail::introduce(&mut tx, &db.ring, &arrival).await.unwrap();
    let [mail::Stored::New(conversation)] = stored.outcomes[..] else { panic!("{stored:?}") };
    tx.commit().await.unwrap();
    (conversation, db.prepare(conversation, &["uno", "dos", "tres"][..n]).await)
}

async fn claim(db: &Database, conversation: ConversationId) -> Next {
    sends::claim(&db.pool, &db.ring, conversation, "a", LEASE, at(1)).await.unwrap()
}

async fn claimed(db: &Database, conversation: ConversationId) -> Claimed {
    let next = claim(db, conversation).await;
    let Next::Send(claimed) = next else { panic!("nothing to send: {next:?}") };
    *claimed
}

async fn record(db: &Database, conversation: ConversationId, claimed: &Claimed, outcome: Outcome) -> sends::Recorded {
    let mut tx = db.begin().await;
    let (message, attempt) = (claimed.message, claimed.attempt);
    let done = sends::record(&mut tx, &db.ring, conversation, message, attempt, &outcome, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    done
}

fn accepted(id: &str) -> Outcome {
    Outcome::Accepted { provider_id: id.to_owned() }
}

async fn states(db: &Database, conversation: ConversationId) -> Vec<(String, i32)> {
    sends::list(&db.pool, conversation).await.unwrap().into_iter().map(|s| (s.state, s.attempt)).collect()
}

async fn status(db: &Database, message: MessageId) -> String {
    let conversation = db.texts("select id::text from conversations").await[0].parse().unwrap();
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 500).await.unwrap();
    let found = all.into_iter().find(|one| one.id == message).unwrap();
    found.status.unwrap().as_str().to_owned()
}

/// A receipt for an attempt, which may come before the answer does.
async fn reports(db: &Database, word: &str, provider_id: &str, message: MessageId, attempt: i32) {
    let mut arrival = receipt(db.number, provider_id, Receipt::from_word(word), 3);
    arrival.receipt.callback = Some(format!("{message}:{attempt}"));
    let mut tx = db.begin().await;
    receipts::store(&mut tx, &[arrival], at(3)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn sends_go_out_one_after_the_other_and_each_to_one_performer() {
    let db = database().await;
    let (conversation, ids) = prepared(&db, 2).await;
    let first = claimed(&db, conversation).await;
    assert_eq!((first.message, first.attempt, first.more), (ids[0], 1, true));
    let Next::Wait(wait) = claim(&db, conversation).await else { panic!("a live lease is met") };
    assert!(wait <= Duration::from_secs(1));
    record(&db, conversation, &first, accepted("wamid.A")).await;
    let second = claimed(&db, conversation).await;
    assert_eq!((second.message, second.more), (ids[1], false));
    record(&db, conversation, &second, accepted("wamid.B")).await;
    assert!(matches!(claim(&db, conversation).await, Next::Nothing));
    assert_eq!(status(&db, ids[0]).await, "sent");
}

#[tokio::test]
async fn of_many_who_claim_at_once_one_sends() {
    let db = database().await;
    let (conversation, _) = prepared(&db, 1).await;
    let (a, b, c, d) = tokio::join!(
        claim(&db, conversation),
        claim(&db, conversation),
        claim(&db, conversation),
        claim(&db, conversation)
    );
    assert_eq!([a, b, c, d].iter().filter(|next| matches!(next, Next::Send(_))).count(), 1);
}

#[tokio::test]
async fn a_performer_that_does_not_come_back_leaves_it_uncertain_and_what_follows_waits_a_minute() {
    let db = database().await;
    let (conversation, ids) = prepared(&db, 2).await;
    let first = claimed(&db, conversation).await;
    db.execute("update sends set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null")
        .await;
    assert!(matches!(claim(&db, conversation).await, Next::Again));
    assert_eq!(status(&db, ids[0]).await, "uncertain");
    assert!(matches!(claim(&db, conversation).await, Next::Wait(_)), "the second waits for the first's receipt");
    db.execute(
        "update sends set uncertain_at = clock_timestamp() - interval '61 seconds' where uncertain_at is not null",
    )
    .await;
    assert!(matches!(claim(&db, conversation).await, Next::Again));
    assert_eq!(db.count("select count(*) from inputs where kind = 'uncertain_send'").await, 1, "somebody decides");
    assert!(matches!(claim(&db, conversation).await, Next::Wait(_)), "a turn decides first what becomes of the rest");
    db.execute("update inputs set consumed_at = at where kind = 'uncertain_send'").await;
    assert_eq!(claimed(&db, conversation).await.message, ids[1], "what follows goes on");
    // The zombie's answer comes at last: it is known better now, and nothing is sent again.
    record(&db, conversation, &first, accepted("wamid.A")).await;
    assert_eq!(status(&db, ids[0]).await, "sent");
    assert_eq!(states(&db, conversation).await[0], ("sent".to_owned(), 1));
}

#[tokio::test]
async fn a_receipt_settles_an_uncertain_send_and_cancels_a_repetition() {
    let db = database().await;
    let (conversation, ids) = prepared(&db, 2).await;
    let first = claimed(&db, conversation).await;
    record(&db, conversation, &first, Outcome::Uncertain { reason: "reset".into() }).await;
    reports(&db, "delivered", "wamid.A", ids[0], 1).await;
    assert!(matches!(claim(&db, conversation).await, Next::Again));
    assert_eq!(states(&db, conversation).await[0].0, "sent");
    let second = claimed(&db, conversation).await;
    let later = Outcome::Later { pause: Duration::ZERO, error: json!([]) };
    record(&db, conversation, &second, later).await;
    assert_eq!(states(&db, conversation).await[1], ("prepared".to_owned(), 2), "it may be tried again");
    reports(&db, "sent", "wamid.B", ids[1], 1).await;
    assert!(matches!(claim(&db, conversation).await, Next::Again), "but it arrived the first time");
    assert_eq!(states(&db, conversation).await[1].0, "sent");
    assert!(matches!(claim(&db, conversation).await, Next::Nothing));
}

#[tokio::test]
async fn what_the_receipts_say_is_not_taken_back_by_what_we_do_not_know() {
    let db = database().await;
    let (conversation, ids) = prepared(&db, 1).await;
    let first = claimed(&db, conversation).await;
    reports(&db, "sent", "wamid.A", ids[0], 1).await;
    record(&db, conversation, &first, Outcome::Uncertain { reason: "reset".into() }).await;
    assert_eq!(status(&db, ids[0]).await, "sent");
}

#[tokio::test]
async fn a_refusal_fails_the_message_and_asks_for_a_decision() {
    let db = database().await;
    let (conversation, ids) = prepared(&db, 1).await;
    let first = claimed(&db, conversation).await;
    let error = json!([{"code": 131_047, "message": "outside the window"}]);
    let done = record(&db, conversation, &first, Outcome::Refused { error }).await;
    assert!(done.news);
    assert_eq!(status(&db, ids[0]).await, "failed");
    assert_eq!(db.count("select count(*) from inputs where kind = 'failed_send'").await, 1);
    assert_eq!(db.count("select count(*) from events where kind = 'message.failed'").await, 1);
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert_eq!(all.len(), 2);
}
