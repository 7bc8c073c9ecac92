//! The runs of a conversation's workflow, as Temporal knows them: for people who look inside.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hilo_domain::id::ConversationId;
use hilo_workflows::conversation;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as Status;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, ListWorkflowExecutionsRequest,
};

use crate::temporal::{RingError, TemporalBells};

/// People do not wait for longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many runs are shown.
const SHOWN: i32 = 20;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Temporal's id of it.
    pub run_id: String,
    /// How many events its history has.
    pub events: i64,
    /// How it stands: `running`, `completed`, `continued_as_new` …
    pub status: &'static str,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
}

/// Who knows the runs of workflows. Temporal does; tests answer instead.
#[async_trait]
pub trait Runs: Send + Sync + 'static {
    /// The newest runs of a conversation's workflow, newest first.
    async fn runs(&self, conversation: ConversationId) -> Result<Vec<Run>, RingError>;
}

#[async_trait]
impl Runs for TemporalBells {
    async fn runs(&self, conversation: ConversationId) -> Result<Vec<Run>, RingError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(conversation)).await;
        asked.unwrap_or_else(|_| Err(RingError::Unavailable(format!("no answer within {} s", PATIENCE.as_secs()))))
    }
}

impl TemporalBells {
    async fn ask(&self, conversation: ConversationId) -> Result<Vec<Run>, RingError> {
        let temporal = self.temporal().await?;
        let namespace = self.to.namespace.clone();
        let id = conversation::workflow_id(conversation);
        let mut service = temporal.client().connection().workflow_service();
        let list = ListWorkflowExecutionsRequest {
            namespace: namespace.clone(),
            page_size: SHOWN,
            query: format!("WorkflowId = '{id}'"),
            ..Default::default()
        };
        let unavailable = |status: tonic::Status| RingError::Unavailable(status.message().to_owned());
        let found = service.list_workflow_executions(tonic::Request::new(list)).await.map_err(unavailable)?;
        let mut runs = Vec::new();
        for info in found.into_inner().executions {
            let run_id = info.execution.as_ref().map(|e| e.run_id.clone()).unwrap_or_default();
            let mut events = info.history_length;
            if info.status() == Status::Running {
                // What is listed of a run that goes on says nothing about its length.
                let one = DescribeWorkflowExecutionRequest {
                    namespace: namespace.clone(),
                    execution: Some(WorkflowExecution { workflow_id: id.clone(), run_id: run_id.clone() }),
                };
                let described = service.describe_workflow_execution(tonic::Request::new(one)).await;
                events = described
                    .ok()
                    .and_then(|described| described.into_inner().workflow_execution_info)
                    .map_or(events, |info| info.history_length);
            }
            let started_at = info
                .start_time
                .and_then(|at| DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).unwrap_or_default()));
            runs.push(Run { run_id, events, status: word(info.status()), started_at });
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.started_at));
        Ok(runs)
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Completed => "completed",
        Status::Failed => "failed",
        Status::Canceled => "cancelled",
        Status::Terminated => "terminated",
        Status::ContinuedAsNew => "continued_as_new",
        Status::TimedOut => "timed_out",
        Status::Paused => "paused",
        Status::Unspecified => "unknown",
    }
}
