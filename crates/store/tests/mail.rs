//! What comes in is stored once, in order, with its event and its bell, whatever comes twice or at the same time.

use std::sync::Arc;

use hilo_domain::inbound::Meaning;
use hilo_domain::message::{Content, Direction};
use hilo_store::mail::{self, Stored};
use hilo_store::testing::{at, database, number, text};
use hilo_store::{conversations, messages};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

#[tokio::test]
async fn a_message_stands_once_with_its_key_event_input_and_bell() {
    let db = database().await;
    let hola = text(db.number, "5215512345678", "wamid.1", "hola", 0);
    let Stored::New(conversation) = db.arrive(&hola).await else { panic!("it is new") };
    for _ in 0..3 {
        assert_eq!(db.arrive(&hola).await, Stored::Duplicate);
    }
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].content, Content::Text { text: "hola".into() });
    assert_eq!((all[0].seq, all[0].at), (Some(1), at(0)));
    for table in [
        "select count(*) from messages",
        "select count(*) from inbound_keys",
        "select count(*) from events where kind = 'message.received' and seq = 1",
        "select count(*) from inputs where kind = 'mail' and key = 'wamid.1' and consumed_at is null",
        "select count(*) from outbox where bell = 'conversation' and event_id is not null",
    ] {
        assert_eq!(db.count(table).await, 1, "{table}");
    }
    let head = &conversations::of_phone(&db.pool, "525512345678").await.unwrap()[0];
    assert_eq!(head.address.as_deref(), Some("5215512345678"), "we answer to the verbatim address");
}

#[tokio::test]
async fn what_a_client_says_stands_nowhere_in_plain() {
    let db = database().await;
    db.arrive(&text(db.number, "51987654321", "wamid.1", "canario-secreto", 0)).await;
    assert_eq!(db.tables_with("canario").await, Vec::<String>::new());
    assert!(db.tables_with("51987654321").await.contains(&"client_identifiers".to_owned()), "what is plain is found");
    db.execute("delete from content_keys").await;
    let conversation = conversations::of_phone(&db.pool, "51987654321").await.unwrap()[0].id;
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert!(all.is_empty(), "without the client's key the texts are gone");
    assert!(matches!(db.arrive(&text(db.number, "51987654321", "wamid.2", "otra vez", 1)).await, Stored::New(_)));
    assert_eq!(db.count("select count(*) from content_keys").await, 1, "who writes again gets a fresh key");
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert_eq!(all[0].content, Content::Unsupported { kind: Some("erased".into()), code: None });
    assert_eq!(all[1].content.text(), Some("otra vez"));
}

#[tokio::test]
async fn a_batch_keeps_each_conversation_s_order() {
    let db = database().await;
    for person in ["51900000001", "51900000002"] {
        db.arrive(&text(db.number, person, &format!("first-{person}"), "0", 0)).await;
    }
    let batch: Vec<_> = (0..20)
        .map(|i| {
            text(db.number, if i % 3 == 0 { "51900000001" } else { "51900000002" }, &format!("m{i}"), &i.to_string(), 1)
        })
        .collect();
    let mut tx = db.begin().await;
    let stored = mail::store(&mut tx, &db.ring, &batch).await.unwrap();
    tx.commit().await.unwrap();
    assert!(stored.outcomes.iter().all(|outcome| matches!(outcome, Stored::New(_))));
    assert_eq!(stored.outbox.len(), 20);
    for person in ["51900000001", "51900000002"] {
        let id = conversations::of_phone(&db.pool, person).await.unwrap()[0].id;
        let all = messages::list(&db.pool, &db.ring, id, 0, 100).await.unwrap();
        let said: Vec<i32> = all.iter().map(|m| m.content.text().unwrap().parse().unwrap()).collect();
        assert!(said.is_sorted(), "{said:?}");
        let seqs: Vec<_> = all.iter().map(|m| m.seq.unwrap()).collect();
        assert_eq!(seqs, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_stranger_in_a_batch_is_left_for_introduction_and_so_is_what_they_say_next() {
    let db = database().await;
    db.arrive(&text(db.number, "51900000001", "m0", "0", 0)).await;
    let mut tx = db.begin().await;
    let batch = [
        text(db.number, "51900000009", "s1", "1", 1),
        text(db.number, "51900000001", "m1", "1", 1),
        text(db.number, "51900000009", "s2", "2", 1),
    ];
    let stored = mail::store(&mut tx, &db.ring, &batch).await.unwrap();
    assert!(matches!(stored.outcomes[..], [Stored::Unknown, Stored::New(_), Stored::Unknown]), "{stored:?}");
}

/// Check 41, in small: one message on 50 connections at once.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_copies_at_once_are_one_row() {
    let db = Arc::new(database().await);
    for round in 0..10 {
        let copies = (0..50).map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                db.arrive(&text(db.number, &format!("5190000{round:04}"), &format!("w{round}"), "hola", 0)).await
            })
        });
        let mut new = 0;
        for copy in copies.collect::<Vec<_>>() {
            new += usize::from(matches!(copy.await.unwrap(), Stored::New(_)));
        }
        assert_eq!(new, 1, "round {round}");
    }
    assert_eq!(db.count("select count(*) from messages").await, 10);
    assert_eq!(db.count("select count(*) from outbox").await, 10);
}

/// Check 42, in small: two first messages of a new client at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn two_first_messages_at_once_make_one_client_and_one_conversation() {
    let db = Arc::new(database().await);
    for round in 0..60 {
        let phone = format!("5191000{round:04}");
        let both = ["a", "b"].map(|which| {
            let (db, mut arrival) = (db.clone(), text(db.number, &phone, &format!("{which}{round}"), which, 0));
            if which == "b" {
                arrival.message.sender.business_scoped_id = Some(format!("PE.{round}"));
            }
            tokio::spawn(async move { db.arrive(&arrival).await })
        });
        let mut seen = Vec::new();
        for one in both {
            match one.await.unwrap() {
                Stored::New(conversation) => seen.push(conversation),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen[0], seen[1], "round {round}");
    }
    assert_eq!(db.count("select count(*) from clients where merged_into is null").await, 60);
    assert_eq!(db.count("select count(*) from conversations where is_primary").await, 60);
    assert_eq!(db.count("select count(*) from client_identifiers").await, 120);
}

#[tokio::test]
async fn national_variants_of_a_number_are_one_client() {
    let db = database().await;
    let a = db.arrive(&text(db.number, "5215512345678", "1", "a", 0)).await;
    let b = db.arrive(&text(db.number, "525512345678", "2", "b", 1)).await;
    let (Stored::New(a), Stored::New(b)) = (a, b) else { panic!("both are new") };
    assert_eq!(a, b);
}

#[tokio::test]
async fn what_is_no_answer_is_stored_consumed_and_rings_no_workflow() {
    let db = database().await;
    let mut reaction = text(db.number, "51987654321", "r1", "", 0);
    reaction.message.meaning = Meaning::Aside;
    reaction.message.content = Content::Reaction { to: "wamid.0".into(), emoji: Some("👍".into()) };
    assert!(matches!(db.arrive(&reaction).await, Stored::New(_)));
    assert_eq!(db.count("select count(*) from inputs where consumed_at is not null").await, 1);
    assert_eq!(db.count("select count(*) from outbox where bell is null and event_id is not null").await, 1);
    assert_eq!(db.count("select count(*) from outbox where bell is not null").await, 0);
}

#[tokio::test]
async fn an_echo_is_ours_and_a_group_has_a_conversation_of_its_own() {
    let db = database().await;
    let hola = db.arrive(&text(db.number, "51987654321", "1", "hola", 0)).await;
    let mut echo = text(db.number, "51987654321", "e1", "desde el teléfono", 1);
    echo.message.meaning = Meaning::Echo;
    echo.direction = Direction::Outbound;
    assert_eq!(db.arrive(&echo).await, hola, "the echo belongs to the same conversation");
    let mut group = text(db.number, "51987654321", "g1", "en grupo", 2);
    group.message.meaning = Meaning::Aside;
    group.message.sender.group = Some("120363".into());
    assert_ne!(db.arrive(&group).await, hola, "a group's message is not filed into the participant's conversation");
    assert_eq!(db.count("select count(*) from messages where direction = 'outbound' and author = 'system'").await, 1);
    assert_eq!(db.count("select count(*) from clients where kind = 'group'").await, 1);
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation'").await, 1);
}

#[tokio::test]
async fn a_copy_renames_nobody() {
    let db = database().await;
    let first = text(db.number, "51900000001", "1", "a", 0);
    db.arrive(&first).await;
    let mut second = text(db.number, "51900000001", "2", "b", 1);
    second.message.sender.name = Some("Ana María".into());
    db.arrive(&second).await;
    assert_eq!(db.arrive(&first).await, Stored::Duplicate);
    assert_eq!(db.texts("select name from clients").await, ["Ana María"]);
}

/// A batch that waits for nobody leaves a locked conversation, and everything that belongs to its client, to others.
#[tokio::test]
async fn a_batch_that_waits_for_nobody_leaves_what_is_locked() {
    let db = database().await;
    for person in ["51900000001", "51900000002"] {
        db.arrive(&text(db.number, person, person, "0", 0)).await;
    }
    let lock = db
        .hold(
            "select c.id from conversations c join client_identifiers i using (client_id)
             where i.value = '51900000001' for update of c",
        )
        .await;
    let batch = [
        text(db.number, "51900000001", "a", "1", 1),
        text(db.number, "51900000002", "b", "1", 1),
        text(db.number, "51900000001", "c", "2", 1),
    ];
    let mut tx = db.begin().await;
    let stored = mail::store_free(&mut tx, &db.ring, &batch).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(stored.outcomes[..], [Stored::Unknown, Stored::New(_), Stored::Unknown]), "{stored:?}");
    lock.rollback().await.unwrap();
    let mut tx = db.begin().await;
    let stored = mail::store_free(&mut tx, &db.ring, &batch).await.unwrap();
    assert!(matches!(stored.outcomes[..], [Stored::New(_), Stored::Duplicate, Stored::New(_)]), "{stored:?}");
}

/// A merge commits between the introduction and the lock of the conversation: the message is lost to this transaction,
/// which is begun again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_race_against_a_merge_is_tried_again() {
    let db = Arc::new(database().await);
    db.arrive(&text(db.number, "51900000001", "1", "a", 0)).await;
    let merge = db.hold("update conversations set is_primary = false").await;
    let mut arrival = text(db.number, "51900000001", "2", "b", 1);
    arrival.message.sender.business_scoped_id = Some("PE.1".into());
    let introduced = tokio::spawn({
        let (db, arrival) = (db.clone(), arrival.clone());
        async move {
            let mut tx = db.begin().await;
            mail::introduce(&mut tx, &db.ring, &arrival).await
        }
    });
    db.until_blocked(1).await;
    merge.commit().await.unwrap();
    let error = introduced.await.unwrap().unwrap_err();
    assert!(error.is_retryable() && error.is_unavailable() && !error.is_data(), "{error:?}");
    assert!(matches!(db.arrive(&arrival).await, Stored::New(_)));
}

#[tokio::test]
async fn the_same_provider_id_on_another_number_is_another_message() {
    let db = database().await;
    let other = number(&db.pool, &db.ring, "other", "100000000000002", "other-secret").await;
    assert!(matches!(db.arrive(&text(db.number, "51900000001", "1", "a", 0)).await, Stored::New(_)));
    assert!(matches!(db.arrive(&text(other, "51900000001", "1", "a", 0)).await, Stored::New(_)));
    assert_eq!(db.count("select count(*) from clients").await, 1, "one client, two conversations");
}

/// Check 40 and G3, in small: any copies, first copies in order, any batches: one result.
#[tokio::test(flavor = "multi_thread")]
async fn any_copies_in_any_batches_give_the_same_conversation() {
    let db = database().await;
    let mut runner = TestRunner::default();
    let strategy = proptest::collection::vec((0usize..8, 1usize..6), 1..30);
    for case in 0..40 {
        let plan: Vec<(usize, usize)> = strategy.new_tree(&mut runner).unwrap().current();
        let phone = format!("5193000{case:04}");
        let ids = 8;
        // Copies may come anywhere; first copies come in order, as a sender that waits for its 200 gives them.
        let mut deliveries: Vec<usize> = (0..ids).collect();
        for (id, place) in plan {
            deliveries.insert((id + place).min(deliveries.len()), id);
        }
        let arrivals: Vec<_> =
            deliveries.iter().map(|id| text(db.number, &phone, &format!("{case}-{id}"), &id.to_string(), 0)).collect();
        db.arrive(&arrivals[0]).await;
        for chunk in arrivals.chunks(1 + case % 5) {
            let mut tx = db.begin().await;
            mail::store(&mut tx, &db.ring, chunk).await.unwrap();
            tx.commit().await.unwrap();
        }
        let id = conversations::of_phone(&db.pool, &phone).await.unwrap()[0].id;
        let all = messages::list(&db.pool, &db.ring, id, 0, 100).await.unwrap();
        let said: Vec<_> = all.iter().map(|m| m.content.text().unwrap().to_owned()).collect();
        let expected: Vec<_> = {
            let mut seen = Vec::new();
            for id in &deliveries {
                if !seen.contains(&id.to_string()) {
                    seen.push(id.to_string());
                }
            }
            seen
        };
        assert_eq!(said, expected, "case {case}: {deliveries:?}");
    }
}
