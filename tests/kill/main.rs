//! Nothing that was acknowledged is lost, nothing stands twice, and order is kept, whatever is killed meanwhile
//! (`checks.md` 1, 2, 5 to 8, 17, 20 and G1); and no chat is stuck, no answer is sent twice, and the workflows agree with
//! Postgres about every chat.
//!
//! The real system, as `hilo dev` runs it; senders that behave like Meta ([`load`]); and `kill -9` at random points of
//! the progress. The checker then reads the database, and must find fault when the key that decides duplicates is
//! dropped, and when a body is turned round.
//!
//! `HILO_LONG=1` (`cargo xtask test --long`, `cargo xtask chaos`): 10,000 messages and 20 kills instead of 2,000 and 10.
//! `HILO_SEED`: the same kills again.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its ground is missing")]

mod checker;
#[path = "../common/mod.rs"]
mod common;
mod load;
mod outage;
#[path = "../common/truth.rs"]
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use checker::{Checker, until};
use common::{Dev, free_offset, hilo_dev};
use load::{Dice, Plan, Sender, Tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_is_killed() {
    let long = std::env::var("HILO_LONG").is_ok_and(|value| value == "1");
    let seed = std::env::var("HILO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    let (each, kills) = if long { (100, 20) } else { (20, 10) };
    let plan = Plan { first: 0, people: 100, each };
    // Every process but the stand-in for WhatsApp, which is not ours; the gateway and the worker oftener.
    let victims = ["gateway", "worker", "postgres", "gateway", "temporal", "worker", "redis"];
    let mut system = Dev::start(hilo_dev(free_offset(1000), &["--ephemeral"]));
    let checker = Checker::connect(&system).await;
    checker.agents_are_available().await;

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let sender = |plan| Sender::new(&system, seed, plan, acknowledged.clone());
    let senders: Vec<_> = plan.groups().map(|people| tokio::spawn(sender(plan).say_everything(people))).collect();
    let mut dice = Dice(seed);
    let mut killed = BTreeMap::new();
    for kill in 0..kills {
        // Points of progress, not of time: somewhere in each of the equal parts of the work.
        let part = plan.total() / (kills + 1);
        let point = part * kill + dice.below(part);
        until("so much is said", async || acknowledged.load(Ordering::SeqCst) >= point).await;
        // Each of them at least once, in an order that the seed decides.
        let victim = victims[(kill + dice.below(2)) % victims.len()];
        system.kill(victim);
        *killed.entry(victim).or_insert(0) += 1;
    }
    let mut tally = Tally::default();
    for sender in senders {
        tally += sender.await.unwrap();
    }
    system.wait_until_ready();
    let faults = checker.faults(plan).await;
    println!(
        "seed {seed}: {} messages of {} people, {tally:?}, kill -9: {killed:?}, {} faults",
        checker.count().await,
        plan.people,
        faults.len()
    );
    assert_eq!(faults, Vec::<String>::new());
    assert!(tally.refused > 0, "no delivery met a killed process, so nothing is proved");
    assert!(tally.with_order > tally.bodies / 4 && tally.mixed > tally.bodies / 4, "bodies too simple: {tally:?}");
    checker.wait_until_everybody_is_rung(plan).await;
    checker.wait_until_it_is_true().await;
    let chats = checker.wait_until_workflows_agree(plan).await;
    let answers = checker.answers_are_sent_once(&system, plan).await;
    println!("{chats} open chats, of which the workflows say the same; {answers}");

    // Two planted bugs, which the same checker must see. A body turned round:
    let turned = Plan { first: 800, people: 1, each: 3 };
    sender(turned).say_backwards(0).await;
    let faults = checker.faults(turned).await;
    println!("a body turned round: {faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("out of order")), "the checker does not see order: {faults:?}");
    // And no key that decides duplicates:
    checker.drop_the_key().await;
    let planted = Plan { first: 900, people: 5, each: 8 };
    for people in planted.groups() {
        sender(planted).say_everything(people).await;
    }
    let faults = checker.faults(planted).await;
    println!("no key: {} faults, the first: {}", faults.len(), faults.first().map_or("none", String::as_str));
    let doubled = faults.iter().any(|fault| fault.contains("twice"));
    assert!(doubled, "the checker does not see doubled messages: {faults:?}");
    system.stop();
}
