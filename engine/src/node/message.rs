//! `message`: says something and goes on.
//!
//! ```json
//! { "id": "saludo", "type": "message", "content": "¡Hola {{contact_name}}!", "next": "menu" }
//! ```
//!
//! Besides `content`: `media`, `template`, `cta`, `header`, `footer`, `typingMs`. A send that fails does not stop the
//! flow; with `onError`, one that fails for good takes that exit.

use super::Outcome;
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::{Act, Link, OutboundMedia, OutboundTemplate, Send};
use crate::expression;
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::limits;
use crate::reader::{Object, Room, wrong_type};
use crate::template::Text;
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct Message {
    content: Option<Text>,
    frame: Frame,
    cta: Option<(Text, Text)>,
    typing_ms: u64,
}

/// What may stand around a text.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    header: Option<Text>,
    footer: Option<Text>,
    media: Option<Media>,
    template: Option<Template>,
}

#[derive(Debug)]
struct Media {
    kind: &'static str,
    file_id: Option<String>,
    url: Option<Text>,
    caption: Option<Text>,
    filename: Option<Text>,
}

#[derive(Debug)]
struct Template {
    name: String,
    language: String,
    params: Vec<Text>,
}

impl Message {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        let framed = ["cta", "header", "footer"].iter().any(|key| object.has(key));
        let most = if framed { limits::INTERACTIVE_BODY_CHARS } else { limits::TEXT_CHARS };
        let content = object.text(room, "content", "content", most);
        let frame = Frame::read(object, room);
        let cta = object.object(room, "cta").map(|mut cta| {
            cta.missing(room, "label");
            cta.missing(room, "url");
            let label = cta.text(room, "label", "cta.label", limits::BUTTON_CHARS);
            let url = cta.text(room, "url", "", 2_000);
            if let Some(fixed) = url.as_ref().and_then(Text::as_fixed)
                && !expression::url(fixed)
            {
                let diagnostic = Diagnostic::new(Problem::BadFrame, cta.at("url")).with("what", "url");
                room.report(diagnostic.with("found", fixed));
            }
            cta.finish(room);
            (label.unwrap_or_else(|| Text::fixed("")), url.unwrap_or_else(|| Text::fixed("")))
        });
        let typing_ms = object.integer(room, "typingMs", 0..=10_000).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
        object.exit(room, "next", Port::Next);
        if content.is_none() && frame.media.is_none() && frame.template.is_none() {
            let diagnostic = Diagnostic::new(Problem::NothingToSay, object.path.as_str());
            room.report(diagnostic.with("allowed", "content, media, template"));
        }
        Self { content, frame, cta, typing_ms }
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        if self.typing_ms > 0 {
            turn.act(Act::Typing { ms: self.typing_ms });
        }
        let body = self.content.as_ref().map(|text| turn.render(node, text, &[])).transpose()?.unwrap_or_default();
        let mut send = self.frame.render(turn, node)?;
        if let Some((label, url)) = &self.cta {
            send.cta = Some(Link { label: turn.render(node, label, &[])?, url: turn.render(node, url, &[])? });
        }
        send.body = body;
        turn.send(node, send)?;
        Ok(Outcome::Leave(Port::Next))
    }
}

impl Frame {
    /// Reads `header`, `footer`, `media` and `template`.
    pub(crate) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        Self {
            header: object.text(room, "header", "header", limits::HEADER_CHARS),
            footer: object.text(room, "footer", "footer", limits::HEADER_CHARS),
            media: object.object(room, "media").map(|o| Media::read(o, room)),
            template: object.object(room, "template").map(|o| Template::read(o, room)),
        }
    }

    /// Renders it into a message without text.
    pub(crate) fn render(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Send, Fault> {
        let some = |text: &Option<Text>| text.as_ref().map(|t| turn.render(node, t, &[])).transpose();
        let media = match &self.media {
            None => None,
            Some(media) => Some(OutboundMedia {
                kind: media.kind.to_owned(),
                file_id: media.file_id.clone(),
                url: some(&media.url)?,
                caption: some(&media.caption)?,
                filename: some(&media.filename)?,
            }),
        };
        let (header, footer) = (some(&self.header)?, some(&self.footer)?);
        let template = match &self.template {
            None => None,
            Some(template) => Some(OutboundTemplate {
                name: template.name.clone(),
                language: template.language.clone(),
                params: template.params.iter().map(|p| turn.render(node, p, &[])).collect::<Result<_, _>>()?,
            }),
        };
        Ok(Send { media, template, header, footer, ..Send::default() })
    }
}

impl Media {
    fn read(mut object: Object<'_>, room: &mut Room<'_>) -> Self {
        const KINDS: [(&str, &str); 5] = [
            ("image", "image"),
            ("video", "video"),
            ("audio", "audio"),
            ("document", "document"),
            ("sticker", "sticker"),
        ];
        object.missing(room, "kind");
        let kind = object.choice(room, "kind", &KINDS).unwrap_or("document");
        let url = object.text(room, "url", "", 2_000);
        let file_id = object.string(room, "fileId", 120).map(str::to_owned);
        if url.is_some() == file_id.is_some() {
            let diagnostic = Diagnostic::new(Problem::WrongChoice, object.path.as_str());
            room.refuse(diagnostic.with("allowed", "url, fileId"));
        }
        let caption = object.text(room, "caption", "media.caption", limits::INTERACTIVE_BODY_CHARS);
        let filename = object.text(room, "filename", "", 240);
        object.finish(room);
        Self { kind, file_id, url, caption, filename }
    }
}

impl Template {
    fn read(mut object: Object<'_>, room: &mut Room<'_>) -> Self {
        let name = object.required_string(room, "name", 512).unwrap_or_default().to_owned();
        let language = object.required_string(room, "language", 20).unwrap_or_default().to_owned();
        let mut params = Vec::new();
        for (tree, path) in object.list(room, "params", 0..=30) {
            match tree.as_str() {
                Some(text) => params.push(room.compile_text(text, &path, "")),
                None => room.refuse(wrong_type(&path, "string", tree)),
            }
        }
        object.finish(room);
        Self { name, language, params }
    }
}
