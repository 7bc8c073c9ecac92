//! Temporal's client: connecting, and ringing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hilo_domain::command::Answer;
use hilo_domain::id::{AgentId, ConversationId, QueueId};
use hilo_workflows::Lenient;
use hilo_workflows::agent::{self, Agent};
use hilo_workflows::conversation::{self, Ask, Conversation, Rung, Start};
use hilo_workflows::queue::{self, Queue};
pub use temporalio_client::WorkflowHistory;
use temporalio_client::errors::{WorkflowStartError, WorkflowUpdateError, WorkflowUpdateWithStartError};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, RetryOptions, WorkflowIdConflictPolicy, WorkflowStartOptions,
    WorkflowUpdateWithStartOptions,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::sync::OnceCell;
use url::Url;

/// How long a command is waited for (`design.md`: then the caller hears that it is stored).
const COMMAND: Duration = Duration::from_secs(5);
/// A conversation's workflow task that is lost with its worker is given out again after this long.
const TASK: Duration = Duration::from_secs(5);

/// A workflow could not be rung now; its row stays.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// Temporal is away or too slow: nobody can be rung for the moment.
    #[error("Temporal cannot be reached: {0}")]
    Unavailable(String),
    /// Temporal refused this one.
    #[error("Temporal refused: {0}")]
    Refused(String),
}

/// Who can ring a workflow. Temporal can; tests listen instead.
#[async_trait]
pub trait Bells: Send + Sync + 'static {
    /// Rings a conversation's workflow, starting it if it does not run. Who rings says how long it may take.
    async fn conversation(&self, id: ConversationId) -> Result<(), RingError>;

    /// Lets a queue's workflow look, starting it if it does not run.
    async fn queue(&self, id: QueueId) -> Result<(), RingError>;

    /// Lets an agent's workflow look, starting it if it does not run.
    async fn agent(&self, id: AgentId) -> Result<(), RingError>;

    /// Whether Temporal can be reached.
    async fn ping(&self) -> Result<(), RingError>;
}

/// Who has a stored command carried out. Temporal does; tests answer instead.
#[async_trait]
pub trait Commands: Send + Sync + 'static {
    /// Asks a conversation's workflow to carry out a stored command, and waits for what it comes to; five seconds at
    /// most. Whoever gets no answer has lost nothing: the command is stored, and its bell rings.
    async fn carry_out(&self, conversation: ConversationId, ask: Ask) -> Result<Answer, RingError>;
}

/// Where Temporal is, and as what we work there.
#[derive(Debug, Clone)]
pub struct Address {
    /// `host:port`.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The task queue of our workers.
    pub task_queue: String,
}

/// A connection to Temporal.
#[derive(Clone)]
pub struct Temporal {
    client: Client,
    task_queue: Arc<str>,
}

impl Temporal {
    /// Connects.
    ///
    /// # Errors
    /// When the address is none, or Temporal is away.
    pub async fn connect(to: &Address) -> Result<Self, RingError> {
        let unavailable = |error: &dyn std::fmt::Display| RingError::Unavailable(error.to_string());
        let url = Url::parse(&format!("http://{}", to.address)).map_err(|e| unavailable(&e))?;
        let options = ConnectionOptions::new(url)
            .identity(format!("hilo-{}", std::process::id()))
            .connect_timeout(Duration::from_secs(2))
            .retry_options(RetryOptions::no_retries())
            .build();
        let connection = Connection::connect(options).await.map_err(|e| unavailable(&e))?;
        let client =
            Client::new(connection, ClientOptions::new(to.namespace.clone()).build()).map_err(|e| unavailable(&e))?;
        Ok(Self { client, task_queue: to.task_queue.as_str().into() })
    }

    /// The SDK's client, for the worker.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The task queue of our workers.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        &self.task_queue
    }

    /// The history of a workflow's present run, as JSON that a replayer reads: ids, times and words of ours.
    ///
    /// # Errors
    /// When Temporal is away, or knows no such workflow.
    pub async fn history(&self, workflow_id: &str) -> Result<Vec<u8>, RingError> {
        let handle = self.client.get_workflow_handle::<Conversation>(workflow_id);
        handle.fetch_history(Default::default()).to_json().await.map_err(|error| RingError::Refused(error.to_string()))
    }

    fn start_options(&self, workflow_id: String) -> WorkflowStartOptions {
        let mut options = WorkflowStartOptions::new(self.task_queue(), workflow_id).build();
        options.task_timeout = Some(TASK);
        options
    }
}

/// Bells that connect when they are first rung, and again until Temporal is there.
pub struct TemporalBells {
    pub(crate) to: Address,
    temporal: OnceCell<Temporal>,
}

impl TemporalBells {
    /// Bells for the Temporal at `to`, which may still be away.
    #[must_use]
    pub fn new(to: Address) -> Self {
        Self { to, temporal: OnceCell::new() }
    }

    pub(crate) async fn temporal(&self) -> Result<&Temporal, RingError> {
        self.temporal.get_or_try_init(|| Temporal::connect(&self.to)).await
    }
}

#[async_trait]
impl Bells for TemporalBells {
    async fn conversation(&self, id: ConversationId) -> Result<(), RingError> {
        let temporal = self.temporal().await?;
        let options = temporal.start_options(conversation::workflow_id(id));
        let (start, bell) = (Start::new(id), Lenient::Known(Rung {}));
        let rung =
            temporal.client.signal_with_start_workflow(Conversation::run, start, Conversation::mail, bell, options);
        rung.await.map(drop).map_err(start_error)
    }

    async fn queue(&self, id: QueueId) -> Result<(), RingError> {
        let temporal = self.temporal().await?;
        let options = temporal.start_options(queue::workflow_id(id));
        let (start, bell) = (queue::Start { queue: id }, Lenient::Known(Rung {}));
        let rung = temporal.client.signal_with_start_workflow(Queue::run, start, Queue::kick, bell, options);
        rung.await.map(drop).map_err(start_error)
    }

    async fn agent(&self, id: AgentId) -> Result<(), RingError> {
        let temporal = self.temporal().await?;
        let options = temporal.start_options(agent::workflow_id(id));
        let (start, bell) = (agent::Start { agent: id }, Lenient::Known(Rung {}));
        let rung = temporal.client.signal_with_start_workflow(Agent::run, start, Agent::presence, bell, options);
        rung.await.map(drop).map_err(start_error)
    }

    async fn ping(&self) -> Result<(), RingError> {
        let mut service = self.temporal().await?.client.connection().workflow_service();
        let request = tonic::Request::new(GetSystemInfoRequest {});
        service
            .get_system_info(request)
            .await
            .map(drop)
            .map_err(|status| RingError::Unavailable(status.message().to_owned()))
    }
}

#[async_trait]
impl Commands for TemporalBells {
    async fn carry_out(&self, conversation: ConversationId, ask: Ask) -> Result<Answer, RingError> {
        within(COMMAND, async {
            let temporal = self.temporal().await?;
            let id = ask.command;
            let mut options = WorkflowUpdateWithStartOptions::new(
                temporal.task_queue(),
                conversation::workflow_id(conversation),
                WorkflowIdConflictPolicy::UseExisting,
            )
            .build();
            options.task_timeout = Some(TASK);
            options.update_id = Some(id.to_string());
            let start = Start::new(conversation);
            let asked = temporal.client.execute_update_with_start_workflow(
                Conversation::run,
                start,
                Conversation::command,
                ask,
                options,
            );
            asked.await.map_err(update_error)
        })
        .await
    }
}

async fn within<T>(limit: Duration, ring: impl Future<Output = Result<T, RingError>>) -> Result<T, RingError> {
    tokio::time::timeout(limit, ring)
        .await
        .unwrap_or_else(|_| Err(RingError::Unavailable(format!("no answer within {} s", limit.as_secs()))))
}

fn start_error(error: WorkflowStartError) -> RingError {
    match error {
        WorkflowStartError::Rpc(status) => rpc_error(&status),
        other => RingError::Refused(other.to_string()),
    }
}

fn update_error(error: WorkflowUpdateWithStartError) -> RingError {
    match error {
        WorkflowUpdateWithStartError::Rpc(status)
        | WorkflowUpdateWithStartError::Update(WorkflowUpdateError::Rpc(status)) => rpc_error(&status),
        WorkflowUpdateWithStartError::Start(error) => start_error(error),
        // The run ended or continued while it was asked, or its task failed: the command is stored, and rung again.
        WorkflowUpdateWithStartError::Update(error) => RingError::Unavailable(error.to_string()),
        other => RingError::Refused(other.to_string()),
    }
}

fn rpc_error(status: &tonic::Status) -> RingError {
    if is_unavailable(status) || status.code() == tonic::Code::FailedPrecondition {
        RingError::Unavailable(status.message().to_owned())
    } else {
        RingError::Refused(status.message().to_owned())
    }
}

fn is_unavailable(status: &tonic::Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted | Code::Aborted
    )
}
