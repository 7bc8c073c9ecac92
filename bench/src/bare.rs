//! What Temporal itself does on this machine today: a workflow that answers each signal with one local activity that
//! does nothing, in a worker of its own on the same server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, WorkflowStartOptions};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{
    LocalActivityOptions, Runtime, SyncWorkflowContext, Worker, WorkerOptions, WorkflowContext, WorkflowResult,
};
use tokio::sync::oneshot;

const QUEUE: &str = "bench-bare";

/// Who waits for which conversation's answer.
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

/// The activity that does nothing, and says when.
pub(crate) struct Answers(Waiting);

#[activities]
impl Answers {
    #[activity]
    pub(crate) async fn answer(self: Arc<Self>, _ctx: ActivityContext, who: String) -> Result<(), ActivityError> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&who);
        waiting.map(|asked| asked.send(()));
        Ok(())
    }
}

/// One conversation.
#[workflow]
#[derive(Default)]
pub(crate) struct Bare {
    rung: u32,
}

#[workflow_methods]
impl Bare {
    /// Answers as many signals as it is told to.
    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>, (who, turns): (String, u32)) -> WorkflowResult<()> {
        for turn in 1..=turns {
            ctx.wait_condition(|s| s.rung >= turn).await?;
            let options = LocalActivityOptions::builder().start_to_close_timeout(Duration::from_secs(10)).build();
            ctx.execute_local_activity(Answers::answer, who.clone(), options).await?;
        }
        Ok(())
    }

    /// A bell.
    #[signal]
    pub(crate) fn ring(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.rung += 1;
    }
}

/// A worker with its client.
pub(crate) struct Yardstick {
    client: Client,
    waiting: Waiting,
}

impl Yardstick {
    /// Starts the worker in a thread of its own, for as long as the process lives.
    pub(crate) async fn start(address: &str, namespace: &str) -> anyhow::Result<Arc<Self>> {
        let waiting = Waiting::default();
        let url: temporalio_client::Url = format!("http://{address}").parse()?;
        let connection = Connection::connect(ConnectionOptions::new(url).build()).await;
        let client =
            Client::new(connection.context("Temporal does not answer")?, ClientOptions::new(namespace).build())?;
        let (worker_client, answers) = (client.clone(), Answers(waiting.clone()));
        std::thread::spawn(move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let runtime = Runtime::from_current_tokio(Default::default())?;
                let options = WorkerOptions::new(QUEUE)
                    .register_workflow::<Bare>()?
                    .register_activities(answers)
                    .max_cached_workflows(10_000)
                    .build();
                anyhow::Ok(Worker::new(&runtime, worker_client, options)?.run().await?)
            })
        });
        Ok(Arc::new(Self { client, waiting }))
    }

    /// One turn of a conversation.
    pub(crate) async fn turn(&self, who: &str, turns: u32) -> anyhow::Result<()> {
        let (done, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(who.to_owned(), done);
        let options = WorkflowStartOptions::new(QUEUE, who).build();
        self.client.signal_with_start_workflow(Bare::run, (who.to_owned(), turns), Bare::ring, (), options).await?;
        tokio::time::timeout(Duration::from_secs(60), answered).await.context("no answer")??;
        Ok(())
    }
}
