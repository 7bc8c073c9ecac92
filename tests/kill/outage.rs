//! Postgres goes away under load, stays away, and comes back (`checks.md` 17).

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::checker::{Checker, until};
use crate::common::{Dev, free_offset, get, hilo_dev, wait};
use crate::load::{Plan, Sender, Tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_away_everything_is_refused_and_afterwards_nothing_is_lost() {
    let mut system = Dev::start(hilo_dev(free_offset(1300), &["--ephemeral"]));
    let checker = Checker::connect(&system).await;
    let plan = Plan { first: 0, people: 20, each: 20 };
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let sender = |plan| Sender::new(&system, 17, plan, acknowledged.clone());
    let senders: Vec<_> = plan.groups().map(|people| tokio::spawn(sender(plan).say_everything(people))).collect();
    until("a part of it is said", async || acknowledged.load(Ordering::SeqCst) >= plan.total() / 4).await;

    // Without this file Postgres does not start: the supervisor tries again and again, and the port stays closed.
    let cluster = system.data().join("postgres/cluster");
    fs::rename(cluster.join("PG_VERSION"), cluster.join("PG_VERSION.away")).unwrap();
    system.kill("postgres");
    wait("the gateway to notice", || get(&system.url("/readyz")).is_some_and(|(status, _)| status == 503));
    let before = acknowledged.load(Ordering::SeqCst);

    let late = Plan { first: 900, people: 10, each: 2 };
    let mut refused = 0;
    for _ in 0..3 {
        let deliveries = (0..late.people).map(async |person| {
            let delivered = sender(late).try_to_deliver(&[(person, 0), (person, 1)]).await;
            assert!(!delivered.unwrap(), "acknowledged, and stored nowhere");
        });
        refused += futures::future::join_all(deliveries).await.len();
    }
    assert_eq!(get(&system.url("/healthz")).unwrap().0, 200, "it lives all the same");
    let (status, body) = get(&system.url("/readyz")).unwrap();
    assert!(status == 503 && body.contains("postgres"), "{status} {body}");
    assert_eq!(acknowledged.load(Ordering::SeqCst), before, "acknowledged, and stored nowhere");

    fs::rename(cluster.join("PG_VERSION.away"), cluster.join("PG_VERSION")).unwrap();
    let mut tally = Tally::default();
    for people in late.groups() {
        tally += sender(late).say_everything(people).await;
    }
    for sender in senders {
        tally += sender.await.unwrap();
    }
    system.wait_until_ready();
    let faults = [checker.faults(plan).await, checker.faults(late).await].concat();
    println!(
        "{refused} deliveries refused while Postgres was away, {} more repeated; {} messages afterwards, {} faults",
        tally.refused,
        checker.count().await,
        faults.len()
    );
    assert_eq!(faults, Vec::<String>::new());
    assert!(before < plan.total(), "everything was said before Postgres went, so nothing is proved");
    system.stop();
}
