//! The gateways' stream in Redis: what happened, for screens. Postgres remains the truth; after a trim or a loss,
//! gateways tell their clients to catch up from there.

use std::time::Duration;

use async_trait::async_trait;
use hilo_store::events::Event;
use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::streams::StreamMaxlen;
use tokio::sync::OnceCell;

/// The stream's key.
pub const KEY: &str = "hilo:events";
/// About so many events are kept for gateways that fall behind.
const KEPT: usize = 100_000;
const ANSWER: Duration = Duration::from_millis(500);

/// The stream could not be reached; the rows stay.
#[derive(Debug, thiserror::Error)]
#[error("the stream cannot be reached: {0}")]
pub struct StreamError(pub String);

/// Who publishes events. Redis does; tests listen instead.
#[async_trait]
pub trait Stream: Send + Sync + 'static {
    /// Publishes `events` in this order.
    async fn publish(&self, events: &[Event]) -> Result<(), StreamError>;

    /// Whether it can be reached.
    async fn ping(&self) -> Result<(), StreamError>;
}

/// The stream in Redis; connects when it is first needed, and again when it was lost.
pub struct RedisStream {
    client: redis::Client,
    connection: OnceCell<ConnectionManager>,
}

impl RedisStream {
    /// A stream at `url` (`redis://…`), which may still be away.
    ///
    /// # Errors
    /// When `url` is no Redis address.
    pub fn new(url: &str) -> Result<Self, StreamError> {
        let client = redis::Client::open(url).map_err(|error| StreamError(error.to_string()))?;
        Ok(Self { client, connection: OnceCell::new() })
    }

    async fn connection(&self) -> Result<ConnectionManager, StreamError> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(ANSWER))
                .set_response_timeout(Some(ANSWER))
                .set_number_of_retries(0);
            ConnectionManager::new_with_config(self.client.clone(), config).await
        };
        self.connection.get_or_try_init(connect).await.cloned().map_err(|error| StreamError(error.to_string()))
    }
}

#[async_trait]
impl Stream for RedisStream {
    async fn publish(&self, events: &[Event]) -> Result<(), StreamError> {
        let mut connection = self.connection().await?;
        let mut pipe = redis::pipe();
        for event in events {
            pipe.xadd_maxlen(KEY, StreamMaxlen::Approx(KEPT), "*", &[("event", encode(event))]).ignore();
        }
        pipe.query_async::<()>(&mut connection).await.map_err(|error| StreamError(error.to_string()))
    }

    async fn ping(&self) -> Result<(), StreamError> {
        let mut connection = self.connection().await?;
        connection.ping::<()>().await.map_err(|error| StreamError(error.to_string()))
    }
}

/// An event as the stream carries it: camelCase, RFC 3339 UTC, ids only.
#[must_use]
pub fn encode(event: &Event) -> String {
    serde_json::json!({
        "eventId": event.id,
        "conversationId": event.conversation,
        "chatId": event.chat,
        "seq": event.seq,
        "kind": event.kind,
        "data": event.data,
        "at": event.at,
    })
    .to_string()
}
