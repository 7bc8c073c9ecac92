//! What the control API and the phone page see of a message.

use serde_json::{Value, json};

use crate::content;
use crate::record::{Delivery, Media};
use crate::state::{Customer, Entry, Inbound, Outbound, State};
use crate::world::World;

/// A message of either side.
pub(crate) fn entry(world: &World, state: &State, entry: &Entry) -> Value {
    match entry {
        Entry::Outbound(message) => outbound(world, state, message),
        Entry::Inbound(message) => inbound(state, message),
    }
}

/// A message of the business, as the customer got it.
pub(crate) fn outbound(world: &World, state: &State, message: &Outbound) -> Value {
    let mut view = json!({
        "id": message.id,
        "direction": "outbound",
        "type": message.kind(),
        "request": message.request,
        "acceptedAt": message.at,
        "status": message.status,
        "phoneNumberId": message.number,
    });
    if let Some(number) = world.number(&message.number) {
        view["from"] = number.name.clone().into();
    }
    if let Some(text) = content::text(&message.request, message.rendered.as_ref()) {
        view["text"] = text.into();
    }
    if let Some(interactive) = message.request.get("interactive") {
        view["interactive"] = interactive.clone();
        let header = &interactive["header"];
        if let Some(media) = header["type"].as_str().and_then(|kind| media(state, kind, &header[kind])) {
            view["media"] = media;
        }
    }
    if let Some(media) = media(state, message.kind(), &message.request[message.kind()]) {
        view["media"] = media;
    }
    if let Some(rendered) = &message.rendered {
        view["template"] = json!(rendered);
        let header = rendered.header.as_ref();
        let found =
            header.and_then(|header| header["type"].as_str().and_then(|kind| media(state, kind, &header[kind])));
        if let Some(media) = found {
            view["media"] = media;
        }
    }
    if !message.choices.is_empty() {
        view["choices"] = json!(message.choices);
    }
    if let Some(code) = message.failure {
        view["errors"] = json!([crate::graph::codes::in_webhook(code)]);
    }
    view
}

/// A customer, with the last message and how many of the business are unread.
pub(crate) fn customer(world: &World, state: &State, wa_id: &str, customer: &Customer) -> Value {
    // A reaction never gets a read receipt, so it cannot be unread either.
    let counts = |message: &&Outbound| message.status < Delivery::Read && message.kind() != "reaction";
    let unread = customer.outbounds().filter(counts).count();
    json!({
        "waId": wa_id,
        "name": customer.name,
        "userId": crate::id::user_id(wa_id),
        "unread": unread,
        "lastMessage": customer.entries.last().map(|last| entry(world, state, last)),
    })
}

fn inbound(state: &State, message: &Inbound) -> Value {
    let kind = message.message["type"].as_str().unwrap_or("unknown");
    let content = &message.message[kind];
    let mut view = json!({
        "id": message.id,
        "direction": "inbound",
        "type": kind,
        "message": message.message,
        "at": message.at,
        "phoneNumberId": message.number,
        "readByBusiness": message.read,
    });
    let text = match kind {
        "text" => &content["body"],
        "button" => &content["text"],
        "reaction" => &content["emoji"],
        "interactive" => {
            let reply = content["type"].as_str().unwrap_or_default();
            &content[reply]["title"]
        }
        _ => &content["caption"],
    };
    if let Some(text) = text.as_str() {
        view["text"] = text.into();
    }
    if let Some(media) = media(state, kind, content) {
        view["media"] = media;
    }
    view
}

/// A file, with an address from which the page can show it.
fn media(state: &State, kind: &str, content: &Value) -> Option<Value> {
    if !matches!(kind, "image" | "video" | "audio" | "document" | "sticker") {
        return None;
    }
    let stored: Option<&Media> = content["id"].as_str().and_then(|id| state.media.get(id));
    let url = match (stored, content["link"].as_str()) {
        (Some(stored), _) => Some(format!("/sim/media/{}", stored.id)),
        (None, link) => link.map(str::to_owned),
    };
    let filename = content["filename"].as_str().or_else(|| stored.and_then(|stored| stored.filename.as_deref()));
    Some(json!({
        "kind": kind,
        "url": url,
        "mimeType": stored.map(|stored| stored.mime_type.as_str()),
        "filename": filename,
        "size": stored.map(|stored| stored.size),
    }))
}
