//! `POST /{version}/{phone_number_id}/messages`: sends, read receipts and typing.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::error::GraphError;
use super::{limits, number, validate};
use crate::config::{NumberConfig, Throughput};
use crate::faults::Fault;
use crate::id::{self, Writer};
use crate::record::Record;
use crate::state::{Entry, State as Known};
use crate::world::World;

pub(super) async fn send(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    fault: Option<Extension<Fault>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let number = number(&world, &headers, "post", &id)?;
    let request = super::json(&body)?;
    world.schema.check(&request)?;
    if request.get("status").is_some() {
        return read(&world, number, &request).await.map(Json);
    }
    validate::keys(&request)?;
    limits::check(&request)?;
    let fault = fault.map(|Extension(fault)| fault);
    accept(&world, number, request, fault.as_ref()).await.map(Json)
}

/// Accepts a message: when this returns it is on the disk, and its receipts are under way.
async fn accept(
    world: &Arc<World>,
    number: &NumberConfig,
    request: Value,
    fault: Option<&Fault>,
) -> Result<Value, GraphError> {
    // The fault decides how such a message ends, so nothing refuses it now.
    let forced = fault.filter(|fault| fault.asynchronous).and_then(|fault| fault.code);
    let input = request["to"].as_str().or_else(|| request["recipient"].as_str()).unwrap_or_default().to_owned();
    let (wa_id, id) = world
        .commit(|state| {
            let wa_id = recipient(state, number, &request)?;
            let template = template(world, state, number, &request)?;
            let fails_with = forced.or(media_failure(state, number, &request)?);
            if forced.is_none() {
                check_window(world, state, number, &wa_id, &request)?;
                check_rates(world, number, &wa_id, fault)?;
            }
            let id = world.dice.wamid(&wa_id, Writer::Business);
            let mut records = Vec::new();
            if !state.customers.contains_key(&wa_id) {
                records.push(Record::Customer { wa_id: wa_id.clone(), name: default_name(&wa_id), at: world.now() });
            }
            records.push(Record::Accepted {
                id: id.clone(),
                number: number.phone_number_id.clone(),
                wa_id: wa_id.clone(),
                request,
                template,
                fails_with,
                at: world.now(),
            });
            Ok::<_, GraphError>((records, (wa_id, id)))
        })
        .await?;
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": input, "wa_id": wa_id, "user_id": id::user_id(&wa_id)}],
        "messages": [{"id": id, "message_status": "accepted"}],
    }))
}

/// Marks a customer's message as read, or shows the customer that somebody types.
async fn read(world: &Arc<World>, number: &NumberConfig, request: &Value) -> Result<Value, GraphError> {
    let id = request["message_id"].as_str().unwrap_or_default();
    let wa_id = world
        .commit(|state| match state.message(id) {
            Some((wa_id, Entry::Inbound(inbound))) if inbound.number == number.phone_number_id => {
                Ok((vec![Record::BusinessRead { id: id.to_owned(), at: world.now() }], wa_id.to_owned()))
            }
            _ => Err(GraphError::new(131_009, "message_id is not a message that this number received.")),
        })
        .await?;
    if request.get("typing_indicator").is_some() {
        world.tell("typing", json!({"waId": wa_id, "phoneNumberId": number.phone_number_id}));
    }
    Ok(json!({"success": true}))
}

/// The name that a customer has until somebody says another.
pub(crate) fn default_name(wa_id: &str) -> String {
    format!("Cliente {}", wa_id.get(wa_id.len().saturating_sub(4)..).unwrap_or(wa_id))
}

fn recipient(state: &Known, number: &NumberConfig, request: &Value) -> Result<String, GraphError> {
    if request["recipient_type"] == "group" {
        return Err(GraphError::new(100, "Groups are not enabled for this number."));
    }
    let wa_id = match (request["to"].as_str(), request["recipient"].as_str()) {
        (Some(to), _) => {
            let separators = [' ', '-', '(', ')', '.'];
            let digits = to.strip_prefix('+').unwrap_or(to).replace(separators, "");
            if !is_wa_id(&digits) {
                return Err(GraphError::new(131_009, "`to` is not a phone number with its country code."));
            }
            digits
        }
        (None, Some(user_id)) => {
            let found = state.customers.keys().find(|wa_id| id::user_id(wa_id) == user_id);
            found.cloned().ok_or_else(|| GraphError::new(131_026, "`recipient` is nobody's user id."))?
        }
        (None, None) => return Err(GraphError::new(131_008, "`to` or `recipient` is required.")),
    };
    if wa_id == number.digits() {
        return Err(GraphError::new(131_021, "The recipient is the sender."));
    }
    Ok(wa_id)
}

/// Whether these can be the digits of a phone.
pub(crate) fn is_wa_id(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn template(world: &World, state: &Known, number: &NumberConfig, request: &Value) -> Result<Option<Value>, GraphError> {
    if request["type"] != "template" {
        return Ok(None);
    }
    world.catalogue.sendable(state, &number.waba_id, request).map(Some)
}

/// An unknown media id is refused at once; a file that is not what it says fails later.
fn media_failure(state: &Known, number: &NumberConfig, request: &Value) -> Result<Option<u32>, GraphError> {
    let kind = request["type"].as_str().unwrap_or_default();
    let header = &request["interactive"]["header"];
    let header_kind = header["type"].as_str().unwrap_or_default();
    let mut failure = None;
    for (kind, id) in [(kind, &request[kind]["id"]), (header_kind, &header[header_kind]["id"])] {
        let Some(id) = id.as_str() else { continue };
        let media = state.media.get(id).filter(|media| media.number == number.phone_number_id).ok_or_else(|| {
            let details = format!("Param {kind}['id'] is not a valid whatsapp business account media attachment ID");
            GraphError::new(100, details)
        })?;
        if !media.genuine || !super::media::fits(kind, &media.mime_type) {
            failure = Some(131_053);
        }
    }
    Ok(failure)
}

fn check_window(
    world: &World,
    state: &Known,
    number: &NumberConfig,
    wa_id: &str,
    request: &Value,
) -> Result<(), GraphError> {
    let open = request["type"] == "template" || state.window_is_open(&number.phone_number_id, wa_id, world.now());
    if open { Ok(()) } else { Err(GraphError::usual(131_047)) }
}

fn check_rates(world: &World, number: &NumberConfig, wa_id: &str, fault: Option<&Fault>) -> Result<(), GraphError> {
    let (now, limits) = (world.now(), &world.config.limits);
    let throughput = fault.and_then(|fault| fault.throughput).unwrap_or(limits.throughput);
    if !within_throughput(world, &number.phone_number_id, throughput) {
        return Err(GraphError::usual(130_429));
    }
    let pair_rate = fault.and_then(|fault| fault.pair_rate).unwrap_or(!limits.pair_interval.is_zero());
    // Zero is "no limit"; a fault that asks for one all the same gets Meta's.
    let interval = if limits.pair_interval.is_zero() { 6.0 } else { limits.pair_interval.as_secs_f64() };
    let pair = format!("{}/{wa_id}", number.phone_number_id);
    if pair_rate && !world.limiter.take(&pair, f64::from(limits.pair_burst), interval.recip(), now) {
        return Err(GraphError::usual(131_056));
    }
    Ok(())
}

/// Counts a message against the number's throughput; false if that is reached.
pub(crate) fn within_throughput(world: &World, phone_number_id: &str, throughput: Throughput) -> bool {
    let Some(limit) = throughput.per_second() else { return true };
    let bucket = format!("{phone_number_id}@{limit}");
    world.limiter.take(&bucket, f64::from(limit), f64::from(limit), world.now())
}
