//! `agent/{id}`: whether an agent who had a socket still has one. It runs while there is somebody to watch.

#![expect(missing_docs, reason = "the macro makes a constant of each handler; the handler has the documentation")]

use std::time::Duration;

use hilo_domain::id::AgentId;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::Lenient;
use crate::activities::{PresenceIn, PresenceOut, Road};
use crate::call::{ask, boundary, is_full, now};
use crate::conversation::Rung;

/// The workflow's id for an agent.
#[must_use]
pub fn workflow_id(id: AgentId) -> String {
    format!("agent/{id}")
}

/// What a run starts with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Who is watched.
    pub agent: AgentId,
}

/// An agent's workflow.
#[workflow]
pub struct Agent {
    agent: AgentId,
    rung: bool,
}

#[workflow_methods]
impl Agent {
    #[init]
    fn new(_ctx: &WorkflowContextView, start: Start) -> Self {
        Self { agent: start.agent, rung: true }
    }

    /// Looks, waits for as long as the look said, looks again; ends when nobody has to be watched.
    #[run(name = "agent")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let ctx = &*ctx;
        let agent = ctx.state(|s| s.agent);
        loop {
            ctx.state_mut(|s| s.rung = false);
            let out: PresenceOut = ask!(ctx, Road::presence, PresenceIn { agent, now: now(ctx) }, "presence");
            match out.again {
                Some(seconds) => {
                    ctx.timer(Duration::from_secs(seconds)).await;
                }
                None => {
                    boundary(ctx, |_| false).await;
                    if ctx.state(|s| !s.rung) {
                        return Ok(());
                    }
                }
            }
            if is_full(ctx) {
                boundary(ctx, |_| false).await;
                ctx.continue_as_new(Start { agent }, ContinueAsNewOptions::default())?;
            }
        }
    }

    /// "Look: a socket has come."
    #[signal(name = "presence")]
    pub fn presence(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _bell: Lenient<Rung>) {
        self.rung = true;
    }
}
