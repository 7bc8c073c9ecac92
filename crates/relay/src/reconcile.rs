//! Workflows again from Postgres: after Temporal's store was lost, or when in doubt (`turns.md` 24).
//!
//! Every conversation that has an open chat or something that nobody has handled is rung, as are the queues and the
//! agents whose sockets are watched. A bell starts a workflow where none runs, and a fresh run is told by Postgres where
//! it stands: its turns, what it waits for, and which sends are still to be made. So nothing that was sent is sent again.

use std::sync::Arc;

use futures::StreamExt;
use hilo_store::{Pool, agents, conversations};

use crate::temporal::{Bells, RingError};

/// So many rings at once.
const AT_ONCE: usize = 16;
/// So many conversations are read at once.
const PAGE: i64 = 1_000;

/// What was rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rung {
    /// Conversations with an open chat, or with something that waits.
    pub conversations: usize,
    /// Queues of active campaigns.
    pub queues: usize,
    /// Agents with a socket.
    pub agents: usize,
}

/// Why not everything could be rung; what was rung is rung, and doing it again harms nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres is away.
    #[error("what is open could not be read")]
    Store(#[from] hilo_store::Error),
    /// Temporal is away, or refused one.
    #[error("a workflow could not be rung")]
    Ring(#[from] RingError),
}

/// Rings everything that is open.
///
/// # Errors
/// When Postgres or Temporal is away.
pub async fn reconcile(pool: &Pool, bells: &Arc<dyn Bells>) -> Result<Rung, Error> {
    let mut rung = Rung::default();
    let mut after = None;
    loop {
        let page = conversations::unfinished(pool, after, PAGE).await?;
        let Some(last) = page.last().copied() else { break };
        each(&page, |id| async move { bells.conversation(id).await }).await?;
        rung.conversations += page.len();
        after = Some(last);
    }
    let queues = agents::active_queues(pool).await?;
    each(&queues, |id| async move { bells.queue(id).await }).await?;
    let watched = agents::watched(pool).await?;
    each(&watched, |id| async move { bells.agent(id).await }).await?;
    (rung.queues, rung.agents) = (queues.len(), watched.len());
    Ok(rung)
}

async fn each<T: Copy, F: Future<Output = Result<(), RingError>>>(
    ids: &[T],
    ring: impl Fn(T) -> F,
) -> Result<(), RingError> {
    let mut rings = futures::stream::iter(ids).map(|id| ring(*id)).buffer_unordered(AT_ONCE);
    while let Some(outcome) = rings.next().await {
        outcome?;
    }
    Ok(())
}
