//! Who gets the next chat of a queue: one transaction per chat, with every lock in its order, so that a dispatch that is
//! run again finds its own work done.

use hilo_domain::agent::choose;
use hilo_domain::chat::ChatStatus;
use hilo_domain::outbox::Bell;
use hilo_store::agents::{self, Waiting};
use hilo_store::{Error, Result, desk, may_die};
use hilo_workflows::activities::{DispatchIn, DispatchOut};
use serde_json::json;

use crate::case::Case;
use crate::world::World;

/// One round looks at so many waiting chats.
const ROUND: i64 = 200;
const RACES: usize = 5;

/// What became of one chat.
enum Given {
    /// Somebody has it.
    Assigned,
    /// It does not wait here any more, or nobody may have this very chat.
    Passed,
    /// Nobody is free: the others need not be asked for.
    NobodyIsFree,
}

/// Gives waiting chats to agents who have room, in the queue's order.
///
/// # Errors
/// When Postgres is away; what was given stays given.
pub(crate) async fn dispatch(world: &World, input: &DispatchIn) -> Result<DispatchOut> {
    let waiting = agents::waiting(&world.pool, input.queue, ROUND).await?;
    let full = i64::try_from(waiting.len()).is_ok_and(|n| n >= ROUND);
    let mut assigned = 0;
    for chat in waiting {
        match retried(world, input, chat).await? {
            Given::Assigned => assigned += 1,
            Given::Passed => {}
            Given::NobodyIsFree => return Ok(DispatchOut { assigned, more: false }),
        }
    }
    Ok(DispatchOut { assigned, more: full && assigned > 0 })
}

async fn retried(world: &World, input: &DispatchIn, chat: Waiting) -> Result<Given> {
    let mut tries = 0;
    loop {
        match give(world, input, chat).await {
            Err(error) if error.is_retryable() && tries < RACES => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn give(world: &World, input: &DispatchIn, waiting: Waiting) -> Result<Given> {
    let mut tx = hilo_store::begin(&world.pool).await?;
    let Some(desk) = desk::open(&mut tx, &world.ring, waiting.conversation).await? else { return Ok(Given::Passed) };
    let waits = desk.chat.as_ref().is_some_and(|chat| {
        chat.id == waiting.chat && chat.status == ChatStatus::Queued && chat.queue == Some(input.queue) && !chat.held
    });
    let Some(campaign) = desk.campaign.clone().filter(|_| waits) else { return Ok(Given::Passed) };
    let candidates = agents::candidates(&mut tx, campaign.id, waiting.chat, campaign.capacity).await?;
    let (winner, passed) = choose(&candidates);
    let Some(winner) = winner else {
        let free =
            candidates.iter().any(|c| c.state == hilo_domain::agent::AgentState::Available && c.load < c.capacity);
        return Ok(if free { Given::Passed } else { Given::NobodyIsFree });
    };
    let passed: Vec<_> = passed.iter().map(|(agent, why)| json!({"agentId": agent, "why": why})).collect();
    let mut case = Case::new(desk, input.now.max(world.clock.now()));
    if let Err(error) = case.assign(winner, "dispatch", json!(passed)) {
        tracing::error!(%error, chat.id = %waiting.chat, "a waiting chat could not be assigned");
        return Ok(Given::Passed);
    }
    case.ring(Bell::Conversation(waiting.conversation));
    let rows = case.save(&mut tx).await?;
    tx.commit().await.map_err(Error::from)?;
    may_die!("dispatch.given");
    world.relay.ring(rows);
    Ok(Given::Assigned)
}
