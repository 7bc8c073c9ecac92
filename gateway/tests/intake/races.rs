//! What comes at the same moment, over connections of its own: decided once, by Postgres.

use crate::support::{at_once, listening, messages, rounds, text};
use hilo_store::testing::database;

/// Check 41: one message on 50 connections at once.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_copies_on_fifty_connections_are_one_message() {
    let db = database().await;
    let (address, stop) = listening(&db).await;
    let rounds = rounds(20, 200);
    for round in 0..rounds {
        // Half of the rounds are a stranger's first message, the others somebody's next one.
        let from = format!("5190000{:04}", round / 2);
        let copy = messages(&[text(&from, &format!("wamid.{round}"), "hola")]);
        assert_eq!(at_once(address, &vec![copy; 50]).await, [200; 50], "round {round}");
    }
    let rounds = i64::try_from(rounds).unwrap();
    for count in ["messages", "inbound_keys", "events", "inputs"].map(|table| format!("select count(*) from {table}")) {
        let counted = db.count(count.clone().leak()).await;
        assert_eq!(counted, rounds, "{count}");
    }
    assert_eq!(db.count("select count(*) from conversations").await, (rounds + 1) / 2);
    println!("{rounds} messages in 50 copies each: {rounds} rows");
    stop.cancel();
}

/// Check 42: two first messages of a new contact at the same moment, told by different identifiers half of the time.
#[tokio::test(flavor = "multi_thread")]
async fn two_first_messages_at_once_are_one_conversation() {
    let db = database().await;
    let (address, stop) = listening(&db).await;
    let rounds = rounds(50, 500);
    for round in 0..rounds {
        let from = format!("5191000{round:04}");
        let first = text(&from, &format!("a{round}"), "hola");
        let mut second = text(&from, &format!("b{round}"), "¿hay alguien?");
        if round % 2 == 0 {
            second["from_user_id"] = format!("PE.{round}").into();
        }
        let both = [messages(&[first]), messages(&[second])];
        assert_eq!(at_once(address, &both).await, [200; 2], "round {round}");
    }
    let rounds = i64::try_from(rounds).unwrap();
    assert_eq!(db.count("select count(*) from clients").await, rounds);
    assert_eq!(db.count("select count(*) from conversations").await, rounds);
    assert_eq!(db.count("select count(*) from messages").await, 2 * rounds);
    assert_eq!(db.count("select count(*) from conversations where last_seq <> 2").await, 0);
    println!("{rounds} races: {rounds} conversations");
    stop.cancel();
}
