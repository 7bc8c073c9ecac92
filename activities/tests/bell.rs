//! A bell on a real Temporal: it starts the conversation's workflow, and a worker runs it.
#![expect(clippy::expect_used, reason = "a test stops where its ground is missing")]

use std::future::pending;

use hilo_domain::clock::{Clock, SystemClock};
use hilo_domain::id::ConversationId;
use hilo_relay::temporal::{Address, Bells, RingError, Temporal, TemporalBells};
use hilo_workflows::conversation::{self, Conversation};

fn address(task_queue: &str) -> Address {
    Address {
        address: std::env::var("TEMPORAL_ADDRESS").expect("TEMPORAL_ADDRESS is set by `cargo xtask test`"),
        namespace: "default".to_owned(),
        task_queue: task_queue.to_owned(),
    }
}

/// Drives `act` while a worker of this task queue works.
async fn with_worker<T>(temporal: &Temporal, act: impl Future<Output = T>) -> T {
    tokio::select! {
        outcome = hilo_activities::worker::run(temporal, pending()) => panic!("the worker stopped: {outcome:?}"),
        done = act => done,
    }
}

#[tokio::test]
async fn a_bell_starts_the_workflow_and_a_run_that_finds_nothing_ends() {
    let id = ConversationId::new(SystemClock.now());
    let to = address(&format!("bell-{id}"));
    let bells = TemporalBells::new(to.clone());
    bells.ping().await.unwrap();
    for _ in 0..3 {
        bells.conversation(id).await.unwrap();
    }
    let temporal = Temporal::connect(&to).await.unwrap();
    let ended = with_worker(&temporal, async {
        let handle = temporal.client().get_workflow_handle::<Conversation>(conversation::workflow_id(id));
        handle.get_result(Default::default()).await.unwrap()
    });
    assert_eq!(ended.await, id);
    // The next bell starts another run.
    bells.conversation(id).await.unwrap();
}

#[tokio::test]
async fn without_temporal_a_ring_says_that_it_is_away() {
    let nobody = Address { address: "127.0.0.1:1".to_owned(), ..address("nobody") };
    let bells = TemporalBells::new(nobody);
    let outcome = bells.conversation(ConversationId::new(SystemClock.now())).await;
    assert!(matches!(outcome, Err(RingError::Unavailable(_))), "{outcome:?}");
}
