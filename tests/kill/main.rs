//! Nothing that was acknowledged is lost, nothing stands twice, and order is kept, whatever is killed meanwhile
//! (`checks.md` 1, 2, 6, 20 and G1).
//!
//! The real system, as `hilo dev` runs it; senders that behave like Meta (signed, several copies, again until 200, the
//! next message only after the last was acknowledged); and `kill -9` at random points of the progress. The checker then
//! reads the database, and must find fault when the key that decides duplicates is dropped.
//!
//! `HILO_LONG=1`: 10,000 messages and 20 kills of every process. `HILO_SEED`: the same kills again.
#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops where its ground is missing")]

mod checker;
mod load;
mod system;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use checker::Checker;
use load::{Plan, Sender};
use system::System;

/// A pseudo-random sequence (SplitMix64): the same seed kills the same processes at the same points.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_is_killed() {
    let long = std::env::var("HILO_LONG").is_ok_and(|value| value == "1");
    let seed = std::env::var("HILO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    let (plan, kills, victims): (_, usize, &[&str]) = if long {
        let all = &["gateway", "postgres", "redis", "temporal", "worker"];
        (Plan { first: 0, people: 100, each: 100 }, 20, all)
    } else {
        (Plan { first: 0, people: 100, each: 20 }, 10, &["gateway", "postgres"])
    };
    let system = System::start().await;
    let checker = Checker::connect(&system).await;

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..plan.people)
        .map(|person| tokio::spawn(Sender::new(&system, seed, acknowledged.clone()).say_everything(plan, person)))
        .collect();
    let mut dice = Dice(seed);
    let mut killed = std::collections::BTreeMap::new();
    for kill in 0..kills {
        // Points of progress, not of time: somewhere in each of the equal parts of the work.
        let part = plan.total() / (kills + 1);
        let point = part * kill + dice.below(part);
        while acknowledged.load(Ordering::SeqCst) < point {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let victim = victims[dice.below(victims.len())];
        system.kill(victim).await;
        *killed.entry(victim).or_insert(0) += 1;
    }
    let mut refused = 0;
    for sender in senders {
        refused += sender.await.unwrap();
    }
    system.wait_until_ready().await;
    let faults = checker.faults(plan).await;
    let looked_at = checker.count().await;
    println!(
        "seed {seed}: {looked_at} messages of {} people, {refused} deliveries refused and repeated, kill -9: {killed:?}, {} faults",
        plan.people,
        faults.len()
    );
    assert_eq!(faults, Vec::<String>::new());
    assert!(refused > 0, "no delivery met a killed process, so nothing is proved");
    checker.wait_until_everybody_is_rung(plan).await;

    // The planted bug: without the key that decides duplicates, the same checker must see them.
    checker.drop_the_key().await;
    let planted = Plan { first: 900, people: 5, each: 8 };
    for person in 0..planted.people {
        Sender::new(&system, seed, acknowledged.clone()).say_everything(planted, person).await;
    }
    let faults = checker.faults(planted).await;
    println!("planted bug: {} faults, the first: {}", faults.len(), faults.first().map_or("none", String::as_str));
    assert!(
        faults.iter().any(|fault| fault.contains("twice")),
        "the checker does not see doubled messages: {faults:?}"
    );
    system.stop().await;
}
