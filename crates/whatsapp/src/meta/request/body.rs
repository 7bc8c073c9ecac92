//! The type's word and its object, for everything that a business can send.

use hilo_domain::message::{Content, Header, Interactive, ListSection, Media};
use serde_json::{Map, Value, json};

use super::card;

/// `type` and the object under that key; `None` for what only clients send.
pub(super) fn of(content: &Content) -> Option<(&'static str, Value)> {
    Some(match content {
        Content::Text { text } => ("text", json!({"body": text})),
        Content::Image { media } => ("image", file(media, Parts { caption: true, ..Parts::default() })),
        Content::Video { media } => ("video", file(media, Parts { caption: true, ..Parts::default() })),
        Content::Document { media } => ("document", file(media, Parts { caption: true, filename: true, voice: false })),
        Content::Audio { media } => ("audio", file(media, Parts { voice: true, ..Parts::default() })),
        Content::Sticker { media } => ("sticker", file(media, Parts::default())),
        Content::Location { location } => {
            let mut place = Map::new();
            place.insert("latitude".to_owned(), json!(location.latitude));
            place.insert("longitude".to_owned(), json!(location.longitude));
            put(&mut place, "name", location.name.as_deref());
            put(&mut place, "address", location.address.as_deref());
            ("location", Value::Object(place))
        }
        Content::Contacts { contacts } => ("contacts", contacts.iter().map(card::body).collect()),
        Content::Interactive { interactive: shown } => ("interactive", interactive(shown)?),
        // An empty sign takes the reaction off.
        Content::Reaction { to, emoji } => {
            ("reaction", json!({"message_id": to, "emoji": emoji.as_deref().unwrap_or_default()}))
        }
        Content::Template { template } => {
            let mut object = Map::new();
            object.insert("name".to_owned(), json!(template.name));
            object.insert("language".to_owned(), json!({"code": template.language}));
            if !template.components.is_empty() {
                object.insert("components".to_owned(), json!(template.components));
            }
            ("template", Value::Object(object))
        }
        Content::Button { .. }
        | Content::Order { .. }
        | Content::System { .. }
        | Content::Edit { .. }
        | Content::Revoke { .. }
        | Content::RequestWelcome
        | Content::Unsupported { .. } => return None,
    })
}

/// Which parts a file has on its way out.
#[derive(Default, Clone, Copy)]
struct Parts {
    caption: bool,
    filename: bool,
    voice: bool,
}

/// Exactly one of id and link; the id, which is Meta's own, where there are both.
fn file(media: &Media, parts: Parts) -> Value {
    let mut object = Map::new();
    match &media.id {
        Some(id) => put(&mut object, "id", Some(id)),
        None => put(&mut object, "link", media.link.as_deref()),
    }
    put(&mut object, "caption", media.caption.as_deref().filter(|_| parts.caption));
    put(&mut object, "filename", media.filename.as_deref().filter(|_| parts.filename));
    if parts.voice && media.voice {
        object.insert("voice".to_owned(), json!(true));
    }
    Value::Object(object)
}

fn interactive(interactive: &Interactive) -> Option<Value> {
    Some(match interactive {
        Interactive::Buttons { header, body, footer, buttons } => {
            let buttons: Vec<Value> = buttons
                .iter()
                .map(|button| json!({"type": "reply", "reply": {"id": button.id, "title": button.title}}))
                .collect();
            framed("button", header.as_ref(), body, footer.as_deref(), json!({"buttons": buttons}))
        }
        Interactive::List { header, body, footer, button, sections } => {
            let sections: Vec<Value> = sections.iter().map(section).collect();
            let action = json!({"button": button, "sections": sections});
            framed("list", header.as_ref(), body, footer.as_deref(), action)
        }
        Interactive::Link { body, label, url } => {
            let action = json!({"name": "cta_url", "parameters": {"display_text": label, "url": url}});
            framed("cta_url", None, body, None, action)
        }
        Interactive::LocationRequest { body } => {
            framed("location_request_message", None, body, None, json!({"name": "send_location"}))
        }
        Interactive::ButtonReply { .. }
        | Interactive::ListReply { .. }
        | Interactive::FormReply { .. }
        | Interactive::CallPermissionReply { .. }
        | Interactive::Other { .. } => return None,
    })
}

/// What every interactive message has around its action.
fn framed(kind: &str, header: Option<&Header>, body: &str, footer: Option<&str>, action: Value) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(kind));
    if let Some(header) = header {
        object.insert("header".to_owned(), header_object(header));
    }
    object.insert("body".to_owned(), json!({"text": body}));
    if let Some(footer) = footer {
        object.insert("footer".to_owned(), json!({"text": footer}));
    }
    object.insert("action".to_owned(), action);
    Value::Object(object)
}

fn header_object(header: &Header) -> Value {
    match header {
        Header::Text { text } => json!({"type": "text", "text": text}),
        Header::Image { media } => json!({"type": "image", "image": file(media, Parts::default())}),
        Header::Video { media } => json!({"type": "video", "video": file(media, Parts::default())}),
        Header::Document { media } => {
            json!({"type": "document", "document": file(media, Parts { filename: true, ..Parts::default() })})
        }
    }
}

fn section(section: &ListSection) -> Value {
    let rows: Vec<Value> = section
        .rows
        .iter()
        .map(|row| {
            let mut object = Map::new();
            put(&mut object, "id", Some(&row.id));
            put(&mut object, "title", Some(&row.title));
            put(&mut object, "description", row.description.as_deref().filter(|text| !text.is_empty()));
            Value::Object(object)
        })
        .collect();
    let mut object = Map::new();
    put(&mut object, "title", section.title.as_deref());
    object.insert("rows".to_owned(), Value::Array(rows));
    Value::Object(object)
}

fn put(object: &mut Map<String, Value>, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        object.insert(key.to_owned(), json!(text));
    }
}
