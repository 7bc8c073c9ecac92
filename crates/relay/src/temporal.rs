//! Temporal's client: connecting, and ringing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hilo_domain::id::ConversationId;
use hilo_workflows::Lenient;
use hilo_workflows::conversation::{self, Conversation, Rung, Start};
use temporalio_client::errors::WorkflowStartError;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, RetryOptions, WorkflowStartOptions};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::sync::OnceCell;
use url::Url;

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

    /// Whether Temporal can be reached.
    async fn ping(&self) -> Result<(), RingError>;
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
}

/// Bells that connect when they are first rung, and again until Temporal is there.
pub struct TemporalBells {
    to: Address,
    temporal: OnceCell<Temporal>,
}

impl TemporalBells {
    /// Bells for the Temporal at `to`, which may still be away.
    #[must_use]
    pub fn new(to: Address) -> Self {
        Self { to, temporal: OnceCell::new() }
    }

    async fn temporal(&self) -> Result<&Temporal, RingError> {
        self.temporal.get_or_try_init(|| Temporal::connect(&self.to)).await
    }
}

#[async_trait]
impl Bells for TemporalBells {
    async fn conversation(&self, id: ConversationId) -> Result<(), RingError> {
        let temporal = self.temporal().await?;
        let mut options = WorkflowStartOptions::new(temporal.task_queue(), conversation::workflow_id(id)).build();
        options.task_timeout = Some(TASK);
        let start = Start { conversation: id };
        temporal
            .client
            .signal_with_start_workflow(Conversation::run, start, Conversation::mail, Lenient::Known(Rung {}), options)
            .await
            .map(drop)
            .map_err(|error| match error {
                WorkflowStartError::Rpc(status) if is_unavailable(&status) => {
                    RingError::Unavailable(status.message().to_owned())
                }
                other => RingError::Refused(other.to_string()),
            })
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

fn is_unavailable(status: &tonic::Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted | Code::Aborted
    )
}
