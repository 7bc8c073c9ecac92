//! The second look: what was rung and never handled is rung again, once in a while, and nobody starves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test whose ground is missing stops and says so")]

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::id::ConversationId;
use hilo_store::mail::Stored;
use hilo_store::testing::{Database, at, database, text};
use hilo_store::{conversations, inputs};

const AGAIN_AFTER: Duration = Duration::from_secs(30);

async fn look(db: &Database, now: DateTime<Utc>, limit: i64) -> Vec<ConversationId> {
    let found = find(db, now, limit).await;
    ring(db, &found, now).await
}

async fn find(db: &Database, now: DateTime<Utc>, limit: i64) -> Vec<ConversationId> {
    let mut tx = db.begin().await;
    inputs::forgotten(&mut tx, now - TimeDelta::seconds(30), AGAIN_AFTER, limit).await.unwrap()
}

async fn ring(db: &Database, found: &[ConversationId], now: DateTime<Utc>) -> Vec<ConversationId> {
    let mut tx = db.begin().await;
    let rung = inputs::ring_forgotten(&mut tx, found, AGAIN_AFTER, now).await.unwrap();
    tx.commit().await.unwrap();
    rung
}

/// As many conversations, each with one open input of the beginning, and no bell on its way.
async fn forgotten(db: &Database, people: usize) -> BTreeSet<ConversationId> {
    let mut all = BTreeSet::new();
    for i in 0..people {
        let Stored::New(id) = db.arrive(&text(db.number, &format!("519000000{i:02}"), &i.to_string(), "a", 0)).await
        else {
            panic!("it is new")
        };
        all.insert(id);
    }
    db.execute("delete from outbox").await;
    all
}

#[tokio::test]
async fn the_second_look_finds_mail_that_was_rung_and_not_handled() {
    let db = database().await;
    let Stored::New(conversation) = db.arrive(&text(db.number, "51900000001", "1", "a", 0)).await else { panic!() };
    assert!(look(&db, at(60), 10).await.is_empty(), "its bell is still on its way");
    db.execute("delete from outbox").await;
    assert!(look(&db, at(29), 10).await.is_empty(), "it is not old enough");
    assert_eq!(look(&db, at(31), 10).await, [conversation]);
    assert_eq!(db.count("select count(*) from outbox where bell = 'conversation' and event_id is null").await, 1);
    db.execute("update conversations set rung_at = rung_at - interval '31 seconds'").await;
    assert!(look(&db, at(62), 10).await.is_empty(), "its bell is still on its way");
    db.execute("delete from outbox").await;
    db.execute("update inputs set consumed_at = at").await;
    assert!(look(&db, at(90), 10).await.is_empty(), "it was handled");
}

#[tokio::test]
async fn a_conversation_is_rung_once_in_thirty_seconds_of_the_database() {
    let db = database().await;
    let all = forgotten(&db, 1).await;
    assert_eq!(look(&db, at(31), 10).await.len(), 1);
    db.execute("delete from outbox").await;
    assert!(look(&db, at(3600), 10).await.is_empty(), "whatever time a process believes it is");
    db.execute("update conversations set rung_at = rung_at - interval '31 seconds'").await;
    assert!(all.contains(&look(&db, at(31), 10).await[0]));
}

#[tokio::test]
async fn what_two_have_found_is_rung_by_one() {
    let db = database().await;
    let all = forgotten(&db, 3).await;
    let found = find(&db, at(31), 10).await;
    assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), all);
    assert_eq!(ring(&db, &found[..1], at(31)).await, found[..1]);
    assert_eq!(ring(&db, &found, at(31)).await.len(), 2);
    db.execute("delete from outbox").await;
    assert!(ring(&db, &found, at(31)).await.is_empty(), "also when the bells are gone by now");
    db.execute("update conversations set rung_at = null").await;
    db.arrive(&text(db.number, "51900000000", "new", "b", 40)).await;
    assert_eq!(ring(&db, &found, at(41)).await.len(), 2, "and a bell that is on its way is enough");
}

#[tokio::test]
async fn who_was_rung_the_longest_ago_comes_first_so_that_nobody_starves() {
    let db = database().await;
    let all = forgotten(&db, 7).await;
    let mut rung = Vec::new();
    for some in [3, 3, 1, 0] {
        let found = look(&db, at(31), 3).await;
        assert_eq!(found.len(), some);
        rung.extend(found);
        db.execute("delete from outbox").await;
    }
    assert_eq!(rung.iter().copied().collect::<BTreeSet<_>>(), all, "each once, though a look holds three only");
    db.execute("update conversations set rung_at = rung_at - interval '31 seconds'").await;
    for earlier in [&rung[0..3], &rung[3..6], &rung[6..7]] {
        let again: BTreeSet<_> = look(&db, at(31), 3).await.into_iter().collect();
        assert_eq!(again, earlier.iter().copied().collect(), "in the same order as before");
        db.execute("delete from outbox").await;
    }
}

#[tokio::test]
async fn a_conversation_that_somebody_works_on_is_passed_over_and_found_later() {
    let db = database().await;
    let all = forgotten(&db, 3).await;
    let busy = *all.iter().next().unwrap();
    let mut tx = db.begin().await;
    conversations::lock(&mut tx, busy).await.unwrap();
    let found = look(&db, at(31), 10).await;
    assert!(found.len() == 2 && !found.contains(&busy), "{found:?}");
    tx.rollback().await.unwrap();
    assert_eq!(look(&db, at(31), 10).await, [busy]);
}
