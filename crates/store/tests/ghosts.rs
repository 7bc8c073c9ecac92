//! Placeholders and their real messages, in any order: one message, one input, and the text that was meant.
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use hilo_domain::id::{ConversationId, MessageId};
use hilo_domain::inbound::{Meaning, Sender};
use hilo_domain::message::Content;
use hilo_store::mail::{self, Stored};
use hilo_store::testing::{Database, at, database, text};
use hilo_store::{conversations, messages};

fn ghost(db: &Database) -> mail::Arrival {
    let mut ghost = text(db.number, "51987654321", "wamid.g", "", 0);
    ghost.message.meaning = Meaning::Ghost;
    ghost.message.content = Content::Unsupported { kind: None, code: Some(131_060) };
    ghost
}

#[tokio::test]
async fn the_real_message_takes_the_place_of_its_ghost() {
    let db = database().await;
    assert!(matches!(db.arrive(&ghost(&db)).await, Stored::New(_)));
    assert_eq!(db.count("select count(*) from inputs where consumed_at is null").await, 0);
    assert_eq!(db.count("select count(*) from events").await, 0);
    assert_eq!(db.count("select count(*) from outbox where bell = 'ghost' and event_id is null").await, 1);
    let real = text(db.number, "51987654321", "wamid.g", "hola", 1);
    let Stored::Replaced(conversation) = db.arrive(&real).await else { panic!("it replaces") };
    assert_eq!(db.arrive(&real).await, Stored::Duplicate);
    assert_eq!(db.arrive(&ghost(&db)).await, Stored::Duplicate, "a late ghost replaces nothing");
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].content.text(), Some("hola"));
    assert_eq!(db.count("select count(*) from inputs where consumed_at is null").await, 1);
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation'").await, 1);
    let id = all[0].id;
    let mut tx = db.begin().await;
    assert!(mail::give_up_ghost(&mut tx, id, at(11)).await.unwrap().is_empty(), "it is no ghost any more");
}

#[tokio::test]
async fn a_ghost_without_a_body_becomes_an_input_itself() {
    let db = database().await;
    let Stored::New(conversation) = db.arrive(&ghost(&db)).await else { panic!("it is new") };
    let id = give_up(&db).await;
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 10).await.unwrap();
    assert_eq!(all[0].seq, Some(1));
    assert_eq!(db.count("select count(*) from inputs where consumed_at is null").await, 1);
    let mut tx = db.begin().await;
    assert!(mail::give_up_ghost(&mut tx, id, at(11)).await.unwrap().is_empty(), "once is enough");
}

/// Makes an input of the only ghost.
async fn give_up(db: &Database) -> MessageId {
    let id: MessageId = db.texts("select id::text from messages where seq is null").await[0].parse().unwrap();
    let mut tx = db.begin().await;
    assert_eq!(mail::give_up_ghost(&mut tx, id, at(10)).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    id
}

async fn said(db: &Database, conversation: ConversationId) -> Vec<String> {
    let all = messages::list(&db.pool, &db.ring, conversation, 0, 100).await.unwrap();
    all.iter().map(|message| message.content.text().unwrap_or("?").to_owned()).collect()
}

#[tokio::test]
async fn a_real_message_after_the_ghost_was_given_up_says_what_was_meant() {
    let db = database().await;
    let Stored::New(conversation) = db.arrive(&ghost(&db)).await else { panic!("it is new") };
    give_up(&db).await;
    db.execute("delete from outbox").await;
    let late = text(db.number, "51987654321", "wamid.g", "tarde", 12);
    assert_eq!(db.arrive(&late).await, Stored::Replaced(conversation));
    assert_eq!(db.arrive(&late).await, Stored::Duplicate);
    assert_eq!(said(&db, conversation).await, ["tarde"]);
    assert_eq!(db.count("select count(*) from inputs where consumed_at is null").await, 1, "the input is still open");
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation'").await, 1);
    assert_eq!(db.texts("select seq::text from messages").await, ["1"], "its place stays");
    assert_eq!(
        db.texts("select concat(seq, ' ', data->>'type', ' ', data->>'replaced') from events order by seq").await,
        ["1 unsupported ", "2 text true"]
    );
    assert_eq!(db.count("select last_seq from conversations").await, 2);
}

#[tokio::test]
async fn a_real_message_after_its_ghost_was_consumed_is_no_second_input() {
    let db = database().await;
    let Stored::New(conversation) = db.arrive(&ghost(&db)).await else { panic!("it is new") };
    give_up(&db).await;
    db.execute("update inputs set consumed_at = at").await;
    db.execute("delete from outbox").await;
    let late = text(db.number, "51987654321", "wamid.g", "tarde", 12);
    assert_eq!(db.arrive(&late).await, Stored::Replaced(conversation));
    assert_eq!(said(&db, conversation).await, ["tarde"]);
    assert_eq!(db.count("select count(*) from inputs where consumed_at is null").await, 0);
    assert_eq!(db.count("select count(*) from outbox where bell is null and event_id is not null").await, 1);
    assert_eq!(db.count("select count(*) from outbox where bell is not null").await, 0);
}

/// The real message may name its sender otherwise than the ghost did.
#[tokio::test]
async fn a_real_message_is_filed_and_sealed_where_its_ghost_stands() {
    let db = database().await;
    let mut other = text(db.number, "PE.1", "other", "otra persona", 0);
    let by_id = Sender { address: Some("PE.1".into()), business_scoped_id: Some("PE.1".into()), ..Sender::default() };
    other.message.sender = by_id.clone();
    let Stored::New(theirs) = db.arrive(&other).await else { panic!("it is new") };
    let Stored::New(ghosts) = db.arrive(&ghost(&db)).await else { panic!("it is new") };
    assert_ne!(theirs, ghosts);
    let mut real = text(db.number, "PE.1", "wamid.g", "hola", 1);
    real.message.sender = by_id;
    assert_eq!(db.arrive(&real).await, Stored::Replaced(ghosts));
    assert_eq!(said(&db, ghosts).await, ["hola"], "the key of its own conversation opens it");
    assert_eq!(said(&db, theirs).await, ["otra persona"]);
}

/// A batch that waits for nobody must not take a withheld message for a copy when its ghost's conversation is locked.
#[tokio::test]
async fn a_real_message_whose_ghost_is_locked_is_left_and_not_lost() {
    let db = database().await;
    db.arrive(&ghost(&db)).await;
    let mut real = text(db.number, "PE.1", "wamid.g", "hola", 1);
    real.message.sender =
        Sender { address: Some("PE.1".into()), business_scoped_id: Some("PE.1".into()), ..Sender::default() };
    let mut other = real.clone();
    other.message.provider_id = "other".into();
    db.arrive(&other).await;
    let lock = db
        .hold("select id from conversations where id in (select conversation_id from messages where provider_id = 'wamid.g') for update")
        .await;
    let mut tx = db.begin().await;
    let batch = mail::store_free(&mut tx, &db.ring, std::slice::from_ref(&real)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(batch.outcomes, [Stored::Unknown]);
    drop(lock);
    assert!(matches!(db.arrive(&real).await, Stored::Replaced(_)));
}

#[tokio::test]
async fn the_ghosts_of_a_batch_are_replaced_together_and_in_order() {
    let db = database().await;
    let mut batch = Vec::new();
    for id in ["a", "b", "c"] {
        let mut ghost = ghost(&db);
        ghost.message.provider_id = id.into();
        db.arrive(&ghost).await;
        batch.push(text(db.number, "51987654321", id, id, 1));
    }
    let mut reaction = batch[1].clone();
    reaction.message.meaning = Meaning::Aside;
    reaction.message.content = Content::Reaction { to: "a".into(), emoji: None };
    batch[1] = reaction;
    batch.insert(1, batch[0].clone());
    let mut tx = db.begin().await;
    let stored = mail::store(&mut tx, &db.ring, &batch).await.unwrap();
    tx.commit().await.unwrap();
    let Stored::Replaced(conversation) = stored.outcomes[0] else { panic!("{stored:?}") };
    let replaced = Stored::Replaced(conversation);
    assert_eq!(stored.outcomes, [replaced, Stored::Duplicate, replaced, replaced]);
    assert_eq!(said(&db, conversation).await, ["a", "?", "c"]);
    assert_eq!(
        db.texts("select key from inputs where consumed_at is null order by n").await,
        ["a", "c"],
        "what turns out to be no answer stays consumed"
    );
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation'").await, 2);
}

/// While it waits, a ghost moves nothing; once it is an input, its client has been heard, and is answered there.
#[tokio::test]
async fn a_ghost_that_becomes_an_input_was_heard_and_is_answered() {
    let db = database().await;
    let head = async || conversations::of_phone(&db.pool, "525512345678").await.unwrap().remove(0).address.unwrap();
    let heard = "select coalesce(extract(epoch from last_inbound_at), 0)::bigint from conversations";
    db.arrive(&text(db.number, "525512345678", "1", "hola", 0)).await;
    for (id, seconds) in [("given up", 100), ("replaced", 200)] {
        let mut ghost = ghost(&db);
        ghost.message.provider_id = id.into();
        ghost.message.sender.address = Some("5215512345678".into());
        ghost.message.sender.phone = Some("5215512345678".into());
        ghost.at = at(seconds);
        db.execute("update conversations set address = '525512345678'").await;
        let before = db.count(heard).await;
        assert!(matches!(db.arrive(&ghost).await, Stored::New(_)));
        assert_eq!((head().await.as_str(), db.count(heard).await), ("525512345678", before));
        if id == "given up" {
            give_up(&db).await;
        } else {
            db.arrive(&text(db.number, "5215512345678", id, "hola", seconds)).await;
        }
        assert_eq!((head().await.as_str(), db.count(heard).await), ("5215512345678", at(seconds).timestamp()), "{id}");
    }
    assert_eq!(db.count("select count(*) from inbound_keys where address is not null").await, 0);
}
