//! What was rung and never handled is rung again by one relay, whatever their number.

use std::collections::BTreeSet;
use std::sync::Arc;

use hilo_relay::outbox::{Health, Settings};
use hilo_store::testing::database;

use crate::support::{Ear, bells_wait, patient, ring_all, ringer};

#[tokio::test(flavor = "multi_thread")]
async fn relays_share_what_is_forgotten_past_the_limit_of_a_batch() {
    let db = database().await;
    let conversations = bells_wait(&db, 0..35).await;
    let ear = Ear::open();
    let relays: Vec<_> =
        (0..3).map(|_| Arc::new(ringer(&db, &ear, Settings { look: 10, batch: 4, ..patient() }))).collect();
    let health = Health::default();
    ring_all(&relays[0], &health).await;
    assert_eq!(ear.rung(), conversations, "rung, but never handled");

    // Twice, as half a minute later again.
    for looks in 1..=2 {
        let looking: Vec<_> = relays
            .iter()
            .map(|relay| {
                let relay = relay.clone();
                tokio::spawn(async move { relay.ring_forgotten().await.unwrap() })
            })
            .collect();
        let mut found = 0;
        for relay in looking {
            found += relay.await.unwrap();
        }
        assert_eq!(found, 35, "each by one of them");
        assert_eq!(db.count("select count(distinct target) from outbox").await, 35);
        ring_all(&relays[1], &health).await;
        let rung = ear.rung();
        assert_eq!(rung.len(), 35 * (looks + 1));
        let again: BTreeSet<_> = rung[35 * looks..].iter().copied().collect();
        assert_eq!(again, conversations.iter().copied().collect());
        for relay in &relays {
            assert_eq!(relay.ring_forgotten().await.unwrap(), 0, "once in half a minute is enough");
        }
        db.execute("update conversations set rung_at = rung_at - interval '31 seconds'").await;
    }
    db.execute("update inputs set consumed_at = at").await;
    assert_eq!(relays[0].ring_forgotten().await.unwrap(), 0, "they were handled");
}
