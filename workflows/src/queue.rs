//! `queue/{id}`: who gets the next chat of a queue. One run at a time, so assignment is single-threaded per queue.
//!
//! A kick says "look": somebody has come, or somebody has become free. Kicks that come together are one look.

#![expect(missing_docs, reason = "the macro makes a constant of each handler; the handler has the documentation")]

use hilo_domain::id::QueueId;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::Lenient;
use crate::activities::{DispatchIn, DispatchOut, Road};
use crate::call::{ask, boundary, is_full, now};
use crate::conversation::Rung;

/// The workflow's id for a queue.
#[must_use]
pub fn workflow_id(id: QueueId) -> String {
    format!("queue/{id}")
}

/// What a run starts with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Which queue.
    pub queue: QueueId,
}

/// A queue's workflow.
#[workflow]
pub struct Queue {
    queue: QueueId,
    kicked: bool,
}

#[workflow_methods]
impl Queue {
    #[init]
    fn new(_ctx: &WorkflowContextView, start: Start) -> Self {
        Self { queue: start.queue, kicked: true }
    }

    /// Looks when it is kicked, until nobody can be given anything; waits for the next kick.
    #[run(name = "queue")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let ctx = &*ctx;
        let queue = ctx.state(|s| s.queue);
        loop {
            let waited = ctx.wait_condition(|s| s.kicked).await;
            if waited.is_err() || is_full(ctx) {
                boundary(ctx, |_| false).await;
                ctx.continue_as_new(Start { queue }, ContinueAsNewOptions::default())?;
            }
            ctx.state_mut(|s| s.kicked = false);
            loop {
                let out: DispatchOut = ask!(ctx, Road::dispatch, DispatchIn { queue, now: now(ctx) }, "dispatch");
                if !out.more {
                    break;
                }
            }
        }
    }

    /// "Look."
    #[signal(name = "kick")]
    pub fn kick(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _bell: Lenient<Rung>) {
        self.kicked = true;
    }
}
