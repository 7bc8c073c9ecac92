//! Reading the gateways' stream: everything that happens, in the order in which it was published, resumed by id.
//!
//! The stream is a window, not a store. What was read last must still be there when more is read: then nothing between
//! was trimmed or flushed away. If it is not, the reader is told that something may be lost, and lets its clients catch
//! up from Postgres.

use std::time::Duration;

use async_trait::async_trait;
use hilo_store::events::Event;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{AsyncConnectionConfig, RedisResult};
use serde_json::Value;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::stream::{KEY, StreamError};

/// A read waits for so long for something to happen.
const WAIT: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_millis(500);
/// At most so many events at once.
const AT_ONCE: usize = 500;
/// Before everything.
const BEGINNING: &str = "0-0";

/// Where a reader stands in the stream; none is "from now on".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Option<String>);

/// What was read.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whether events may have been lost before these.
    pub lost: bool,
    /// What happened.
    pub events: Vec<Event>,
}

/// Who tells what happens. Redis does; tests tell themselves.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// What happened after `place`, which moves on; waits a little when nothing has.
    async fn next(&self, place: &mut Place) -> Result<Batch, StreamError>;
}

/// The stream in Redis, read over a connection of its own.
pub struct RedisFeed {
    client: redis::Client,
    key: String,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisFeed {
    /// A feed at `url` (`redis://…`), which may still be away.
    ///
    /// # Errors
    /// When `url` is no Redis address.
    pub fn new(url: &str) -> Result<Self, StreamError> {
        Self::of(url, KEY)
    }

    /// The same of another stream, for tests.
    ///
    /// # Errors
    /// When `url` is no Redis address.
    pub fn of(url: &str, key: &str) -> Result<Self, StreamError> {
        let client = redis::Client::open(url).map_err(|error| StreamError(error.to_string()))?;
        Ok(Self { client, key: key.to_owned(), connection: Mutex::new(None) })
    }

    async fn read(&self, connection: &mut MultiplexedConnection, place: &mut Place) -> RedisResult<Batch> {
        let Some(after) = place.0.clone() else {
            let newest: StreamRangeReply = redis::cmd("XREVRANGE")
                .arg(&self.key)
                .arg("+")
                .arg("-")
                .arg("COUNT")
                .arg(1)
                .query_async(connection)
                .await?;
            place.0 = Some(newest.ids.into_iter().next().map_or_else(|| BEGINNING.to_owned(), |entry| entry.id));
            return Ok(Batch::default());
        };
        let wait = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
        let read: Option<StreamReadReply> = redis::cmd("XREAD")
            .arg("COUNT")
            .arg(AT_ONCE)
            .arg("BLOCK")
            .arg(wait)
            .arg("STREAMS")
            .arg(&self.key)
            .arg(&after)
            .query_async(connection)
            .await?;
        let entries: Vec<_> = read.into_iter().flat_map(|read| read.keys).flat_map(|key| key.ids).collect();
        let Some(last) = entries.last().map(|entry| entry.id.clone()) else { return Ok(Batch::default()) };
        let there: StreamRangeReply =
            redis::cmd("XRANGE").arg(&self.key).arg(&after).arg(&after).query_async(connection).await?;
        place.0 = Some(last);
        let events = entries.iter().filter_map(|entry| decode(&entry.get::<String>("event")?)).collect();
        Ok(Batch { lost: there.ids.is_empty() && after != BEGINNING, events })
    }
}

#[async_trait]
impl Feed for RedisFeed {
    async fn next(&self, place: &mut Place) -> Result<Batch, StreamError> {
        let mut held = self.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(WAIT * 2));
                let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
                connected.map_err(|error| StreamError(error.to_string()))?
            }
        };
        match self.read(&mut connection, place).await {
            Ok(batch) => {
                *held = Some(connection);
                Ok(batch)
            }
            // The connection is given up: the next read makes another.
            Err(error) => Err(StreamError(error.to_string())),
        }
    }
}

/// Reads what `stream::encode` wrote; what is none of ours is left out.
fn decode(text: &str) -> Option<Event> {
    let value: Value = serde_json::from_str(text).ok()?;
    let id = |name: &str| value.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Uuid>().ok());
    Some(Event {
        id: id("eventId")?.into(),
        conversation: id("conversationId").map(Into::into),
        seq: value.get("seq").and_then(Value::as_i64),
        chat: id("chatId").map(Into::into),
        kind: value.get("kind")?.as_str()?.to_owned(),
        data: value.get("data").cloned().unwrap_or_default(),
        at: serde_json::from_value(value.get("at")?.clone()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn what_is_published_is_read_as_it_was() {
        let at = DateTime::from_timestamp(1_795_000_000, 123_456_000).unwrap();
        let event = Event {
            id: Uuid::from_u128(1).into(),
            conversation: Some(Uuid::from_u128(2).into()),
            seq: Some(7),
            chat: None,
            kind: "message.received".into(),
            data: serde_json::json!({"messageId": Uuid::from_u128(3)}),
            at,
        };
        assert_eq!(decode(&crate::stream::encode(&event)), Some(event));
        assert_eq!(decode("{}"), None);
        assert_eq!(decode("nope"), None);
    }
}
