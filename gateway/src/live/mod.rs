//! The live channel: Socket.IO at `/socket.io`, fed by the stream of events.
//!
//! Postgres is the truth, and the channel only makes screens look sooner: what it carries is numbered by conversation,
//! so a client that sees a gap, reconnects or is told `resync` catches up from there (`chat.join` with `after`).
//!
//! - [`sockets`] lets people in, answers what they ask, and closes whose token or session is over.
//! - [`telling`] makes of each event what is said about it, once, whoever hears it.
//! - [`feeding`] reads the stream and says it to the rooms of those who may hear it ([`rooms`]).
//!
//! Memory is bounded: a socket buffers [`BUFFERED`] packets; one that is behind leaves its rooms and hears `resync` when
//! it reads again.

mod feeding;
mod rooms;
mod sockets;
pub(crate) mod telling;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::id::ConversationId;
use hilo_relay::feed::Feed;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use socketioxide::layer::SocketIoLayer;
use uuid::Uuid;

use crate::api::access::Caller;
use crate::server::App;

/// A socket buffers so many packets; most have about a kilobyte.
const BUFFERED: usize = 128;
/// What a client may send at once.
const MAX_PAYLOAD: u64 = 64 * 1024;
/// A socket that does not answer a ping is gone after these two together.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_PATIENCE: Duration = Duration::from_secs(15);

/// Somebody's socket.
pub(crate) struct Conn {
    /// Names it in heartbeats.
    id: Uuid,
    socket: SocketRef,
    caller: RwLock<Caller>,
    /// Until when its token counts.
    until: Mutex<DateTime<Utc>>,
    /// The conversations that it follows.
    joined: Mutex<HashMap<Uuid, ConversationId>>,
    /// Whether it did not read fast enough and hears nothing until it does.
    behind: std::sync::atomic::AtomicBool,
}

impl Conn {
    fn caller(&self) -> Caller {
        self.caller.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn until(&self) -> DateTime<Utc> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every socket of this gateway.
#[derive(Clone)]
pub(crate) struct Live(Arc<Inner>);

struct Inner {
    /// This gateway, in heartbeats.
    gateway: Uuid,
    conns: RwLock<HashMap<String, Arc<Conn>>>,
}

impl Live {
    fn add(&self, conn: Arc<Conn>) {
        let mut conns = self.0.conns.write().unwrap_or_else(PoisonError::into_inner);
        conns.insert(conn.socket.id.to_string(), conn);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of sockets")]
        metrics::gauge!("hilo_sockets").set(conns.len() as f64);
    }

    fn remove(&self, socket: &str) -> Option<Arc<Conn>> {
        let mut conns = self.0.conns.write().unwrap_or_else(PoisonError::into_inner);
        let gone = conns.remove(socket);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of sockets")]
        metrics::gauge!("hilo_sockets").set(conns.len() as f64);
        gone
    }

    fn get(&self, socket: &str) -> Option<Arc<Conn>> {
        self.0.conns.read().unwrap_or_else(PoisonError::into_inner).get(socket).cloned()
    }

    fn all(&self) -> Vec<Arc<Conn>> {
        self.0.conns.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn is_empty(&self) -> bool {
        self.0.conns.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A session is over: its sockets of this gateway close now, those of others when they are next looked after.
    pub(crate) fn end_session(&self, session: Uuid) {
        for conn in self.all() {
            if conn.caller().session == session {
                sockets::expire(&conn, "session-over");
            }
        }
    }
}

/// The layer that answers at `/socket.io`, its handle, and the sockets that come.
pub(crate) fn layer(now: DateTime<Utc>) -> (SocketIoLayer, SocketIo, Live) {
    let (layer, io) = SocketIo::builder()
        .req_path("/socket.io")
        .max_buffer_size(BUFFERED)
        .max_payload(MAX_PAYLOAD)
        .ws_read_buffer_size(4096)
        .ws_max_message_size(64 * 1024)
        .ws_max_frame_size(64 * 1024)
        .ping_interval(PING_EVERY)
        .ping_timeout(PING_PATIENCE)
        .build_layer();
    let live = Live(Arc::new(Inner { gateway: hilo_domain::id::uuid_at(now), conns: RwLock::default() }));
    (layer, io, live)
}

/// Lets people in, and begins to tell them what happens.
pub(crate) fn start(app: &Arc<App>, io: SocketIo, feed: Arc<dyn Feed>) {
    sockets::serve(app, &io);
    let (looking, feeding) = (Arc::downgrade(app), Arc::downgrade(app));
    tokio::spawn(sockets::look_after(looking));
    tokio::spawn(feeding::go_on(feeding, io, feed));
}
