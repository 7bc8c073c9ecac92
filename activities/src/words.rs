//! Between what a channel says and what the engine says: messages in, sends out.

use hilo_domain::message::{Content, Header, Interactive, ListRow, ListSection, Media, ReplyButton, Template};
use hilo_engine::{Choice, Message, MessageKind, OutboundMedia, OutboundTemplate, Presentation, Send};
use serde_json::json;

/// What a client wrote, as the engine reads it.
pub(crate) fn message(id: &str, content: &Content, at: chrono::DateTime<chrono::Utc>, early: bool) -> Message {
    let (kind, payload) = match content {
        Content::Text { .. } => (MessageKind::Text, None),
        Content::Interactive { interactive } => match interactive {
            Interactive::ButtonReply { id, .. } | Interactive::ListReply { id, .. } => {
                (MessageKind::Interactive, Some(id.clone()))
            }
            Interactive::Buttons { .. }
            | Interactive::List { .. }
            | Interactive::Link { .. }
            | Interactive::LocationRequest { .. }
            | Interactive::FormReply { .. }
            | Interactive::CallPermissionReply { .. }
            | Interactive::Other { .. } => (MessageKind::Unsupported, None),
        },
        Content::Button { payload, .. } => (MessageKind::Button, payload.clone()),
        Content::Image { .. } => (MessageKind::Image, None),
        Content::Audio { .. } => (MessageKind::Audio, None),
        Content::Video { .. } => (MessageKind::Video, None),
        Content::Document { .. } => (MessageKind::Document, None),
        Content::Sticker { .. } => (MessageKind::Sticker, None),
        Content::Location { .. } => (MessageKind::Location, None),
        Content::Contacts { .. } => (MessageKind::Contacts, None),
        Content::Reaction { .. }
        | Content::Template { .. }
        | Content::Order { .. }
        | Content::System { .. }
        | Content::Edit { .. }
        | Content::Revoke { .. }
        | Content::RequestWelcome
        | Content::Unsupported { .. } => (MessageKind::Unsupported, None),
    };
    let words = matches!(kind, MessageKind::Text | MessageKind::Interactive | MessageKind::Button);
    Message {
        id: id.to_owned(),
        kind,
        text: words.then(|| content.text().map(str::to_owned)).flatten(),
        payload,
        media: file(content).map(|media| hilo_engine::Media {
            file_id: media.id.clone().or_else(|| media.link.clone()).unwrap_or_default(),
            mime: media.mime_type.clone().unwrap_or_default(),
            size: 0,
            name: media.filename.clone(),
            caption: media.caption.clone(),
        }),
        location: match content {
            Content::Location { location } => Some(hilo_engine::Location {
                lat: location.latitude,
                lon: location.longitude,
                name: location.name.clone(),
                address: location.address.clone(),
            }),
            _ => None,
        },
        contacts: match content {
            Content::Contacts { contacts } => Some(json!(contacts)),
            _ => None,
        },
        at,
        early,
    }
}

const fn file(content: &Content) -> Option<&Media> {
    match content {
        Content::Image { media }
        | Content::Audio { media }
        | Content::Video { media }
        | Content::Document { media }
        | Content::Sticker { media } => Some(media),
        _ => None,
    }
}

/// The label that opens a list when the flow gives none.
const OPEN_LIST: &str = "Ver opciones";

/// What the engine says, as the channel says it.
pub(crate) fn content(send: Send) -> Content {
    let Send { body, media, template, options, presentation, list_button, header, footer, cta, .. } = send;
    if let Some(template) = template {
        return Content::Template { template: approved(template) };
    }
    let header = header.map(|text| Header::Text { text });
    match presentation {
        Some(Presentation::Buttons) if !options.is_empty() => Content::Interactive {
            interactive: Interactive::Buttons {
                header: media.map_or(header, above),
                body,
                footer,
                buttons: options.into_iter().map(|o| ReplyButton { id: o.payload, title: o.label }).collect(),
            },
        },
        Some(Presentation::List) if !options.is_empty() => Content::Interactive {
            interactive: Interactive::List {
                header,
                body,
                footer,
                button: list_button.unwrap_or_else(|| OPEN_LIST.to_owned()),
                sections: sections(options),
            },
        },
        _ => match (media, cta) {
            (Some(media), _) => attached(media, body),
            (None, Some(link)) => {
                Content::Interactive { interactive: Interactive::Link { body, label: link.label, url: link.url } }
            }
            (None, None) => Content::Text { text: body },
        },
    }
}

/// A template's positional values, as Meta takes them.
fn approved(template: OutboundTemplate) -> Template {
    let values: Vec<_> = template.params.iter().map(|text| json!({"type": "text", "text": text})).collect();
    let components = if values.is_empty() { Vec::new() } else { vec![json!({"type": "body", "parameters": values})] };
    Template { name: template.name, language: template.language, components }
}

/// Rows under their sections, in the order in which sections first appear.
fn sections(options: Vec<Choice>) -> Vec<ListSection> {
    let mut sections: Vec<ListSection> = Vec::new();
    for option in options {
        let row = ListRow { id: option.payload, title: option.label, description: option.description };
        match sections.iter_mut().find(|section| section.title == option.section) {
            Some(section) => section.rows.push(row),
            None => sections.push(ListSection { title: option.section, rows: vec![row] }),
        }
    }
    sections
}

fn above(media: OutboundMedia) -> Option<Header> {
    let (kind, media) = provided(media, None);
    match kind.as_str() {
        "image" => Some(Header::Image { media }),
        "video" => Some(Header::Video { media }),
        "document" => Some(Header::Document { media }),
        _ => None,
    }
}

fn attached(media: OutboundMedia, body: String) -> Content {
    let (kind, media) = provided(media, (!body.trim().is_empty()).then_some(body));
    match kind.as_str() {
        "video" => Content::Video { media },
        "audio" => Content::Audio { media },
        "document" => Content::Document { media },
        "sticker" => Content::Sticker { media },
        _ => Content::Image { media },
    }
}

fn provided(media: OutboundMedia, body: Option<String>) -> (String, Media) {
    let OutboundMedia { kind, file_id, url, caption, filename } = media;
    (kind, Media { id: file_id, link: url, caption: caption.or(body), filename, ..Media::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(label: &str, section: Option<&str>) -> Choice {
        Choice {
            label: label.into(),
            value: label.to_lowercase(),
            description: None,
            section: section.map(Into::into),
            payload: format!("run|menu|1|{label}"),
        }
    }

    #[test]
    fn a_menu_is_real_buttons_or_a_real_list() {
        let options = vec![choice("Ventas", None), choice("Soporte", None)];
        let ask =
            Send { body: "¿Qué?".into(), options, presentation: Some(Presentation::Buttons), ..Send::default() };
        let Content::Interactive { interactive: Interactive::Buttons { buttons, body, .. } } = content(ask.clone())
        else {
            panic!("no buttons")
        };
        assert_eq!((body.as_str(), buttons.len(), buttons[0].id.as_str()), ("¿Qué?", 2, "run|menu|1|Ventas"));
        let options = vec![choice("Uno", Some("A")), choice("Dos", Some("B")), choice("Tres", Some("A"))];
        let list = Send { options, presentation: Some(Presentation::List), ..ask };
        let Content::Interactive { interactive: Interactive::List { sections, button, .. } } = content(list) else {
            panic!("no list")
        };
        assert_eq!(button, OPEN_LIST);
        assert_eq!(sections.iter().map(|s| s.rows.len()).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn what_was_pressed_comes_back_with_its_payload() {
        let pressed = Content::Interactive {
            interactive: Interactive::ButtonReply { id: "run|menu|1|sales".into(), title: "Ventas".into() },
        };
        let read = message("m1", &pressed, chrono::DateTime::UNIX_EPOCH, false);
        assert_eq!(read.kind, MessageKind::Interactive);
        assert_eq!((read.payload.as_deref(), read.text.as_deref()), (Some("run|menu|1|sales"), Some("Ventas")));
        let photo =
            Content::Image { media: Media { id: Some("9".into()), caption: Some("mira".into()), ..Media::default() } };
        let read = message("m2", &photo, chrono::DateTime::UNIX_EPOCH, true);
        assert_eq!((read.text, read.media.unwrap().caption.as_deref(), read.early), (None, Some("mira"), true));
    }
}
