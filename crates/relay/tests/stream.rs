//! The gateways' stream on a real Redis.

use hilo_domain::clock::{Clock, SystemClock};
use hilo_domain::id::{ConversationId, EventId};
use hilo_relay::stream::{self, RedisStream, Stream};
use hilo_store::events::Event;
use redis::AsyncCommands;
use redis::streams::StreamRangeReply;

#[tokio::test]
async fn events_are_published_in_order_as_ids_and_words() {
    let url = std::env::var("REDIS_URL").expect("REDIS_URL is set by `cargo xtask test`");
    let redis = RedisStream::new(&url).unwrap();
    redis.ping().await.unwrap();
    let conversation = ConversationId::new(SystemClock.now());
    let events: Vec<Event> = (1..=3)
        .map(|seq| Event {
            id: EventId::new(SystemClock.now()),
            conversation: Some(conversation),
            seq: Some(seq),
            chat: None,
            kind: "message.received".to_owned(),
            data: serde_json::json!({"messageId": "m"}),
            at: SystemClock.now(),
        })
        .collect();
    redis.publish(&events).await.unwrap();
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let all: StreamRangeReply = connection.xrevrange_count(stream::KEY, "+", "-", 100).await.unwrap();
    let mine: Vec<serde_json::Value> = all
        .ids
        .iter()
        .rev()
        .map(|entry| serde_json::from_str(&entry.get::<String>("event").unwrap()).unwrap())
        .filter(|event: &serde_json::Value| event["conversationId"] == conversation.to_string())
        .collect();
    let seqs: Vec<_> = mine.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert_eq!(mine[0]["kind"], "message.received");
    assert!(mine[0]["at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn without_redis_publishing_says_that_it_is_away() {
    let nobody = RedisStream::new("redis://127.0.0.1:1").unwrap();
    assert!(nobody.ping().await.is_err());
}
