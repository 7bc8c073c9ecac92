//! A lease covers what is done under it, and whoever lost one changes nothing.

use std::time::Duration;

use hilo_relay::outbox::{Health, Settings};
use hilo_store::testing::database;

use crate::support::{Ear, bells_wait, leases_end, outbox, patient, ring_all, ringer, time_passes, until};

#[tokio::test]
async fn a_relay_that_wakes_after_its_lease_leaves_the_row_to_whom_holds_it() {
    for away in [false, true] {
        let db = database().await;
        let conversations = bells_wait(&db, 0..1).await;
        let (slow, holder, idle) = (Ear::silent(), Ear::silent(), Ear::open());
        slow.temporal_is_away(away);

        let late = ringer(&db, &slow, patient());
        let late = tokio::spawn(async move { late.ring_due(&Health::default()).await });
        until(|| slow.asked() == 1).await;
        leases_end(&db).await;
        let holds = ringer(&db, &holder, patient());
        let holds = tokio::spawn(async move { holds.ring_due(&Health::default()).await });
        until(|| holder.asked() == 1).await;

        let held = outbox(&db).await;
        assert_eq!(held.len(), 1);
        slow.answer();
        late.await.unwrap().unwrap();
        assert_eq!(outbox(&db).await, held, "it is neither gone nor postponed");
        ring_all(&ringer(&db, &idle, patient()), &Health::default()).await;
        assert_eq!(idle.asked(), 0, "it is in hand");
        holder.answer();
        holds.await.unwrap().unwrap();
        assert_eq!(outbox(&db).await.len(), 0);
        assert_eq!(holder.rung(), conversations);
    }
}

#[tokio::test]
async fn a_relay_that_died_leaves_its_rows_to_another_after_its_lease() {
    let db = database().await;
    let conversations = bells_wait(&db, 0..3).await;
    let (dying, other) = (Ear::silent(), Ear::open());
    let dies = ringer(&db, &dying, patient());
    let dies = tokio::spawn(async move { dies.ring_due(&Health::default()).await });
    until(|| dying.asked() == 3).await;
    dies.abort();
    drop(dies.await);
    let lives = ringer(&db, &other, patient());
    ring_all(&lives, &Health::default()).await;
    assert_eq!(other.asked(), 0, "until then they are the other's");
    leases_end(&db).await;
    ring_all(&lives, &Health::default()).await;
    assert_eq!(other.rung(), conversations);
    assert_eq!(outbox(&db).await.len(), 0);
}

#[tokio::test]
async fn no_more_is_claimed_than_can_be_rung_within_the_lease() {
    let db = database().await;
    let conversations = bells_wait(&db, 0..20).await;
    let ear = Ear::silent();
    let settings =
        Settings { at_once: 2, lease: Duration::from_secs(180), ring: Duration::from_secs(60), ..Settings::default() };
    let rings = ringer(&db, &ear, settings);
    let rings = tokio::spawn(async move { ring_all(&rings, &Health::default()).await });
    until(|| ear.asked() == 2).await;
    assert_eq!(db.count("select count(*) from outbox where leased_until is not null").await, 6);
    ear.answer();
    rings.await.unwrap();
    assert_eq!(ear.rung(), conversations, "each once, whatever the portions");
    assert_eq!(outbox(&db).await.len(), 0);
}

#[tokio::test]
async fn after_the_first_that_is_not_answered_no_more_are_rung() {
    let db = database().await;
    bells_wait(&db, 0..10).await;
    let ear = Ear::open();
    ear.temporal_is_away(true);
    let (rings, health) = (ringer(&db, &ear, Settings { at_once: 1, ..patient() }), Health::default());
    assert!(!rings.ring_due(&health).await.unwrap());
    assert_eq!(ear.asked(), 1);
    assert!(health.temporal_is_away());
    assert_eq!(db.count("select count(*) from outbox where leased_until is null").await, 10, "none is held back");
    assert_eq!(db.count("select count(*) from outbox where due_at > clock_timestamp()").await, 10);
    time_passes(&db).await;
    assert!(!rings.ring_due(&health).await.unwrap());
    assert_eq!(ear.asked(), 2, "one asks whether it is back");
    assert_eq!(
        db.count("select count(*) from outbox where due_at <= clock_timestamp()").await,
        9,
        "and the others wait"
    );
}

#[tokio::test]
async fn a_ring_that_takes_too_long_was_not_answered() {
    let db = database().await;
    bells_wait(&db, 0..10).await;
    let ear = Ear::silent();
    let settings = Settings { at_once: 1, ring: Duration::from_millis(5), ..patient() };
    let (rings, health) = (ringer(&db, &ear, settings), Health::default());
    assert!(!rings.ring_due(&health).await.unwrap());
    assert_eq!((ear.asked(), health.temporal_is_away()), (1, true), "and no other waits for its own time-out");
    assert_eq!(outbox(&db).await.len(), 10);
}

#[tokio::test]
async fn a_relay_that_finds_temporal_back_leaves_what_another_has_in_hand() {
    let db = database().await;
    let conversations = bells_wait(&db, 0..1).await;
    time_passes(&db).await;
    let (holder, other) = (Ear::silent(), Ear::open());
    let holds = ringer(&db, &holder, patient());
    let holds = tokio::spawn(async move { holds.ring_due(&Health::default()).await });
    until(|| holder.asked() == 1).await;
    let held = outbox(&db).await;

    other.temporal_is_away(true);
    let (recovers, health) = (ringer(&db, &other, patient()), Health::default());
    let more = bells_wait(&db, 1..4).await;
    ring_all(&recovers, &health).await;
    assert!(health.temporal_is_away());
    other.temporal_is_away(false);
    db.execute("update outbox set due_at = created_at where id = (select max(id) from outbox)").await;
    ring_all(&recovers, &health).await;
    assert!(!health.temporal_is_away());
    let rung = other.rung();
    assert_eq!(rung, [more[2], more[0], more[1]], "the one that found out, and then all that waited");
    assert_eq!(outbox(&db).await, held, "but not the other's");
    holder.answer();
    holds.await.unwrap().unwrap();
    assert_eq!(holder.rung(), conversations);
}
