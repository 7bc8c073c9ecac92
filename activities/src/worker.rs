//! The Temporal worker: one process, one connection, all workflows.

use std::future::Future;
use std::time::Duration;

use hilo_relay::temporal::Temporal;
use hilo_workflows::agent::Agent;
use hilo_workflows::conversation::Conversation;
use hilo_workflows::queue::Queue;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::world::World;

/// A stopping worker waits so long for the activities in hand.
const DRAIN: Duration = Duration::from_secs(20);

/// So many conversations stay in memory; one that does not is replayed when it is rung.
const CACHED: usize = 10_000;

/// Why the worker stopped.
#[derive(Debug, thiserror::Error)]
#[error("the worker stopped: {0}")]
pub struct Error(String);

/// Polls for work until `shutdown` resolves, then finishes what has begun.
///
/// # Errors
/// When Temporal refuses this worker, or the connection is lost for good.
pub async fn run(temporal: &Temporal, world: World, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    let stopped = |error: &dyn std::fmt::Display| Error(error.to_string());
    let runtime = Runtime::from_current_tokio(Default::default()).map_err(|e| stopped(&e))?;
    let options = WorkerOptions::new(temporal.task_queue())
        .register_workflow::<Conversation>()
        .and_then(|options| options.register_workflow::<Queue>())
        .and_then(|options| options.register_workflow::<Agent>())
        .map_err(|e| stopped(&e))?
        .register_activities(world)
        .max_cached_workflows(CACHED)
        .sticky_queue_schedule_to_start_timeout(Duration::from_secs(1))
        .build();
    let mut worker = Worker::new(&runtime, temporal.client().clone(), options).map_err(|e| stopped(&e))?;
    let stop = worker.shutdown_handle();
    let run = worker.run();
    tokio::pin!(run, shutdown);
    tokio::select! {
        ended = &mut run => return ended.map_err(|e| stopped(&e)),
        () = &mut shutdown => stop(),
    }
    // Without Temporal the SDK goes on asking for it; whatever is unfinished by then runs again elsewhere.
    tokio::time::timeout(DRAIN, run).await.unwrap_or(Ok(())).map_err(|e| stopped(&e))
}
