//! Receipts, in any order and before or after the message's own record: one result.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its ground is missing")]

use hilo_domain::id::{ConversationId, MessageId};
use hilo_domain::inbound::ProviderError;
use hilo_domain::receipt::{MessageStatus, Receipt};
use hilo_store::mail::Stored;
use hilo_store::messages;
use hilo_store::receipts::{self, Taken};
use hilo_store::testing::{Database, at, database, receipt, text};

async fn conversation(db: &Database) -> ConversationId {
    match db.arrive(&text(db.number, "51987654321", "wamid.in", "hola", 0)).await {
        Stored::New(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn prepare(db: &Database, conversation: ConversationId) -> MessageId {
    db.prepare(conversation, &["¡Hola!"]).await.remove(0)
}

async fn accept(db: &Database, message: MessageId, provider_id: &str) -> Vec<i64> {
    let mut tx = db.begin().await;
    let rung = messages::accepted(&mut tx, db.number, message, provider_id, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    rung
}

async fn status(db: &Database, conversation: ConversationId, message: MessageId) -> MessageStatus {
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 500).await.unwrap();
    all.iter().find(|m| m.id == message).unwrap().status.unwrap()
}

/// Check 43: all permutations and subsets, in the database, with the acceptance recorded at every point among them.
#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_receipts_and_acceptance_gives_the_same_status() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let all = [Receipt::Sent, Receipt::Delivered, Receipt::Read, Receipt::Failed];
    let mut cases = 0;
    for order in permutations(&all) {
        for length in 0..=order.len() {
            let some = &order[..length];
            let expected = MessageStatus::of(MessageStatus::Sent, some);
            let accepted_at = cases % (length + 1);
            let message = prepare(&db, conversation).await;
            let provider_id = format!("wamid.{cases}");
            for (i, word) in some.iter().enumerate() {
                if i == accepted_at {
                    accept(&db, message, &provider_id).await;
                }
                for _ in 0..=i % 2 {
                    db.receive(&[receipt(db.number, &provider_id, word.clone(), 3)]).await;
                }
            }
            if accepted_at == length {
                accept(&db, message, &provider_id).await;
            }
            assert_eq!(status(&db, conversation, message).await, expected, "{some:?}, accepted at {accepted_at}");
            cases += 1;
        }
    }
    assert_eq!(cases, 120);
    assert_eq!(db.count("select count(*) from receipts where message_id is null").await, 0);
    let gaps = db
        .count(
            "select count(*) from conversations c, generate_series(1, c.last_seq) s
             where not exists (select 1 from events e where e.conversation_id = c.id and e.seq = s)
               and not exists (select 1 from messages m where m.conversation_id = c.id and m.seq = s)",
        )
        .await;
    assert_eq!(gaps, 0, "every number of the conversation belongs to an event or a message");
}

fn permutations(items: &[Receipt]) -> Vec<Vec<Receipt>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, first) in items.iter().enumerate() {
        let rest: Vec<_> = items.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, r)| r.clone()).collect();
        for mut tail in permutations(&rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

/// Check 36: the receipt comes before our own record of the provider's id.
#[tokio::test]
async fn a_receipt_that_comes_first_is_kept_and_applied_later() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    assert!(db.receive(&[receipt(db.number, "wamid.x", Receipt::Delivered, 1)]).await.is_empty());
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Pending);
    accept(&db, message, "wamid.x").await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Delivered);
}

/// The receipt and the record at the same moment: neither may miss the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_and_the_record_at_once_never_miss_each_other() {
    let db = std::sync::Arc::new(database().await);
    let conversation = conversation(&db).await;
    for round in 0..60 {
        let message = prepare(&db, conversation).await;
        let id = format!("wamid.{round}");
        let (one, other) = (db.clone(), db.clone());
        let (id_one, id_other) = (id.clone(), id.clone());
        let a = tokio::spawn(async move { accept(&one, message, &id_one).await });
        let b = tokio::spawn(async move { other.receive(&[receipt(other.number, &id_other, Receipt::Read, 1)]).await });
        a.await.unwrap();
        b.await.unwrap();
        assert_eq!(status(&db, conversation, message).await, MessageStatus::Read, "round {round}");
    }
}

#[tokio::test]
async fn what_we_gave_along_finds_the_message_without_the_provider_s_id() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    db.execute("update messages set own_status = 'uncertain', status = 'uncertain' where direction = 'outbound'").await;
    let mut settles = receipt(db.number, "wamid.unknown", Receipt::Sent, 1);
    settles.receipt.callback = Some(format!("{message}:1"));
    let rung = db.receive(&[settles]).await;
    assert_eq!(rung.len(), 1);
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Sent);
    assert_eq!(
        db.count("select count(*) from outbox where bell = 'conversation' and id > (select min(id) from outbox)").await,
        1,
        "the settled one rings its conversation"
    );
}

#[tokio::test]
async fn a_failure_rings_the_conversation_and_the_rest_does_not() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let (good, bad) = (prepare(&db, conversation).await, prepare(&db, conversation).await);
    accept(&db, good, "wamid.good").await;
    accept(&db, bad, "wamid.bad").await;
    db.execute("delete from outbox").await;
    db.receive(&[receipt(db.number, "wamid.good", Receipt::Delivered, 1)]).await;
    assert_eq!(db.count("select count(*) from outbox where bell is not null").await, 0);
    db.receive(&[receipt(db.number, "wamid.bad", Receipt::Failed, 1)]).await;
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation'").await, 1);
    assert_eq!(db.count("select count(*) from inputs where kind = 'failed_send' and consumed_at is null").await, 1);
    assert_eq!(db.count("select count(*) from events where kind = 'message.failed'").await, 1);
}

/// Check 50: a message and a receipt may share an id.
#[tokio::test]
async fn a_message_and_a_receipt_with_one_id_are_both_kept() {
    let db = database().await;
    db.arrive(&text(db.number, "51987654321", "wamid.same", "hola", 0)).await;
    db.receive(&[receipt(db.number, "wamid.same", Receipt::Sent, 1)]).await;
    assert_eq!(db.count("select count(*) from messages").await, 1);
    assert_eq!(db.count("select count(*) from receipts where message_id is null").await, 1);
}

#[tokio::test]
async fn a_receipt_of_another_number_does_not_touch_the_message() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    accept(&db, message, "wamid.1").await;
    let other = hilo_store::testing::number(&db.pool, &db.ring, "other", "100000000000002", "other").await;
    let mut foreign = receipt(other, "wamid.1", Receipt::Read, 1);
    foreign.receipt.callback = Some(format!("{message}:1"));
    db.receive(&[foreign]).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Sent);
}

/// `turns.md` 16.
#[tokio::test]
async fn that_an_attempt_failed_counts_for_the_last_attempt_alone() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    let of = |id: &str, attempt: i32, word| {
        let mut of = receipt(db.number, id, word, 1);
        of.receipt.callback = Some(format!("{message}:{attempt}"));
        of
    };
    let mut tx = db.begin().await;
    messages::tried_again(&mut tx, message, 2, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    db.receive(&[of("wamid.1", 1, Receipt::Failed)]).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Pending, "there is a second attempt");
    assert_eq!(db.count("select count(*) from inputs where kind = 'failed_send'").await, 0);
    accept(&db, message, "wamid.2").await;
    db.receive(&[of("wamid.2", 2, Receipt::Failed)]).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Failed);
    let mut tx = db.begin().await;
    messages::tried_again(&mut tx, message, 3, at(4)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Pending);
    accept(&db, message, "wamid.3").await;
    db.receive(&[receipt(db.number, "wamid.3", Receipt::Failed, 5)]).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Failed, "the last one's, by its id");
    assert_eq!(
        db.texts("select key from inputs where kind = 'failed_send' order by n").await,
        [format!("{message}:2"), format!("{message}:3")]
    );
    db.receive(&[of("wamid.1", 1, Receipt::Delivered)]).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Delivered, "what arrived, arrived");
    let mut tx = db.begin().await;
    assert!(messages::tried_again(&mut tx, message, 3, at(6)).await.is_err(), "it is at this attempt already");
}

#[tokio::test]
async fn an_error_goes_when_the_message_arrives_after_all() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    accept(&db, message, "wamid.1").await;
    let mut failed = receipt(db.number, "wamid.1", Receipt::Failed, 1);
    failed.receipt.errors = vec![ProviderError { code: 131_026, message: "undeliverable".into() }];
    db.receive(&[failed]).await;
    assert_eq!(db.texts("select error->0->>'code' from messages where error is not null").await, ["131026"]);
    db.receive(&[receipt(db.number, "wamid.1", Receipt::Delivered, 2)]).await;
    assert_eq!(db.count("select count(*) from messages where error is not null").await, 0);
}

#[tokio::test]
async fn only_a_message_of_ours_to_that_number_can_be_accepted() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    let other = hilo_store::testing::number(&db.pool, &db.ring, "other", "100000000000002", "other").await;
    let inbound: MessageId =
        db.texts("select id::text from messages where direction = 'inbound'").await[0].parse().unwrap();
    for (number, id) in [(other, message), (db.number, inbound), (db.number, MessageId::new(at(0)))] {
        let mut tx = db.begin().await;
        let error = messages::accepted(&mut tx, number, id, "wamid.1", at(2)).await.unwrap_err();
        assert!(matches!(error, hilo_store::Error::Affected { actual: 0, .. }), "{error:?}");
    }
}

/// A batch that waits for nobody leaves receipts of a locked conversation to others, and takes the rest.
#[tokio::test]
async fn receipts_of_a_locked_conversation_are_left_and_the_others_taken() {
    let db = database().await;
    let conversation = conversation(&db).await;
    let message = prepare(&db, conversation).await;
    accept(&db, message, "wamid.1").await;
    let batch = [
        receipt(db.number, "wamid.1", Receipt::Delivered, 1),
        receipt(db.number, "wamid.unknown", Receipt::Delivered, 1),
    ];
    let lock = db.hold("select id from conversations for update").await;
    let mut tx = db.begin().await;
    let stored = receipts::store_free(&mut tx, &batch, at(3)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored.outcomes, [Taken::Busy(Some(conversation)), Taken::Stored]);
    drop(lock);
    db.receive(&batch).await;
    assert_eq!(status(&db, conversation, message).await, MessageStatus::Delivered);
    let mut first = db.begin().await;
    receipts::store(&mut first, &batch[1..], at(4)).await.unwrap();
    let mut second = db.begin().await;
    let stored = receipts::store_free(&mut second, &batch, at(4)).await.unwrap();
    assert_eq!(stored.outcomes, [Taken::Stored, Taken::Busy(None)], "its id is locked");
}
