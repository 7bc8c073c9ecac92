//! Claims are leases: no row is in two hands, none is forgotten, what is half done is not done again, and whoever lost
//! a row changes it no more.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing stops and says so")]

use std::collections::HashSet;
use std::time::Duration;

use hilo_store::outbox::{self, Due};
use hilo_store::testing::{Database, database, text};

const LEASE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(600);

/// A text from person `person`; returns its row.
async fn arrive(db: &Database, person: u32, id: &str) -> i64 {
    db.arrive(&text(db.number, &format!("519000000{person:02}"), id, "hola", 0)).await;
    db.count("select max(id) from outbox").await
}

/// The rows: which halves are left, whether somebody has it in hand, whether it is due.
async fn rows(db: &Database) -> Vec<String> {
    db.texts(
        "select concat_ws(' ', case when event_id is not null then 'event' end, bell,
                          case when leased_until > clock_timestamp() then 'leased' end,
                          case when due_at > clock_timestamp() then 'later' end)
         from outbox order by id",
    )
    .await
}

async fn make_due(db: &Database) {
    db.execute("update outbox set due_at = created_at").await;
}

async fn lease_is_over(db: &Database) {
    db.execute("update outbox set leased_until = clock_timestamp() - interval '1 second'").await;
}

fn after(rows: &[Due]) -> Vec<(Due, Duration)> {
    rows.iter().map(|row| (*row, PAUSE)).collect()
}

/// Says that the events of fresh rows are out.
async fn publish(db: &Database, ids: &[i64]) {
    let claimed = outbox::fresh(&db.pool, ids).await.unwrap().0;
    assert_eq!(outbox::published(&db.pool, &claimed).await.unwrap(), ids.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_never_claim_the_same_row() {
    let db = database().await;
    for i in 0..40 {
        arrive(&db, i, &format!("m{i}")).await;
    }
    make_due(&db).await;
    for events in [true, false] {
        let relays = (0..4).map(|_| {
            let pool = db.pool.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = if events {
                        outbox::claim_events(&pool, 7, LEASE).await.unwrap()
                    } else {
                        outbox::claim_bells(&pool, 7, LEASE).await.unwrap()
                    };
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed);
                }
            })
        });
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        for relay in relays.collect::<Vec<_>>() {
            for row in relay.await.unwrap() {
                assert!(seen.insert(row.id), "row {} was claimed twice", row.id);
                all.push(row);
            }
        }
        assert_eq!(all.len(), 40);
        if events {
            assert_eq!(outbox::published(&db.pool, &all).await.unwrap(), 40);
        }
    }
}

#[tokio::test]
async fn a_claim_of_which_nothing_is_heard_is_free_again_after_its_lease() {
    let db = database().await;
    arrive(&db, 1, "m").await;
    assert!(outbox::claim_events(&db.pool, 10, LEASE).await.unwrap().is_empty(), "its writer has a second");
    make_due(&db).await;
    assert_eq!(outbox::claim_events(&db.pool, 10, LEASE).await.unwrap().len(), 1);
    assert!(outbox::claim_events(&db.pool, 10, LEASE).await.unwrap().is_empty(), "it is leased");
    lease_is_over(&db).await;
    let again = outbox::claim_events(&db.pool, 10, LEASE).await.unwrap();
    assert_eq!(again[0].tries, 1);
}

#[tokio::test]
async fn a_fresh_row_is_its_writer_s_until_a_relay_takes_it() {
    let db = database().await;
    let ids = [arrive(&db, 1, "m").await, arrive(&db, 2, "n").await];
    let (fresh, events) = outbox::fresh(&db.pool, &ids).await.unwrap();
    assert_eq!(fresh.iter().map(|row| (row.id, row.tries)).collect::<Vec<_>>(), ids.map(|id| (id, -1)));
    assert!(events.len() == 2 && fresh.iter().all(|row| events.iter().any(|event| row.event == Some(event.id.0))));
    db.execute("update outbox set due_at = created_at where id = (select min(id) from outbox)").await;
    assert_eq!(outbox::fresh(&db.pool, &ids).await.unwrap().0, fresh[1..], "its writer had its second");
    assert_eq!(outbox::claim_events(&db.pool, 10, LEASE).await.unwrap().len(), 1);
    assert_eq!(outbox::heard(&db.pool, &fresh).await.unwrap(), 1, "what a relay has taken is left to it");
    assert_eq!(rows(&db).await, ["event conversation leased"]);
}

#[tokio::test]
async fn a_fresh_row_stands_for_none_since_its_writer_may_be_ringing_it() {
    let db = database().await;
    let first = arrive(&db, 1, "a").await;
    let (in_hand, _) = outbox::fresh(&db.pool, &[first]).await.unwrap();
    make_due(&db).await;
    db.execute("update outbox set event_id = null").await;
    let second = arrive(&db, 1, "b").await;
    publish(&db, &[second]).await;
    assert_eq!(rows(&db).await, ["conversation", "conversation"]);
    assert_eq!(outbox::heard(&db.pool, &in_hand).await.unwrap(), 1);
    assert_eq!(rows(&db).await, ["conversation"], "the second is rung by itself");
}

#[tokio::test]
async fn a_bell_is_rung_once_its_event_is_out_and_then_the_row_goes() {
    let db = database().await;
    let id = arrive(&db, 1, "m").await;
    assert!(outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap().is_empty(), "the event goes first");
    publish(&db, &[id]).await;
    assert_eq!(rows(&db).await, ["conversation"]);
    let bells = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    assert_eq!(bells.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
    assert_eq!(outbox::heard(&db.pool, &bells).await.unwrap(), 1);
    assert!(rows(&db).await.is_empty());
}

#[tokio::test]
async fn an_event_that_waits_for_the_stream_does_not_hold_its_bell() {
    let db = database().await;
    let ids = [arrive(&db, 1, "a").await, arrive(&db, 2, "b").await, arrive(&db, 1, "c").await];
    let claimed = outbox::fresh(&db.pool, &ids).await.unwrap().0;
    assert_eq!(outbox::unpublished(&db.pool, &after(&claimed)).await.unwrap(), 3);
    assert_eq!(rows(&db).await, ["event later", "event later", "event later", "conversation", "conversation"]);
    let next = arrive(&db, 2, "d").await;
    let claimed = outbox::fresh(&db.pool, &[next]).await.unwrap().0;
    outbox::unpublished(&db.pool, &after(&claimed)).await.unwrap();
    let bells = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    assert_eq!(bells.len(), 2, "one ring a conversation is enough");
    let last = arrive(&db, 2, "e").await;
    let claimed = outbox::fresh(&db.pool, &[last]).await.unwrap().0;
    outbox::unpublished(&db.pool, &after(&claimed)).await.unwrap();
    outbox::heard(&db.pool, &bells).await.unwrap();
    let left = rows(&db).await;
    assert_eq!(left.iter().filter(|row| *row == "conversation").count(), 1, "that ring may have come before: {left:?}");
}

#[tokio::test]
async fn a_bell_is_given_up_only_for_one_that_is_rung_later() {
    let db = database().await;
    let first = arrive(&db, 1, "a").await;
    publish(&db, &[first]).await;
    let second = arrive(&db, 1, "b").await;
    publish(&db, &[second]).await;
    assert_eq!(rows(&db).await, ["conversation"], "the first is about to be rung and stands for both");
    let in_hand = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    let third = arrive(&db, 1, "c").await;
    publish(&db, &[third]).await;
    assert_eq!(rows(&db).await, ["conversation leased", "conversation"], "the first may have been rung before");
    lease_is_over(&db).await;
    db.execute("update outbox set leased_until = null where tries = 1").await;
    let fourth = arrive(&db, 1, "d").await;
    publish(&db, &[fourth]).await;
    assert_eq!(rows(&db).await.len(), 2, "the third stands for the fourth");
    assert_eq!(outbox::heard(&db.pool, &in_hand).await.unwrap(), 1, "late, but nobody else had taken it");
    assert_eq!(rows(&db).await, ["conversation"], "and the third is still there");
}

#[tokio::test]
async fn bells_that_were_not_heard_wait_as_one_row_a_conversation() {
    let db = database().await;
    let mut ids = Vec::new();
    for (person, id) in [(1, "a"), (2, "b"), (1, "c")] {
        ids.push(arrive(&db, person, id).await);
    }
    publish(&db, &ids).await;
    assert_eq!(rows(&db).await.len(), 2);
    let bells = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    // Written while the first is in hand: it cannot stand for this one.
    let late = arrive(&db, 1, "d").await;
    publish(&db, &[late]).await;
    assert_eq!(outbox::unheard(&db.pool, &after(&bells)).await.unwrap(), 2);
    assert_eq!(rows(&db).await, ["conversation later", "conversation later", "conversation"]);
    // One ring serves both, so both are claimed, due or not, and only the older waits again.
    let bells = outbox::claim_bells(&db.pool, 1, LEASE).await.unwrap();
    assert_eq!(bells.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[0], late]);
    assert_eq!(outbox::unheard(&db.pool, &after(&bells)).await.unwrap(), 2);
    assert_eq!(rows(&db).await, ["conversation later", "conversation later"]);
}

#[tokio::test]
async fn whoever_lost_a_row_changes_it_no_more() {
    let db = database().await;
    arrive(&db, 1, "a").await;
    make_due(&db).await;
    let everything = "select outbox::text from outbox order by id";
    let lost = outbox::claim_events(&db.pool, 10, LEASE).await.unwrap();
    lease_is_over(&db).await;
    let held = outbox::claim_events(&db.pool, 10, LEASE).await.unwrap();
    let before = db.texts(everything).await;
    assert_eq!(outbox::published(&db.pool, &lost).await.unwrap(), 0);
    assert_eq!(outbox::unpublished(&db.pool, &after(&lost)).await.unwrap(), 0);
    assert_eq!(db.texts(everything).await, before);
    assert_eq!(outbox::published(&db.pool, &held).await.unwrap(), 1);

    let lost = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    lease_is_over(&db).await;
    let held = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    let before = db.texts(everything).await;
    assert_eq!(outbox::heard(&db.pool, &lost).await.unwrap(), 0);
    assert_eq!(outbox::unheard(&db.pool, &after(&lost)).await.unwrap(), 0);
    assert_eq!(db.texts(everything).await, before);
    assert_eq!(outbox::heard(&db.pool, &held).await.unwrap(), 1);
}

#[tokio::test]
async fn to_hasten_leaves_what_somebody_has_in_hand_and_placeholders_their_time() {
    let db = database().await;
    let ids = [arrive(&db, 1, "a").await, arrive(&db, 2, "b").await, arrive(&db, 3, "c").await];
    publish(&db, &ids[..2]).await;
    let bells = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    outbox::unheard(&db.pool, &after(&bells)).await.unwrap();
    let event = outbox::fresh(&db.pool, &ids[2..]).await.unwrap().0;
    outbox::unpublished(&db.pool, &after(&event)).await.unwrap();
    db.execute("delete from outbox where bell is not null and id = (select max(id) from outbox)").await;
    db.execute(
        "insert into outbox (bell, target, at, due_at, tries)
         values ('ghost', gen_random_uuid(), clock_timestamp(), clock_timestamp() + interval '10 seconds', 1)",
    )
    .await;
    db.execute(
        "update outbox set leased_until = clock_timestamp() + interval '1 minute', tries = tries + 1
         where id = (select min(id) from outbox)",
    )
    .await;
    assert_eq!(outbox::hasten_bells(&db.pool).await.unwrap(), 1);
    assert_eq!(rows(&db).await, ["conversation leased later", "conversation", "event later", "ghost later"]);
    assert_eq!(outbox::hasten_events(&db.pool).await.unwrap(), 1);
    assert_eq!(rows(&db).await, ["conversation leased later", "conversation", "event", "ghost later"]);
    let again = [outbox::hasten_bells(&db.pool).await.unwrap(), outbox::hasten_events(&db.pool).await.unwrap()];
    assert_eq!(again, [0, 0], "when others notice it too, nothing is left to do");
}

#[tokio::test]
async fn a_row_is_as_old_as_it_was_written_however_often_it_was_postponed() {
    let db = database().await;
    assert_eq!(outbox::backlog(&db.pool).await.unwrap(), (0, 0.0));
    let ids = [arrive(&db, 1, "a").await, arrive(&db, 2, "b").await];
    db.execute("update outbox set created_at = created_at - interval '1 hour' where id = (select min(id) from outbox)")
        .await;
    let claimed = outbox::fresh(&db.pool, &ids).await.unwrap().0;
    let (rows, age) = outbox::backlog(&db.pool).await.unwrap();
    assert!(rows == 2 && age >= 3600.0, "in hand: {rows} rows, {age} s");
    outbox::published(&db.pool, &claimed).await.unwrap();
    let bells = outbox::claim_bells(&db.pool, 10, LEASE).await.unwrap();
    outbox::unheard(&db.pool, &after(&bells)).await.unwrap();
    let (rows, age) = outbox::backlog(&db.pool).await.unwrap();
    assert!(rows == 2 && age >= 3600.0, "postponed: {rows} rows, {age} s");
}

#[tokio::test]
async fn a_bell_that_goes_its_own_way_is_as_old_as_its_event() {
    let db = database().await;
    let id = arrive(&db, 1, "a").await;
    db.execute("update outbox set created_at = created_at - interval '1 hour'").await;
    let claimed = outbox::fresh(&db.pool, &[id]).await.unwrap().0;
    outbox::unpublished(&db.pool, &after(&claimed)).await.unwrap();
    db.execute("delete from outbox where event_id is not null").await;
    let (rows, age) = outbox::backlog(&db.pool).await.unwrap();
    assert!(rows == 1 && age >= 3600.0, "{rows} rows, {age} s");
}

#[tokio::test]
async fn a_placeholder_that_still_has_time_is_not_late() {
    let db = database().await;
    db.execute(
        "insert into outbox (bell, target, at, created_at, due_at) values ('ghost', gen_random_uuid(),
         clock_timestamp(), clock_timestamp() - interval '5 seconds', clock_timestamp() + interval '1 hour')",
    )
    .await;
    assert_eq!(outbox::backlog(&db.pool).await.unwrap(), (1, 0.0));
    db.execute("update outbox set due_at = clock_timestamp()").await;
    assert!(outbox::backlog(&db.pool).await.unwrap().1 >= 5.0);
    db.execute("update outbox set due_at = clock_timestamp() + interval '1 hour'").await;
    assert_eq!(outbox::claim_ghosts(&db.pool, 10, LEASE).await.unwrap().len(), 0);
    make_due(&db).await;
    let ghosts = outbox::claim_ghosts(&db.pool, 10, LEASE).await.unwrap();
    outbox::unheard(&db.pool, &after(&ghosts)).await.unwrap();
    assert!(outbox::backlog(&db.pool).await.unwrap().1 >= 5.0, "once it was tried, it is late");
}
