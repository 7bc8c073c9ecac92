//! Replaying recorded histories against this build: the proof that a change of workflow code disturbs no conversation
//! that is under way.

use hilo_relay::temporal::WorkflowHistory;
use hilo_workflows::agent::Agent;
use hilo_workflows::conversation::Conversation;
use hilo_workflows::queue::Queue;
use temporalio_common::WorkflowDefinition;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use temporalio_workflow::workflows::WorkflowImplementation;

/// A recorded history: its name, for people, and its JSON as [`hilo_relay::temporal::Temporal::history`] gives it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// Its JSON.
    pub json: Vec<u8>,
}

/// Why histories could not be replayed at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is no history.
    #[error("{name} is no recorded history: {why}")]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// The replayer did not work.
    #[error("the replayer did not work: {0}")]
    Replayer(String),
}

/// Replays every history; gives the name and the reason of each that this build would not have gone through.
///
/// # Errors
/// When one cannot be read, or the replayer does not work.
pub async fn replay(recorded: &[Recorded]) -> Result<Vec<(String, String)>, Error> {
    replay_with::<Conversation>(recorded).await
}

/// The same with another program for conversations.
///
/// # Errors
/// As [`replay`].
pub async fn replay_with<C>(recorded: &[Recorded]) -> Result<Vec<(String, String)>, Error>
where
    C: WorkflowImplementation,
    <C::Run as WorkflowDefinition>::Input: Send,
{
    let broken = |error: &dyn std::fmt::Display| Error::Replayer(error.to_string());
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<C>()
        .and_then(|options| options.register_workflow::<Queue>())
        .and_then(|options| options.register_workflow::<Agent>())
        .map_err(|error| broken(&error))?
        .build();
    let replayer = WorkflowReplayer::new(options).map_err(|error| broken(&error))?;
    let histories = recorded
        .iter()
        .map(|one| {
            WorkflowHistory::from_json(&one.json)
                .map_err(|error| Error::Unreadable { name: one.name.clone(), why: error.to_string() })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let results = replayer.replay_workflows(histories).await.map_err(|error| broken(&error))?;
    let named = results.into_iter().zip(recorded);
    Ok(named.filter_map(|(result, one)| Some((one.name.clone(), result.replay_failure?.to_string()))).collect())
}
