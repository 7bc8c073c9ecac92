//! The world as workflows may ask it: the activities' definitions, implemented. Each is a few lines; what it does stands
//! in a file of its own.

#![expect(missing_docs, reason = "the macro makes a constant of each activity; the activity has the documentation")]

use std::sync::Arc;

use hilo_domain::clock::SharedClock;
use hilo_relay::Relay;
use hilo_store::Pool;
use hilo_store::seal::Keyring;
use hilo_whatsapp::meta::client::CloudApi;
use hilo_workflows::activities::{
    DispatchIn, DispatchOut, PerformIn, PerformOut, PresenceIn, PresenceOut, TurnIn, TurnOut, defs,
};
use temporalio_macros::activities;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::flows::Flows;
use crate::line::Lines;
use crate::{dispatch, perform, presence, turn};

/// What activities are built from.
pub struct Deps {
    /// Postgres.
    pub pool: Pool,
    /// The installation's keys.
    pub ring: Keyring,
    /// Rings what is committed.
    pub relay: Relay,
    /// The process's clock.
    pub clock: SharedClock,
    /// WhatsApp.
    pub api: CloudApi,
}

/// Everything that activities can reach.
pub struct World {
    pub(crate) pool: Pool,
    pub(crate) ring: Keyring,
    pub(crate) relay: Relay,
    pub(crate) clock: SharedClock,
    pub(crate) api: CloudApi,
    pub(crate) lines: Lines,
    pub(crate) flows: Flows,
    /// Who holds a send's lease.
    pub(crate) name: String,
}

impl World {
    /// A world.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { pool, ring, relay, clock, api } = deps;
        let name = format!("{}-{}", std::process::id(), hilo_domain::id::uuid_at(clock.now()));
        Self {
            lines: Lines::new(pool.clone(), ring.clone()),
            flows: Flows::default(),
            pool,
            ring,
            relay,
            clock,
            api,
            name,
        }
    }
}

/// Postgres is away, or something is wrong that a later try may find right: always worth one.
fn retry(error: hilo_store::Error) -> ActivityError {
    tracing::warn!(error = %chain(&error), "an activity failed; it is tried again");
    ApplicationFailure::new(anyhow::anyhow!("the store could not do it")).into()
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[activities]
impl World {
    /// One decision; see [`turn`].
    #[activity(definition = defs::Turn)]
    pub async fn turn(self: Arc<Self>, _ctx: ActivityContext, input: TurnIn) -> Result<TurnOut, ActivityError> {
        turn::turn(&self, &input).await.map_err(retry)
    }

    /// Sends what is prepared; see [`perform`].
    #[activity(definition = defs::Perform)]
    pub async fn perform(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: PerformIn,
    ) -> Result<PerformOut, ActivityError> {
        perform::perform(&self, &input, false).await.map(|done| done.out).map_err(retry)
    }

    /// The same until nothing is open.
    #[activity(definition = defs::Deliver)]
    pub async fn deliver(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: PerformIn,
    ) -> Result<PerformOut, ActivityError> {
        let done = perform::perform(&self, &input, true).await.map_err(retry)?;
        if !done.out.waits || done.out.news {
            return Ok(done.out);
        }
        // Not a failure: the server brings it back when it is time, whichever worker lives then.
        let later = ApplicationFailure::builder(anyhow::anyhow!("a send has to wait"))
            .type_name("waits".to_owned())
            .next_retry_delay(done.wait.max(std::time::Duration::from_millis(100)))
            .build();
        Err(later.into())
    }

    /// Gives waiting chats to agents; see [`dispatch`].
    #[activity(definition = defs::Dispatch)]
    pub async fn dispatch(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: DispatchIn,
    ) -> Result<DispatchOut, ActivityError> {
        dispatch::dispatch(&self, &input).await.map_err(retry)
    }

    /// Looks whether an agent is there; see [`presence`].
    #[activity(definition = defs::Presence)]
    pub async fn presence(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: PresenceIn,
    ) -> Result<PresenceOut, ActivityError> {
        presence::presence(&self, &input).await.map_err(retry)
    }
}
