//! Letting people in, answering what they ask, and looking after their sockets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::id::{AgentId, ChatId};
use hilo_domain::operation::Operation;
use hilo_domain::permission::Permission;
use hilo_store::events::Event;
use hilo_store::{agents, begin, events, inbox, sessions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;

use super::telling::About;
use super::{Conn, Live, rooms};
use crate::api::access::{Caller, permitted, recognise};
use crate::api::chats::list::shown;
use crate::api::request::checked;
use crate::api::shapes::live::{Acknowledged, AuthExpired, AuthRenew, ChatJoin, ChatJoined, ChatNamed, Resync};
use crate::problem::{Code, Problem};
use crate::server::App;

/// At most so many missed events at once.
const MISSED: i64 = 500;
/// A socket follows so many chats at most.
const FOLLOWED: usize = 200;
/// Heartbeats to Postgres.
const BEAT: Duration = Duration::from_secs(15);
/// How often tokens and slow sockets are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Answers at the namespace `/`.
pub(super) fn serve(app: &Arc<App>, io: &SocketIo) {
    let (entering, entered) = (app.clone(), app.clone());
    let admit = move |socket: SocketRef, TryData(auth): TryData<Value>| {
        let app = entering.clone();
        async move { admit(&app, &socket, auth.unwrap_or_default()).await }
    };
    let welcome = move |socket: SocketRef| {
        let app = entered.clone();
        async move { welcome(&app, &socket).await }
    };
    io.ns("/", welcome.with(admit));
}

/// Why somebody is not let in: the code of the problem.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(&'static str);

async fn admit(app: &Arc<App>, socket: &SocketRef, auth: Value) -> Result<(), Refused> {
    let token = auth.get("token").and_then(Value::as_str).unwrap_or_default();
    let (caller, until) = known(app, token).await.map_err(|problem| Refused(problem.code().as_str()))?;
    let conn = Arc::new(Conn {
        id: hilo_domain::id::uuid_at(app.clock.now()),
        socket: socket.clone(),
        caller: RwLock::new(caller),
        until: Mutex::new(until),
        joined: Mutex::default(),
        behind: AtomicBool::new(false),
    });
    socket.extensions.insert(conn);
    Ok(())
}

async fn known(app: &App, token: &str) -> Result<(Caller, DateTime<Utc>), Problem> {
    let until = app.tokens.verify(token, app.clock.now())?.until;
    Ok((recognise(app, token).await?, until))
}

async fn welcome(app: &Arc<App>, socket: &SocketRef) {
    let Some(conn) = socket.extensions.get::<Arc<Conn>>() else { return };
    let caller = conn.caller();
    socket.join(rooms::of(&caller));
    app.live.add(conn.clone());

    on(app, socket, "chat.join", |app, conn, asked| async move { join(&app, &conn, asked).await });
    on(app, socket, "chat.leave", |_, conn, asked| async move { leave(&conn, &asked) });
    on(app, socket, "chat.typing", |app, conn, asked| async move { typing(&app, &conn, &asked).await });
    on(app, socket, "chat.read", |app, conn, asked| async move { read(&app, &conn, &asked).await });
    on(app, socket, "auth.renew", |app, conn, asked| async move { renew(&app, &conn, asked).await });

    let live = app.live.clone();
    socket.on_disconnect(move |socket: SocketRef| {
        let live = live.clone();
        async move {
            // Its heartbeat ages: whoever only reloads the page stays there.
            live.remove(&socket.id.to_string());
        }
    });
    if let Err(error) = beat(app, &[conn]).await {
        tracing::warn!(%error, "a socket's first heartbeat was not written");
    }
}

/// Answers one event of the client: `asked` is checked like a body, and a refusal is `{error: Problem}`.
fn on<Q, A, F>(
    app: &Arc<App>,
    socket: &SocketRef,
    event: &'static str,
    answer: impl Fn(Arc<App>, Arc<Conn>, Q) -> F + Clone + Send + Sync + 'static,
) where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send,
    F: Future<Output = Result<A, Problem>> + Send + 'static,
{
    let app = app.clone();
    socket.on(event, move |socket: SocketRef, TryData(data): TryData<Value>, ack: AckSender| {
        let (app, answer) = (app.clone(), answer.clone());
        async move {
            let Some(conn) = socket.extensions.get::<Arc<Conn>>() else { return };
            let asked = checked::<Q>(data.unwrap_or_default());
            let said = match asked {
                Ok(asked) => answer(app, conn, asked).await.map(|said| serde_json::to_value(&said).unwrap_or_default()),
                Err(problem) => Err(problem),
            };
            let said = said.unwrap_or_else(|problem| json!({"error": problem.document()}));
            drop(ack.send(&said));
        }
    });
}

const DONE: Acknowledged = Acknowledged { ok: true };

async fn join(app: &Arc<App>, conn: &Arc<Conn>, asked: ChatJoin) -> Result<ChatJoined, Problem> {
    let caller = conn.caller();
    let viewer = caller.with(permitted(&caller, Operation::ChatJoin)?);
    let (pool, ring) = (&app.intake.pool, &app.intake.ring);
    let (conversation, place) = inbox::place(pool, ChatId(asked.chat_id)).await?.ok_or_else(Problem::not_found)?;
    if !viewer.sees(&place) {
        return Err(Problem::not_found());
    }
    {
        let mut joined = conn.joined.lock().unwrap_or_else(PoisonError::into_inner);
        if joined.len() >= FOLLOWED && !joined.contains_key(&asked.chat_id) {
            return Err(Problem::fault("/chatId", format!("a socket follows {FOLLOWED} chats at most; leave some")));
        }
        joined.insert(asked.chat_id, conversation);
    }
    // First in, then read: what happens meanwhile comes live, and the client drops what it has twice.
    conn.socket.join(rooms::following(&caller, conversation));
    let mut missed = match asked.after {
        Some(after) => events::after(pool, conversation, after, MISSED + 1).await?,
        None => Vec::new(),
    };
    let more = i64::try_from(missed.len()).is_ok_and(|n| n > MISSED);
    missed.truncate(usize::try_from(MISSED).unwrap_or_default());
    let about = About::of(app, &missed).await?;
    let view = inbox::read(pool, ring, &[ChatId(asked.chat_id)]).await?.pop().ok_or_else(Problem::not_found)?;
    Ok(ChatJoined {
        chat: shown(view),
        events: missed.iter().filter_map(|event| about.tell_to(&viewer, event)).collect(),
        more,
    })
}

fn leave(conn: &Arc<Conn>, asked: &ChatNamed) -> Result<Acknowledged, Problem> {
    let mut joined = conn.joined.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(conversation) = joined.remove(&asked.chat_id)
        && !joined.values().any(|other| *other == conversation)
    {
        conn.socket.leave(rooms::following(&conn.caller(), conversation));
    }
    Ok(DONE)
}

async fn typing(app: &Arc<App>, conn: &Arc<Conn>, asked: &ChatNamed) -> Result<Acknowledged, Problem> {
    let caller = conn.caller();
    let viewer = caller.with(permitted(&caller, Operation::ChatTyping)?);
    let found = inbox::place(&app.intake.pool, ChatId(asked.chat_id)).await?;
    let (conversation, _) = found.filter(|(_, place)| viewer.sees(place)).ok_or_else(Problem::not_found)?;
    let now = app.clock.now();
    let event = Event {
        id: hilo_domain::id::EventId::new(now),
        conversation: Some(conversation),
        seq: None,
        chat: Some(ChatId(asked.chat_id)),
        kind: super::feeding::TYPING.to_owned(),
        data: json!({"agentId": caller.user, "agentName": &*caller.name}),
        at: now,
    };
    // Best effort: who types again says so again.
    if let Err(error) = app.stream.publish(&[event]).await {
        tracing::debug!(%error, "nobody is told that an agent types");
    }
    Ok(DONE)
}

async fn read(app: &Arc<App>, conn: &Arc<Conn>, asked: &ChatNamed) -> Result<Acknowledged, Problem> {
    let caller = conn.caller();
    let viewer = caller.with(permitted(&caller, Operation::ChatRead)?);
    let found = inbox::place(&app.intake.pool, ChatId(asked.chat_id)).await?;
    found.filter(|(_, place)| viewer.sees(place)).ok_or_else(Problem::not_found)?;
    inbox::mark_read(&app.intake.pool, ChatId(asked.chat_id), caller.user, app.clock.now()).await?;
    Ok(DONE)
}

async fn renew(app: &Arc<App>, conn: &Arc<Conn>, asked: AuthRenew) -> Result<Acknowledged, Problem> {
    let (fresh, until) = known(app, &asked.token).await?;
    let before = conn.caller();
    if fresh.user != before.user {
        return Err(Problem::new(Code::TokenInvalid, "The token is somebody else's; open another socket."));
    }
    // What they may hear may have changed since.
    let (was, is) = (rooms::of(&before), rooms::of(&fresh));
    *conn.caller.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    *conn.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    if was != is {
        conn.socket.join(is.clone());
        let gone: Vec<_> = was.into_iter().filter(|room| !is.contains(room)).collect();
        conn.socket.leave(gone);
    }
    Ok(DONE)
}

/// Says why, and closes.
pub(super) fn expire(conn: &Arc<Conn>, reason: &str) {
    drop(conn.socket.emit("auth.expired", &AuthExpired { reason: reason.to_owned() }));
    conn.socket.leave_all();
    drop(conn.socket.clone().disconnect());
}

/// A socket did not take what was said: it hears nothing more until it reads again.
pub(super) fn falls_behind(conn: &Arc<Conn>) {
    if !conn.behind.swap(true, Ordering::SeqCst) {
        metrics::counter!("hilo_sockets_behind_total").increment(1);
        conn.socket.leave_all();
    }
}

/// Every second: closes whose token or session is over, and lets those hear again who have read; every 15 seconds: writes
/// the heartbeats.
pub(super) async fn look_after(app: Weak<App>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut since_beat = Duration::ZERO;
    loop {
        tick.tick().await;
        let Some(app) = app.upgrade() else { return };
        let conns = app.live.all();
        let now = app.clock.now();
        for conn in &conns {
            if conn.until() <= now {
                expire(conn, Code::TokenExpired.as_str());
            } else if conn.behind.load(Ordering::SeqCst) {
                try_again(conn, now);
            }
        }
        since_beat += LOOK;
        if since_beat >= BEAT {
            since_beat = Duration::ZERO;
            if let Err(error) = beat(&app, &conns).await {
                tracing::warn!(%error, "the sockets' heartbeats were not written");
            }
            if let Err(error) = end_over(&app.live, &app, &conns).await {
                tracing::warn!(%error, "the sockets' sessions were not looked at");
            }
        }
    }
}

fn try_again(conn: &Arc<Conn>, now: DateTime<Utc>) {
    let resync = Resync { event_id: hilo_domain::id::uuid_at(now), at: now };
    // In its rooms first, so that nothing falls between.
    conn.socket.join(rooms::of(&conn.caller()));
    conn.joined.lock().unwrap_or_else(PoisonError::into_inner).clear();
    if conn.socket.emit("resync", &resync).is_ok() {
        conn.behind.store(false, Ordering::SeqCst);
    } else {
        conn.socket.leave_all();
    }
}

async fn beat(app: &App, conns: &[Arc<Conn>]) -> hilo_store::Result<()> {
    let mut sockets: Vec<_> = conns
        .iter()
        .filter(|conn| conn.socket.connected() && conn.caller().reach(Permission::ChatsUpdate).is_some())
        .map(|conn| (AgentId(conn.caller().user.0), conn.id))
        .collect();
    sockets.sort_unstable();
    let mut tx = begin(&app.intake.pool).await?;
    let rows = agents::beat_all(&mut tx, app.live.0.gateway, &sockets, app.clock.now()).await?;
    tx.commit().await?;
    app.intake.relay.ring(rows);
    Ok(())
}

async fn end_over(live: &Live, app: &App, conns: &[Arc<Conn>]) -> hilo_store::Result<()> {
    let by_session: HashMap<_, _> = conns.iter().map(|conn| (conn.caller().session, ())).collect();
    let sessions: Vec<_> = by_session.into_keys().collect();
    for session in sessions::over(&app.intake.pool, &sessions).await? {
        live.end_session(session);
    }
    Ok(())
}
