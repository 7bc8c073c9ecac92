//! From the stream to the sockets: each event is read about once, serialised once, and said to whoever may hear it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hilo_domain::agent::AgentState;
use hilo_domain::event::EventKind;
use hilo_domain::id::{CampaignId, QueueId, UserId};
use hilo_domain::viewer::Place;
use hilo_relay::feed::{Feed, Place as Position};
use hilo_store::events::Event;
use hilo_store::{agents, campaigns, inbox, notifications};
use serde::Serialize;
use socketioxide::{BroadcastError, SocketError, SocketIo};
use uuid::Uuid;

use super::rooms::{self, Room};
use super::sockets::falls_behind;
use super::telling::{About, hidden, is_about_a_message, live_type};
use crate::api::notifications::shown;
use crate::api::shapes::live::{
    AgentTyping, AgentsUpdate, ChatsUpdate, LiveType, NotificationEvent, QueueUpdate, Resync,
};
use crate::server::App;

/// A colleague types: said on the stream alone, and kept nowhere.
pub(super) const TYPING: &str = "agent.typing";
/// After a failed read.
const PAUSE: Duration = Duration::from_secs(1);
/// Counts are said at most so often.
const COUNTS: Duration = Duration::from_secs(1);

/// What changed since counts were last said.
#[derive(Default)]
struct Touched {
    queues: BTreeSet<QueueId>,
    campaigns: BTreeSet<CampaignId>,
}

/// Reads the stream for as long as the gateway lives.
pub(super) async fn go_on(app: Weak<App>, io: SocketIo, feed: Arc<dyn Feed>) {
    let mut position = Position::default();
    let mut away = false;
    let mut touched = Touched::default();
    let mut counts = tokio::time::interval(COUNTS);
    counts.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        // A read is never cut short: it moves the position.
        let read = feed.next(&mut position).await;
        let Some(app) = app.upgrade() else { return };
        match read {
            Ok(batch) => {
                if away {
                    tracing::info!("the stream can be read again");
                    away = false;
                }
                if batch.lost {
                    tracing::warn!("the stream was trimmed or flushed; clients catch up from the database");
                    resync(&app, &io).await;
                }
                if app.live.is_empty() {
                    continue;
                }
                for events in batch.events.chunks(100) {
                    if let Err(error) = tell(&app, &io, events, &mut touched).await {
                        tracing::warn!(%error, "events could not be told; clients catch up");
                        resync(&app, &io).await;
                    }
                }
            }
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "the stream cannot be read");
                    away = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        if !touched.queues.is_empty() || !touched.campaigns.is_empty() {
            // Not more often than that; what is touched meanwhile is counted with the rest.
            if futures::FutureExt::now_or_never(counts.tick()).is_some() {
                let done = std::mem::take(&mut touched);
                if let Err(error) = count(&app, &io, &done).await {
                    tracing::warn!(%error, "counts could not be told");
                }
            }
        }
    }
}

async fn resync(app: &App, io: &SocketIo) {
    let now = app.clock.now();
    say(app, io, Vec::new(), Vec::new(), "resync", &Resync { event_id: hilo_domain::id::uuid_at(now), at: now }).await;
}

/// Says something to these rooms but to nobody in those; to everybody where none is named.
async fn say<T: Serialize>(app: &App, io: &SocketIo, to: Vec<Room>, but: Vec<Room>, name: &str, what: &T) {
    let target = if to.is_empty() { io.broadcast() } else { io.to(to.clone()) };
    let target = if but.is_empty() { target } else { target.except(but.clone()) };
    let Err(BroadcastError::Socket(errors)) = target.emit(name, what).await else { return };
    if !errors.iter().any(|error| matches!(error, SocketError::InternalChannelFull)) {
        return;
    }
    // Which ones were full is not said; whoever is will not take a second one either.
    let target = if to.is_empty() { io.broadcast() } else { io.to(to) };
    for socket in target.sockets() {
        let full =
            matches!(socket.emit(name, what), Err(socketioxide::SendError::Socket(SocketError::InternalChannelFull)));
        if full && let Some(conn) = app.live.get(&socket.id.to_string()) {
            falls_behind(&conn);
        }
    }
}

async fn tell(app: &Arc<App>, io: &SocketIo, events: &[Event], touched: &mut Touched) -> hilo_store::Result<()> {
    let about = About::of(app, events).await?;
    for event in events {
        if event.kind == TYPING {
            typing(app, io, event, &about).await;
        } else if event.seq.is_some() {
            numbered(app, io, event, &about, touched).await;
        }
    }
    states(app, io, events).await?;
    notices(app, io, events, &about).await
}

async fn numbered(app: &App, io: &SocketIo, event: &Event, about: &About, touched: &mut Touched) {
    let Some(conversation) = event.conversation else { return };
    let of_message = is_about_a_message(&event.kind);
    let all = rooms::conversation(conversation);
    let Some(whole) = about.tell(event, true) else { return };
    let name = whole.r#type.as_str();
    let Some((_, place)) = about.chat(event) else {
        say(app, io, vec![all], Vec::new(), name, &whole).await;
        return;
    };
    if !of_message {
        touched.campaigns.extend(place.campaign);
        let chat = whole.chat.as_ref();
        touched.queues.extend(chat.and_then(|chat| chat.queue_id).map(QueueId::from));
    }
    let seeing = rooms::seeing(conversation, place, of_message);

    // Whoever gets a chat hears that it is new; everybody else that it changed.
    let to = place.agent.filter(|_| event.kind == EventKind::ChatAssigned.as_str()).map(rooms::user);
    if let Some(mine) = &to {
        let new = crate::api::shapes::live::LiveEvent { r#type: LiveType::ChatNew, ..whole.clone() };
        say(app, io, vec![mine.clone()], Vec::new(), new.r#type.as_str(), &new).await;
    }
    say(app, io, seeing.clone(), to.clone().into_iter().collect(), name, &whole).await;

    let Some(less) = hidden(event, live_type(&event.kind)) else { return };
    let mut others = vec![all];
    if !of_message && let Some(campaign) = place.campaign {
        // A chat that waited and was taken leaves the lists of those who saw it wait.
        others.push(format!("agents:{campaign}").into());
    }
    say(app, io, others, seeing, name, &less).await;
}

async fn typing(app: &App, io: &SocketIo, event: &Event, about: &About) {
    let text = |key: &str| event.data.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (Some(conversation), Some(chat), Some((_, place))) = (event.conversation, event.chat, about.chat(event)) else {
        return;
    };
    let Ok(agent) = text("agentId").parse::<Uuid>() else { return };
    let what = AgentTyping {
        event_id: event.id.0,
        at: event.at,
        chat_id: chat.0,
        agent_id: agent,
        agent_name: text("agentName"),
    };
    let but = vec![rooms::user(UserId(agent))];
    say(app, io, rooms::seeing(conversation, place, true), but, TYPING, &what).await;
}

async fn states(app: &App, io: &SocketIo, events: &[Event]) -> hilo_store::Result<()> {
    let of = |event: &Event| -> Option<(Uuid, AgentState)> {
        let text = |key: &str| event.data.get(key).and_then(serde_json::Value::as_str);
        Some((text("agentId")?.parse().ok()?, AgentState::from_name(text("state")?)?))
    };
    let changed: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventKind::AgentStatusChanged.as_str())
        .filter_map(|event| Some((event, of(event)?)))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = changed.iter().map(|(_, (agent, _))| *agent).collect();
    let serve = agents::campaigns_of(&app.intake.pool, &ids).await?;
    for (event, (agent, state)) in changed {
        let campaigns: Vec<_> = serve.iter().filter(|(who, _)| who.0 == agent).map(|(_, campaign)| *campaign).collect();
        let mut to = rooms::staff(&campaigns);
        to.push(rooms::user(UserId(agent)));
        let what = AgentsUpdate { event_id: event.id.0, at: event.at, agent_id: agent, state: state.into() };
        say(app, io, to, Vec::new(), "analytics.agents.update", &what).await;
    }
    Ok(())
}

/// What people are told is written with an event of its own: it is found by that chat and that instant.
async fn notices(app: &App, io: &SocketIo, events: &[Event], about: &About) -> hilo_store::Result<()> {
    let warnings = events.iter().filter(|event| event.kind == EventKind::SystemWarning.as_str());
    let (chats, ats): (Vec<Uuid>, Vec<_>) = warnings.filter_map(|event| Some((event.chat?.0, event.at))).unzip();
    if chats.is_empty() {
        return Ok(());
    }
    for notice in notifications::of_chats(&app.intake.pool, &chats, &ats).await? {
        let place = events.iter().find(|event| event.chat.map(|chat| chat.0) == notice.chat);
        let place: Option<&Place> = place.and_then(|event| about.chat(event)).map(|(_, place)| place);
        let campaign = place.and_then(|place| place.campaign);
        for language in rooms::LANGUAGES {
            let what =
                NotificationEvent { event_id: notice.id, at: notice.at, notification: shown(notice.clone(), language) };
            let to = rooms::told(campaign, notice.user.map(UserId), language);
            say(app, io, to, Vec::new(), "notification", &what).await;
        }
    }
    Ok(())
}

async fn count(app: &App, io: &SocketIo, touched: &Touched) -> hilo_store::Result<()> {
    let (pool, now) = (&app.intake.pool, app.clock.now());
    let queues: Vec<_> = touched.queues.iter().copied().collect();
    for (queue, campaign, waiting, oldest_since) in campaigns::waiting(pool, &queues).await? {
        let event_id = hilo_domain::id::uuid_at(now);
        let what = QueueUpdate { event_id, at: now, queue_id: queue.0, waiting, oldest_since };
        say(app, io, rooms::floor(campaign, true), Vec::new(), "analytics.queue.update", &what).await;
    }
    let of: Vec<_> = touched.campaigns.iter().copied().collect();
    let mut counts: BTreeMap<CampaignId, BTreeMap<String, i64>> = of.iter().map(|id| (*id, BTreeMap::new())).collect();
    for (campaign, status, n) in inbox::counts(pool, &of).await? {
        counts.entry(campaign).or_default().insert(status, n);
    }
    for (campaign, counts) in counts {
        let event_id = hilo_domain::id::uuid_at(now);
        let what = ChatsUpdate { event_id, at: now, campaign_id: campaign.0, counts };
        say(app, io, rooms::floor(campaign, false), Vec::new(), "analytics.chats.update", &what).await;
    }
    Ok(())
}
