//! Claims are leases: no row is rung by two at once, none is forgotten, and what is half done is not done again.

use std::collections::HashSet;
use std::time::Duration;

use hilo_store::outbox::{self, Rung};
use hilo_store::testing::{database, text};

const LEASE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_never_claim_the_same_row() {
    let db = database().await;
    for i in 0..40 {
        db.arrive(&text(db.number, &format!("519000000{i:02}"), &format!("m{i}"), "hola", 0)).await;
    }
    db.execute("update outbox set due_at = clock_timestamp() - interval '1 second'").await;
    let relays = (0..4).map(|_| {
        let pool = db.pool.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = outbox::claim_due(&pool, 7, LEASE).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|row| row.id));
            }
        })
    });
    let mut seen = HashSet::new();
    for relay in relays.collect::<Vec<_>>() {
        for id in relay.await.unwrap() {
            assert!(seen.insert(id), "row {id} was claimed twice");
        }
    }
    assert_eq!(seen.len(), 40);
}

#[tokio::test]
async fn a_claim_that_is_never_recorded_is_due_again_after_its_lease() {
    let db = database().await;
    db.arrive(&text(db.number, "51900000001", "m", "hola", 0)).await;
    let rows = outbox::claim_due(&db.pool, 10, LEASE).await.unwrap();
    assert!(rows.is_empty(), "a fresh row belongs to its writer for a second");
    db.execute("update outbox set due_at = clock_timestamp()").await;
    assert_eq!(outbox::claim_due(&db.pool, 10, LEASE).await.unwrap().len(), 1);
    assert!(outbox::claim_due(&db.pool, 10, LEASE).await.unwrap().is_empty(), "it is leased");
    db.execute("update outbox set due_at = due_at - interval '61 seconds'").await;
    let again = outbox::claim_due(&db.pool, 10, LEASE).await.unwrap();
    assert_eq!(again[0].tries, 1);
}

#[tokio::test]
async fn the_writer_s_own_claim_leaves_what_a_relay_has_taken() {
    let db = database().await;
    db.arrive(&text(db.number, "51900000001", "m", "hola", 0)).await;
    let id = db.count("select id from outbox").await;
    assert_eq!(outbox::claim(&db.pool, &[id], LEASE).await.unwrap().len(), 1);
    assert!(outbox::claim(&db.pool, &[id], LEASE).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_half_done_keeps_its_other_half() {
    let db = database().await;
    for i in 0..4 {
        db.arrive(&text(db.number, &format!("5190000000{i}"), &format!("m{i}"), "hola", 0)).await;
    }
    let ids: Vec<i64> =
        db.texts("select id::text from outbox order by id").await.iter().map(|id| id.parse().unwrap()).collect();
    let rung = Rung {
        done: vec![ids[0]],
        only_event_left: vec![ids[1]],
        only_bell_left: vec![ids[2]],
        again: ids[1..].iter().map(|id| (*id, Duration::from_secs(600))).collect(),
    };
    outbox::record(&db.pool, &rung).await.unwrap();
    assert_eq!(
        db.texts("select concat(bell is null, event_id is null) from outbox order by id").await,
        ["tf", "ft", "ff"]
    );
    assert!(outbox::claim_due(&db.pool, 10, LEASE).await.unwrap().is_empty(), "each pauses");
    db.execute("update outbox set tries = 1").await;
    outbox::hasten(&db.pool).await.unwrap();
    assert_eq!(outbox::claim_due(&db.pool, 10, LEASE).await.unwrap().len(), 3, "who was away is back");
    let (rows, age) = outbox::backlog(&db.pool).await.unwrap();
    assert_eq!((rows, age >= 0.0), (3, true));
}
