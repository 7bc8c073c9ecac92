//! `conversation/{id}`: one conversation, for as long as there is something to do in it.
//!
//! A bell says "look at your mail" and nothing else. A run that finds nothing to do ends without a chat; the next bell
//! starts another, since bells are signals-with-start. What a run does between bell and end (turns, sends, timers,
//! commands) is the road's, and comes with it; until then every run finds nothing that it could do, and the mail stays
//! unconsumed in Postgres, from which the relay's second look rings again.

#![expect(missing_docs, reason = "the macro makes a constant of each handler; the handler has the documentation")]

use std::time::Duration;

use hilo_domain::id::ConversationId;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

use crate::Lenient;

/// The workflow's id for a conversation.
#[must_use]
pub fn workflow_id(id: ConversationId) -> String {
    format!("conversation/{id}")
}

/// What a run starts with, and what continue-as-new carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Whose run it is.
    pub conversation: ConversationId,
}

/// The content of a bell: none.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Rung {}

/// One conversation's workflow.
#[workflow]
pub struct Conversation {
    start: Start,
    rung: bool,
}

#[workflow_methods]
impl Conversation {
    #[init]
    fn new(_ctx: &WorkflowContextView, start: Start) -> Self {
        Self { start, rung: false }
    }

    /// Listens until no bell has come since it last looked.
    #[run(name = "conversation")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<ConversationId> {
        let ctx = &*ctx;
        ctx.wait_condition(|s| s.rung).await?;
        while ctx.state_mut(|s| std::mem::take(&mut s.rung)) {
            // The boundary: what this task has done is recorded before the run may end (a refused end is replayed).
            ctx.timer(Duration::from_millis(1)).await;
        }
        Ok(ctx.state(|s| s.start.conversation))
    }

    /// "Look at your mail."
    #[signal(name = "mail")]
    pub fn mail(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _bell: Lenient<Rung>) {
        self.rung = true;
    }
}
