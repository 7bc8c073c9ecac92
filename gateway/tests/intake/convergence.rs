//! Check 40 and G3: whatever comes, in any order, in any number of copies, over two gateways at once: the same state as
//! once and in order.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{PHONE_NUMBER_ID, Rig, body, looking_every, rounds, text};
use axum::http::StatusCode;
use hilo_store::testing::{Database, database};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const OTHER_NUMBER: &str = "100000000000002";
/// Everybody is known by a phone and a business-scoped id, which come together in some messages only.
const PEOPLE: usize = 4;

/// What one person says to one number: by phone alone, by id alone, by both, a placeholder with its real message, a
/// placeholder whose real message never comes, a reaction.
fn said(person: usize, number: &str, n: usize) -> Vec<Value> {
    let id = |what: &str| format!("wamid.{person}.{number}.{n}.{what}");
    let (phone, user) = (format!("5190000000{person}"), format!("PE.{person}"));
    let by = |mut message: Value, phone: Option<&str>, user: Option<&str>| {
        let object = message.as_object_mut().unwrap();
        object.remove("from");
        object.extend(phone.map(|phone| ("from".to_owned(), phone.into())));
        object.extend(user.map(|user| ("from_user_id".to_owned(), user.into())));
        message
    };
    let (phone, user) = (Some(phone.as_str()), Some(user.as_str()));
    let ghost = |what: &str| {
        json!({"id": id(what), "timestamp": "1795000000", "type": "unsupported",
               "errors": [{"code": 131_060, "title": "unavailable"}]})
    };
    let reaction = json!({"id": id("reaction"), "timestamp": "1795000000", "type": "reaction",
                          "reaction": {"message_id": "wamid.0", "emoji": "👍"}});
    vec![
        by(text("", &id("phone"), &id("phone")), phone, None),
        by(text("", &id("user"), &id("user")), None, user),
        by(text("", &id("both"), &id("both")), phone, user),
        by(ghost("late"), phone, None),
        by(text("", &id("late"), &id("late")), phone, user),
        by(ghost("withheld"), None, user),
        by(reaction, phone, None),
    ]
}

/// Everything that everybody says, each in a body of its own, in order.
fn bodies() -> Vec<Value> {
    let numbers = [PHONE_NUMBER_ID, OTHER_NUMBER];
    let each = (0..PEOPLE).flat_map(|person| numbers.iter().map(move |number| (person, *number)));
    each.flat_map(|(person, number)| {
        said(person, number, person).into_iter().map(move |message| body(number, json!({"messages": [message]})))
    })
    .collect()
}

async fn with_two_numbers() -> Database {
    let db = database().await;
    hilo_store::testing::number(&db.pool, &db.ring, "other", OTHER_NUMBER, "demo-app-secret").await;
    db
}

/// Its relay gives up no ghost, however long the test takes.
fn gateway(db: Database) -> Rig {
    looking_every(db, Duration::from_secs(3600))
}

/// The state, without what depends on the order by right: ids, places, times.
async fn state(db: &Database) -> Vec<String> {
    let mut state = db
        .texts(
            "select concat_ws(' ', (select string_agg(i.value, '+' order by i.value) from client_identifiers i
                                    where i.client_id = v.client_id),
                              n.phone_number_id, m.provider_id, m.kind, m.seq is not null, i.consumed_at is null,
                              k.ghost, e.kind)
             from messages m
             join conversations v on v.id = m.conversation_id
             join numbers n on n.id = v.number_id
             join inbound_keys k on k.number_id = n.id and k.provider_id = m.provider_id and k.message_id = m.id
             left join inputs i on i.conversation_id = v.id and i.key = m.provider_id and i.message_id = m.id
             left join events e on e.conversation_id = v.id and e.seq = m.seq and e.data->>'messageId' = m.id::text
             order by 1",
        )
        .await;
    for count in [
        "select concat('messages ', count(*)) from messages",
        "select concat('keys ', count(*)) from inbound_keys",
        "select concat('inputs ', count(*)) from inputs",
        "select concat('events ', count(*)) from events",
        "select concat('clients ', count(*)) from clients where merged_into is null",
        "select concat('primary conversations ', count(*)) from conversations where is_primary",
        "select concat('conversations of absorbed clients ', count(*)) from conversations v
             join clients c on c.id = v.client_id where c.merged_into is not null",
        "select concat('gaps ', count(*)) from conversations v, generate_series(1, v.last_seq) s
             where not exists (select 1 from events e where e.conversation_id = v.id and e.seq = s)",
        "select concat('dead letters ', count(*)) from dead_letters",
    ] {
        state.extend(db.texts(count).await);
    }
    state
}

async fn deliver(rig: &Rig, body: &Value) {
    // As the provider does: until it is taken.
    while rig.post(body).await != StatusCode::OK {}
}

/// Every text as its reader sees it: sealed under the key of the conversation that it stands in.
async fn texts(db: &Database) -> Vec<String> {
    let mut texts = Vec::new();
    for id in db.texts("select id::text from conversations").await {
        let all = hilo_store::messages::list(&db.pool, &db.ring, id.parse().unwrap(), 0, 500).await.unwrap();
        texts.extend(all.iter().filter_map(|message| message.content.text().map(str::to_owned)));
    }
    texts.sort();
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn any_copies_in_any_order_give_the_state_of_once_in_order() {
    let once = gateway(with_two_numbers().await);
    let bodies = bodies();
    for body in &bodies {
        deliver(&once, body).await;
    }
    let (expected, expected_texts) = (state(&once.db).await, texts(&once.db).await);
    assert_eq!(expected.len(), bodies.len() - PEOPLE * 2 + 9, "a ghost and its real message are one");
    assert_eq!(expected_texts.len(), PEOPLE * 2 * 5);
    let mut runner = TestRunner::deterministic();
    let copies = prop::collection::vec(1_usize..=5, bodies.len());
    let strategy = copies
        .prop_map(|copies| copies.iter().enumerate().flat_map(|(i, n)| vec![i; *n]).collect::<Vec<_>>())
        .prop_shuffle();
    for case in 0..rounds(8, 100) {
        let order = strategy.new_tree(&mut runner).unwrap().current();
        let first = Arc::new(gateway(with_two_numbers().await));
        let second = Arc::new(gateway(first.db.again()));
        let halves = [&first, &second].into_iter().zip(order.chunks(order.len().div_ceil(2)));
        let writers: Vec<_> = halves
            .map(|(rig, half)| {
                // Some of them two in one body, as the provider does when it has fallen behind.
                let deliveries: Vec<Value> = half.chunks(1 + case % 3).map(|some| joined(&bodies, some)).collect();
                let rig = rig.clone();
                tokio::spawn(async move {
                    for delivery in &deliveries {
                        deliver(&rig, delivery).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(state(&first.db).await, expected, "case {case}: {order:?}");
        assert_eq!(texts(&first.db).await, expected_texts, "case {case}: {order:?}");
    }
}

/// One body with the entries of several.
fn joined(bodies: &[Value], which: &[usize]) -> Value {
    let entries: Vec<&Value> = which.iter().map(|i| &bodies[*i]["entry"][0]).collect();
    json!({"object": "whatsapp_business_account", "entry": entries})
}
