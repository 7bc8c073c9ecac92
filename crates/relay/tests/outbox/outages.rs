//! Who is away holds back only what it is needed for, and what has waited is made up for in order.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hilo_domain::inbound::Meaning;
use hilo_domain::message::Content;
use hilo_relay::outbox::{Health, Relay, Settings};
use hilo_store::testing::{Database, database, text};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Ear, arrive, bells_wait, leases_end, outbox, patient, publish_all, publish_and_leave, ring_all, ringer,
    time_passes, until,
};

#[tokio::test]
async fn after_an_outage_each_conversation_is_rung_once_and_who_has_waited_longest_first() {
    let db = database().await;
    let ear = Ear::open();
    let (relay, health) =
        (ringer(&db, &ear, Settings { at_once: 1, lease: Duration::from_secs(180), ..patient() }), Health::default());
    assert_eq!(relay.settings.portion(), 3, "it takes more than one portion");
    ear.temporal_is_away(true);
    let mut waiting = Vec::new();
    // Person 7 began to write before person 2 and so on; the order of ids is another one than that of phones.
    for (n, person) in [7, 2, 9, 4, 1, 8, 2, 9, 9, 2, 4, 7].into_iter().enumerate() {
        let (conversation, row) = arrive(&db, person, &n.to_string()).await;
        publish_and_leave(&relay, &[row], &health).await;
        if n % 3 != 1 {
            ring_all(&relay, &health).await;
        }
        if !waiting.contains(&conversation) {
            waiting.push(conversation);
        }
    }
    assert!(health.temporal_is_away() && ear.rung().is_empty());
    assert_eq!(ear.published().len(), 12, "screens know all the same");
    let rows = outbox(&db).await.len();
    assert!((6..=12).contains(&rows), "{rows} rows for 6 conversations");

    ear.temporal_is_away(false);
    db.execute("update outbox set due_at = created_at where id = (select min(id) from outbox)").await;
    ring_all(&relay, &health).await;
    assert!(!health.temporal_is_away());
    assert_eq!(ear.rung(), waiting);
    assert_eq!(outbox(&db).await.len(), 0);
}

#[tokio::test]
async fn however_much_is_written_a_conversation_that_waits_keeps_two_rows_at_most() {
    let db = database().await;
    let ear = Ear::open();
    ear.temporal_is_away(true);
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    for n in 0..20 {
        let (_, row) = arrive(&db, 1, &n.to_string()).await;
        publish_and_leave(&relay, &[row], &health).await;
        if n % 4 == 0 {
            ring_all(&relay, &health).await;
        }
        let rows = outbox(&db).await.len();
        assert!(rows <= 2, "{rows} rows after message {n}");
    }
}

#[tokio::test]
async fn a_fresh_bell_goes_from_hand_to_hand_and_waits_in_the_outbox_when_it_is_not_heard() {
    let db = database().await;
    let ear = Ear::open();
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    let (first, a) = arrive(&db, 1, "a").await;
    let (_, b) = arrive(&db, 1, "b").await;
    let bells = relay.publish_fresh(&[a, b], &health).await.unwrap();
    let untouched = "select count(*) from outbox where tries = 0 and leased_until is null and event_id is not null";
    assert_eq!((bells.len(), db.count(untouched).await), (2, 2), "nothing is written for it");
    relay.ring_fresh(bells, &health).await.unwrap();
    assert_eq!((ear.rung(), outbox(&db).await.len()), (vec![first], 0), "one ring is enough for both");

    ear.temporal_is_away(true);
    let (_, c) = arrive(&db, 1, "c").await;
    let bells = relay.publish_fresh(&[c], &health).await.unwrap();
    relay.ring_fresh(bells, &health).await.unwrap();
    let waits = "select count(*) from outbox where event_id is null and tries = 1 and due_at > clock_timestamp()";
    assert_eq!((db.count(waits).await, health.temporal_is_away()), (1, true));
    ear.temporal_is_away(false);
    time_passes(&db).await;
    ring_all(&relay, &health).await;
    assert_eq!((ear.rung(), ear.published().len()), (vec![first, first], 3), "and no event is out twice");
}

#[tokio::test]
async fn while_temporal_is_silent_events_still_reach_the_screens() {
    let db = database().await;
    let ear = Ear::silent();
    let stop = CancellationToken::new();
    let settings = Settings { every: Duration::from_millis(5), ..patient() };
    let (relay, relaying) = Relay::start(ringer(&db, &ear, settings), stop.clone());
    let (first, row) = arrive(&db, 1, "a").await;
    relay.ring(vec![row]);
    until(|| ear.asked() == 1).await;
    assert_eq!(ear.published(), [(first, 1)]);
    for person in 2..6 {
        let (_, row) = arrive(&db, person, &format!("b{person}")).await;
        relay.ring(vec![row]);
    }
    until(|| ear.published().len() == 5).await;
    assert_eq!((ear.asked(), ear.rung().len()), (1, 0), "the first ring is still not answered");
    ear.answer();
    until(|| ear.rung().len() == 5).await;
    stop.cancel();
    relaying.await.unwrap();
    assert_eq!(outbox(&db).await.len(), 0);
}

#[tokio::test]
async fn while_redis_is_away_bells_are_rung_as_ever_and_events_wait_in_order() {
    let db = database().await;
    let ear = Ear::open();
    ear.redis_is_away(true);
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    let mut rung = Vec::new();
    for n in 0..5 {
        let (conversation, row) = arrive(&db, n % 2, &n.to_string()).await;
        publish_and_leave(&relay, &[row], &health).await;
        ring_all(&relay, &health).await;
        rung.push(conversation);
        assert_eq!(ear.rung(), rung);
    }
    assert!(health.stream_is_away() && !health.temporal_is_away());
    assert_eq!(ear.publishings.load(Ordering::SeqCst), 1, "who is known to be away is not asked by every message");
    time_passes(&db).await;
    publish_all(&relay, &health).await;
    assert_eq!(ear.publishings.load(Ordering::SeqCst), 2, "one event asks");
    ear.redis_is_away(false);
    time_passes(&db).await;
    publish_all(&relay, &health).await;
    assert!(!health.stream_is_away());
    let mut published = ear.published();
    published.sort();
    let mut expected = vec![(rung[0], 1), (rung[0], 2), (rung[0], 3), (rung[1], 1), (rung[1], 2)];
    expected.sort();
    assert_eq!(published, expected, "each once");
    for conversation in &rung[..2] {
        let seqs: Vec<_> = ear.published().iter().filter(|(c, _)| c == conversation).map(|(_, seq)| *seq).collect();
        assert!(seqs.is_sorted(), "{seqs:?}");
    }
    assert_eq!((ear.rung(), outbox(&db).await.len()), (rung, 0), "and nobody was rung twice");
}

#[tokio::test]
async fn redis_is_back_when_it_has_answered_and_not_before() {
    let db = database().await;
    let ear = Ear::open();
    ear.redis_is_away(true);
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    let (_, row) = arrive(&db, 1, "a").await;
    publish_and_leave(&relay, &[row], &health).await;
    assert!(health.stream_is_away());
    ear.redis_is_away(false);
    // Neither a bell alone nor an event that is no longer there asks the stream for anything.
    db.execute("delete from outbox").await;
    assert_eq!(relay.ring_forgotten().await.unwrap(), 1);
    db.execute("update outbox set due_at = clock_timestamp() + interval '1 second'").await;
    let bell = db.count("select id from outbox").await;
    publish_and_leave(&relay, &[bell], &health).await;
    assert_eq!(db.count("select count(*) from outbox where tries = 1 and bell = 'conversation'").await, 1);
    let (_, gone) = arrive(&db, 2, "b").await;
    db.execute("delete from events where id = (select event_id from outbox where event_id is not null)").await;
    time_passes(&db).await;
    publish_all(&relay, &health).await;
    assert_eq!(db.count("select count(*) from outbox where event_id is not null").await, 0, "row {gone} is done");
    assert!(health.stream_is_away(), "nobody knows yet");
    assert_eq!(ear.publishings.load(Ordering::SeqCst), 1);
    arrive(&db, 3, "c").await;
    time_passes(&db).await;
    publish_all(&relay, &health).await;
    assert!(!health.stream_is_away());
}

#[tokio::test]
async fn events_that_cannot_be_read_are_no_trouble_of_the_stream() {
    let db = database().await;
    let ear = Ear::open();
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    let (conversation, row) = arrive(&db, 1, "a").await;
    db.execute("alter table events rename to unreadable").await;
    let error = relay.publish_fresh(&[row], &health).await.unwrap_err();
    assert!(matches!(error, hilo_store::Error::Database(_)), "{error:?}");
    assert!(!health.stream_is_away());
    assert_eq!(ear.publishings.load(Ordering::SeqCst), 0);
    db.execute("alter table unreadable rename to events").await;
    leases_end(&db).await;
    time_passes(&db).await;
    publish_all(&relay, &health).await;
    assert_eq!(ear.published(), [(conversation, 1)]);
}

async fn placeholder(db: &Database) {
    let mut ghost = text(db.number, "51987654321", "wamid.g", "", 0);
    ghost.message.meaning = Meaning::Ghost;
    ghost.message.content = Content::Unsupported { kind: None, code: Some(131_060) };
    db.arrive(&ghost).await;
    db.execute("update outbox set due_at = created_at where bell = 'ghost'").await;
}

#[tokio::test]
async fn a_placeholder_that_postgres_cannot_give_up_is_tried_again_and_temporal_is_not_blamed() {
    let db = database().await;
    placeholder(&db).await;
    db.execute(
        "create function refuse() returns trigger language plpgsql as
         $$ begin raise exception 'the database is starting' using errcode = '57P03'; end $$",
    )
    .await;
    db.execute("create trigger refuse before update on inbound_keys for each row execute function refuse()").await;
    let ear = Ear::open();
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    assert!(!relay.give_up_ghosts().await.unwrap());
    let waits = "select count(*) from outbox where bell = 'ghost' and tries = 1 and leased_until is null and due_at > clock_timestamp()";
    assert_eq!(db.count(waits).await, 1);
    assert!(!health.temporal_is_away());
    let conversations = bells_wait(&db, 0..20).await;
    ring_all(&relay, &health).await;
    assert_eq!(ear.rung(), conversations, "all in one go, as Temporal is there");

    db.execute("drop trigger refuse on inbound_keys").await;
    time_passes(&db).await;
    relay.give_up_ghosts().await.unwrap();
    assert_eq!(db.count("select count(*) from outbox where bell = 'ghost'").await, 0);
    assert_eq!(db.count("select count(*) from inputs where key = 'wamid.g' and consumed_at is null").await, 1);
}

#[tokio::test]
async fn a_placeholder_does_not_wait_for_temporal() {
    let db = database().await;
    bells_wait(&db, 0..3).await;
    placeholder(&db).await;
    let ear = Ear::open();
    ear.temporal_is_away(true);
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    ring_all(&relay, &health).await;
    assert!(health.temporal_is_away());
    relay.give_up_ghosts().await.unwrap();
    assert_eq!(db.count("select count(*) from outbox where bell = 'ghost'").await, 0);
    assert!(health.temporal_is_away(), "and says nothing about it");
}

#[tokio::test]
async fn a_bell_that_only_a_newer_version_knows_is_left_to_it() {
    let db = database().await;
    db.execute("alter table outbox drop constraint outbox_bell_check").await;
    db.execute("insert into outbox (bell, target, at) values ('carillon', gen_random_uuid(), clock_timestamp())").await;
    let ear = Ear::open();
    let (relay, health) = (ringer(&db, &ear, patient()), Health::default());
    ring_all(&relay, &health).await;
    assert_eq!(ear.asked(), 0);
    let waits =
        "select count(*) from outbox where bell = 'carillon' and leased_until is null and due_at > clock_timestamp()";
    assert_eq!(db.count(waits).await, 1);
}
