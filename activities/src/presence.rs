//! Whether an agent who had a socket still has one. An agent whose last socket has died is offline, and what they had
//! not answered goes back to the head of its queue.

use hilo_domain::agent::AgentState;
use hilo_domain::chat::ChatStatus;
use hilo_domain::command::Actor;
use hilo_domain::outbox::Bell;
use hilo_store::agents::{self, Presence, Waiting};
use hilo_store::{Error, Result, desk, may_die};
use hilo_workflows::activities::{PresenceIn, PresenceOut};

use crate::case::Case;
use crate::world::World;

/// A watched agent is looked after every so many seconds.
const EVERY: u64 = 15;

/// Looks once.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn presence(world: &World, input: &PresenceIn) -> Result<PresenceOut> {
    let mut tx = hilo_store::begin(&world.pool).await?;
    match agents::presence(&mut tx, input.agent).await? {
        Presence::Unwatched => {
            tx.commit().await.map_err(Error::from)?;
            // A run that died between the two halves of a farewell finishes it.
            give_back(world, input).await?;
            Ok(PresenceOut { again: None })
        }
        Presence::Here | Presence::Unknown => Ok(PresenceOut { again: Some(EVERY) }),
        Presence::Gone => {
            agents::forget_sockets(&mut tx, input.agent).await?;
            let now = world.clock.now();
            let (_, rows) =
                agents::set_state(&mut tx, input.agent, AgentState::Offline, None, &Actor::default(), now).await?;
            tx.commit().await.map_err(Error::from)?;
            world.relay.ring(rows);
            give_back(world, input).await?;
            Ok(PresenceOut { again: None })
        }
    }
}

/// Gives back what an agent who is offline has not answered.
async fn give_back(world: &World, input: &PresenceIn) -> Result<()> {
    let offline = agents::standing(&world.pool, input.agent).await?.is_some_and(|s| s.state == AgentState::Offline);
    if !offline {
        return Ok(());
    }
    for waiting in agents::unanswered(&world.pool, input.agent).await? {
        one_back(world, input, waiting).await?;
    }
    Ok(())
}

async fn one_back(world: &World, input: &PresenceIn, waiting: Waiting) -> Result<()> {
    let mut tx = hilo_store::begin(&world.pool).await?;
    let Some(desk) = desk::open(&mut tx, &world.ring, waiting.conversation).await? else { return Ok(()) };
    let theirs = desk.chat.as_ref().is_some_and(|chat| {
        chat.id == waiting.chat && chat.status == ChatStatus::Assigned && chat.agent == Some(input.agent)
    });
    if !theirs {
        return Ok(());
    }
    let queue = desk.chat.as_ref().and_then(|chat| chat.queue);
    let mut case = Case::new(desk, input.now.max(world.clock.now()));
    case.leave_agent("ended", "agent_gone");
    if let Err(error) = case.enqueue(queue, true, "agent_gone") {
        tracing::error!(%error, chat.id = %waiting.chat, "a chat could not be given back");
        return Ok(());
    }
    case.ring(Bell::Conversation(waiting.conversation));
    let rows = case.save(&mut tx).await?;
    tx.commit().await.map_err(Error::from)?;
    may_die!("presence.given_back");
    world.relay.ring(rows);
    Ok(())
}
