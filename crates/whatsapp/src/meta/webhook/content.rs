//! What a message says.
//!
//! Every type of Meta's documentation has its arm. A type that is unknown, or whose object is missing or unusable, is
//! [`Content::Unsupported`] with the type's word: it is stored and shown as something that cannot be shown.

use hilo_domain::message::{Content, Interactive, Location, Media};
use serde_json::Value;

use super::json;
use super::message::{bounded, error_code};

/// The content of `message`: of a delivered one, or of the one inside an edit.
pub(super) fn read(message: &Value) -> Content {
    let kind = json::text(message, "type");
    kind.and_then(|kind| readable(message, kind)).unwrap_or_else(|| unsupported(message, kind))
}

fn readable(message: &Value, kind: &str) -> Option<Content> {
    if kind == "request_welcome" {
        return Some(Content::RequestWelcome);
    }
    let object = message.get(kind)?;
    match kind {
        "text" => Some(Content::Text { text: json::any_text(object, "body")?.to_owned() }),
        "image" => Some(Content::Image { media: media(object)? }),
        "audio" => Some(Content::Audio { media: media(object)? }),
        "video" => Some(Content::Video { media: media(object)? }),
        "document" => Some(Content::Document { media: media(object)? }),
        "sticker" => Some(Content::Sticker { media: media(object)? }),
        "location" => Some(Content::Location { location: location(object)? }),
        "contacts" => {
            let contacts = object.as_array().filter(|cards| !cards.is_empty())?;
            Some(Content::Contacts { contacts: contacts.clone() })
        }
        "interactive" => interactive(object).map(|interactive| Content::Interactive { interactive }),
        "button" => {
            let payload = json::owned(object, "payload");
            let text = json::owned(object, "text").or_else(|| payload.clone())?;
            Some(Content::Button { text, payload })
        }
        "reaction" => {
            Some(Content::Reaction { to: target(object, "message_id")?, emoji: json::owned(object, "emoji") })
        }
        "order" => object.is_object().then(|| Content::Order { order: object.clone() }),
        "system" => object.is_object().then(|| Content::System {
            kind: json::text(object, "type").unwrap_or_default().to_owned(),
            text: json::any_text(object, "body").unwrap_or_default().to_owned(),
        }),
        "edit" => Some(Content::Edit {
            to: target(object, "original_message_id")?,
            content: Box::new(read(json::object(object, "message")?)),
        }),
        "revoke" => Some(Content::Revoke { to: target(object, "original_message_id")? }),
        _ => None,
    }
}

/// `unsupported` and its older name say what they stand for in their own object; every other word is itself unknown.
fn unsupported(message: &Value, kind: Option<&str>) -> Content {
    let kind = match kind {
        Some("unsupported" | "unknown") => {
            message.get("unsupported").and_then(|unsupported| json::owned(unsupported, "type"))
        }
        kind => kind.map(str::to_owned),
    };
    Content::Unsupported { kind, code: error_code(message) }
}

/// A file; without an id, an address and a caption there is nothing to show.
fn media(object: &Value) -> Option<Media> {
    let flag = |key| object.get(key).and_then(Value::as_bool).unwrap_or(false);
    let media = Media {
        id: json::id(object, "id"),
        link: json::owned(object, "url"),
        mime_type: json::owned(object, "mime_type"),
        sha256: json::owned(object, "sha256"),
        caption: json::owned(object, "caption"),
        filename: json::owned(object, "filename"),
        voice: flag("voice"),
        animated: flag("animated"),
    };
    (media.id.is_some() || media.link.is_some() || media.caption.is_some()).then_some(media)
}

fn location(object: &Value) -> Option<Location> {
    Some(Location {
        latitude: json::float(object, "latitude")?,
        longitude: json::float(object, "longitude")?,
        name: json::owned(object, "name"),
        address: json::owned(object, "address"),
    })
}

/// What was pressed or filled in; a kind that is unknown or incomplete is kept whole.
fn interactive(object: &Value) -> Option<Interactive> {
    if !object.is_object() {
        return None;
    }
    let known = || {
        let kind = json::text(object, "type")?;
        let reply = json::object(object, kind)?;
        let title = || json::any_text(reply, "title").unwrap_or_default().to_owned();
        match kind {
            "button_reply" => Some(Interactive::ButtonReply { id: json::id(reply, "id")?, title: title() }),
            "list_reply" => Some(Interactive::ListReply {
                id: json::id(reply, "id")?,
                title: title(),
                description: json::owned(reply, "description"),
            }),
            "nfm_reply" => Some(Interactive::FormReply {
                name: json::owned(reply, "name"),
                response_json: match reply.get("response_json")? {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                },
            }),
            "call_permission_reply" => {
                Some(Interactive::CallPermissionReply { response: json::owned(reply, "response")? })
            }
            _ => None,
        }
    };
    Some(known().unwrap_or_else(|| Interactive::Other { raw: object.clone() }))
}

/// The id of the message that this one is about.
fn target(object: &Value, key: &str) -> Option<String> {
    bounded(object, key).ok().flatten()
}
