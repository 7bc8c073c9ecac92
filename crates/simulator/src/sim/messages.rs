//! Being a customer: writing, pressing, reading, and seeing what came.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::problem::{self, Problem};
use super::{number, wa_id};
use crate::config::NumberConfig;
use crate::content::{Choice, ChoiceKind};
use crate::graph::media;
use crate::graph::messages::{default_name, within_throughput};
use crate::id::{self, Writer};
use crate::record::{Delivery, Record};
use crate::state::{Outbound, State as Known};
use crate::view;
use crate::world::World;

/// `GET`: what the customer got, ascending.
pub(super) async fn got(State(world): State<Arc<World>>, Path(given): Path<String>) -> Result<Json<Value>, Problem> {
    let wa_id = wa_id(&given)?;
    let items = world.look(|state| {
        let messages = state.customers.get(&wa_id).into_iter().flat_map(|customer| customer.outbounds());
        messages.map(|message| view::outbound(&world, state, message)).collect::<Vec<_>>()
    });
    Ok(Json(json!({"items": items})))
}

/// `POST`: the customer writes; answered as soon as it is on the disk.
pub(super) async fn write(
    State(world): State<Arc<World>>,
    Path(given): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let wa_id = wa_id(&given)?;
    let mut body = problem::object(&body)?;
    let kind = problem::text(&body, "type")?.to_owned();
    let number = number(&world, problem::optional_text(&body, "phoneNumberId")?)?;
    let name = problem::optional_text(&body, "name")?.map(str::to_owned);
    let expected: &[&str] = match kind.as_str() {
        "text" => &["type", "phoneNumberId", "name", "text", "replyTo"],
        "button" | "list" => &["type", "phoneNumberId", "name", "id"],
        "raw" => &["type", "phoneNumberId", "name", "message"],
        _ => return Err(Problem::invalid("/type", "must be text, button, list or raw")),
    };
    problem::only(&body, expected)?;
    let said = match kind.as_str() {
        "text" => Said::Text {
            body: problem::text(&body, "text")?.to_owned(),
            reply_to: problem::optional_text(&body, "replyTo")?.map(str::to_owned),
        },
        "button" => Said::Pressed { row: false, id: problem::text(&body, "id")?.to_owned() },
        "list" => Said::Pressed { row: true, id: problem::text(&body, "id")?.to_owned() },
        _ => match body.remove("message") {
            Some(Value::Object(message)) => Said::Raw(message),
            Some(_) => return Err(Problem::invalid("/message", "must be an object")),
            None => return Err(Problem::invalid("/message", "is required")),
        },
    };
    let id = say(&world, number, &wa_id, name, said, &headers).await?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// `POST …/read`: the customer looks at the chats. What is delivered is read now, the rest when it is delivered.
pub(super) async fn read(State(world): State<Arc<World>>, Path(given): Path<String>) -> Result<Json<Value>, Problem> {
    let wa_id = wa_id(&given)?;
    let ids = world
        .commit(|state| {
            let Some(customer) = state.customers.get(&wa_id) else {
                return Err(Problem::not_found(format!("no customer has the phone {wa_id}")));
            };
            let at = world.now();
            let ids = customer.outbounds().filter(|message| message.status == Delivery::Delivered);
            let ids = ids.map(|message| message.id.clone()).collect::<Vec<_>>();
            let mut records = vec![Record::Opened { wa_id: wa_id.clone(), at }];
            let mut next = state.next_webhook;
            for id in &ids {
                let webhook = state.outbound(id).and_then(|(_, message)| wanted(&world, state, message)).map(|()| next);
                next += u64::from(webhook.is_some());
                records.push(Record::Status { webhook, id: id.clone(), status: Delivery::Read, code: None, at });
            }
            Ok((records, ids))
        })
        .await?;
    Ok(Json(json!({"read": ids})))
}

enum Said {
    Text { body: String, reply_to: Option<String> },
    Pressed { row: bool, id: String },
    Raw(Map<String, Value>),
}

async fn say(
    world: &Arc<World>,
    number: &NumberConfig,
    wa_id: &str,
    name: Option<String>,
    said: Said,
    headers: &HeaderMap,
) -> Result<String, Problem> {
    // What comes in counts for the number's throughput, but nobody can refuse it.
    within_throughput(world, &number.phone_number_id, world.config.limits.throughput);
    world
        .commit(|state| {
            let mut message = match said {
                Said::Text { body, reply_to } => text(number, &body, reply_to.as_deref()),
                Said::Pressed { row, id } => pressed(state, number, wa_id, row, &id)?,
                Said::Raw(message) => raw(world, state, message, headers)?,
            };
            let at = world.now();
            let fresh = world.dice.wamid(wa_id, Writer::Customer);
            let id = message.entry("id").or_insert_with(|| fresh.into()).as_str().map(str::to_owned);
            let id = id.ok_or_else(|| Problem::invalid("/message/id", "must be text"))?;
            if !message.contains_key("from") && !message.contains_key("from_user_id") {
                message.insert("from".into(), wa_id.into());
                message.insert("from_user_id".into(), id::user_id(wa_id).into());
            }
            message.entry("timestamp").or_insert_with(|| at.timestamp().to_string().into());
            let mut records = Vec::new();
            let known = state.customers.get(wa_id).map(|customer| &customer.name);
            let name = name.or_else(|| known.is_none_or(String::is_empty).then(|| default_name(wa_id)));
            if let Some(name) = name.filter(|name| known != Some(name)) {
                records.push(Record::Customer { wa_id: wa_id.to_owned(), name, at });
            }
            let webhook = state.is_subscribed(&number.waba_id).then_some(state.next_webhook);
            let message = Value::Object(message);
            let number = number.phone_number_id.clone();
            records.push(Record::Inbound { webhook, id: id.clone(), number, wa_id: wa_id.to_owned(), message, at });
            Ok((records, id))
        })
        .await
}

fn text(number: &NumberConfig, body: &str, reply_to: Option<&str>) -> Map<String, Value> {
    let mut message = fields(json!({"type": "text", "text": {"body": body}}));
    if let Some(id) = reply_to {
        message.insert("context".into(), json!({"from": number.digits(), "id": id}));
    }
    message
}

/// A press on the latest message of this number that offers `id`.
fn pressed(
    state: &Known,
    number: &NumberConfig,
    wa_id: &str,
    row: bool,
    id: &str,
) -> Result<Map<String, Value>, Problem> {
    let customer = state.customers.get(wa_id);
    let messages = customer.into_iter().flat_map(|customer| customer.outbounds().rev());
    let messages = messages.filter(|message| message.number == number.phone_number_id);
    let offers = messages.flat_map(|message| {
        let fitting = message.choices.iter().filter(|choice| (choice.kind == ChoiceKind::Row) == row);
        fitting.map(move |choice| (message, choice))
    });
    let offers = offers.collect::<Vec<(&Outbound, &Choice)>>();
    let Some((message, choice)) = offers.iter().find(|(_, choice)| choice.id == id) else {
        let what = if row { "row" } else { "button" };
        let mut ids = offers.iter().map(|(_, choice)| choice.id.as_str()).collect::<Vec<_>>();
        ids.dedup();
        let known =
            if ids.is_empty() { "there are none yet".to_owned() } else { format!("there are {}", ids.join(", ")) };
        return Err(Problem::invalid("/id", format!("no {what} with this id was sent to {wa_id}: {known}")));
    };
    let mut pressed = match choice.kind {
        ChoiceKind::QuickReply => json!({"type": "button", "button": {"payload": choice.id, "text": choice.title}}),
        ChoiceKind::Button => json!({"type": "interactive", "interactive": {
            "type": "button_reply", "button_reply": {"id": choice.id, "title": choice.title}}}),
        ChoiceKind::Row => {
            let mut reply = json!({"id": choice.id, "title": choice.title});
            if let Some(description) = &choice.description {
                reply["description"] = description.clone().into();
            }
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}})
        }
    };
    pressed["context"] = json!({"from": number.digits(), "id": message.id});
    Ok(fields(pressed))
}

/// The given message; a file that was uploaded here gets what Meta says of files.
fn raw(
    world: &World,
    state: &Known,
    mut message: Map<String, Value>,
    headers: &HeaderMap,
) -> Result<Map<String, Value>, Problem> {
    let Some(kind) = message.get("type").and_then(Value::as_str).map(str::to_owned) else { return Ok(message) };
    if let Some(Value::Object(content)) = message.get_mut(&kind)
        && let Some(stored) = content.get("id").and_then(Value::as_str).and_then(|id| state.media.get(id))
    {
        let digest = hex::decode(&stored.sha256).unwrap_or_default();
        let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
        let told =
            [("mime_type", stored.mime_type.clone()), ("sha256", digest), ("url", media::link(world, headers, stored))];
        for (key, value) in told {
            content.entry(key).or_insert_with(|| value.into());
        }
    }
    Ok(message)
}

/// `Some` if somebody is told of receipts of this message.
fn wanted(world: &World, state: &Known, message: &Outbound) -> Option<()> {
    let number = world.number(&message.number)?;
    state.is_subscribed(&number.waba_id).then_some(())
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
