//! The limits, applied: everything that is wrong with a content, with its place.

use std::collections::HashSet;
use std::fmt::Display;

use hilo_domain::message::{Content, Header, Interactive, ListSection, Location, Media, ReplyButton};

use super::limits::{
    BUTTON_ID, BUTTON_TITLE, BUTTONS, BUTTONS_BODY, CALLBACK_DATA, CAPTION, CONTACTS, FILENAME, FOOTER, HEADER,
    ID_BYTES, LINK_BODY, LINK_LABEL, LIST_BODY, LIST_BUTTON, LOCATION_REQUEST_BODY, PHONE_DIGITS, ROW_DESCRIPTION,
    ROW_ID, ROW_TITLE, ROWS, SECTION_TITLE, SECTIONS, TEXT,
};
use super::{Extras, LimitViolation, Recipient, card, template};

/// Everything for which Meta would refuse `content`; empty if it may be sent.
#[must_use]
pub fn check(content: &Content) -> Vec<LimitViolation> {
    let mut found = Found::default();
    match content {
        Content::Text { text } => found.text("/text", text, TEXT),
        Content::Image { media: file } | Content::Video { media: file } => found.media("/media", file, Caption::Short),
        Content::Document { media: file } => {
            found.media("/media", file, Caption::Short);
            found.filename("/media", file);
        }
        Content::Audio { media: file } | Content::Sticker { media: file } => {
            found.media("/media", file, Caption::None);
        }
        Content::Location { location: place } => found.location(place),
        Content::Contacts { contacts } => {
            found.count("/contacts", contacts.len(), CONTACTS);
            for (index, one) in contacts.iter().enumerate() {
                card::check(&mut found, &format!("/contacts/{index}"), one);
            }
        }
        Content::Interactive { interactive } => found.interactive(interactive),
        Content::Reaction { to, .. } => found.id("/to", to),
        Content::Template { template } => template::check(&mut found, template),
        Content::Button { .. }
        | Content::Order { .. }
        | Content::System { .. }
        | Content::Edit { .. }
        | Content::Revoke { .. }
        | Content::RequestWelcome
        | Content::Unsupported { .. } => found.add("/type", "cannot be sent by a business"),
    }
    found.0
}

/// Everything that is wrong with what is not the content.
pub(super) fn envelope(to: &Recipient, extras: &Extras) -> Vec<LimitViolation> {
    let mut found = Found::default();
    match to {
        Recipient::Phone(number) => {
            let digits = number.chars().filter(char::is_ascii_digit).count();
            if digits == 0 || digits > PHONE_DIGITS {
                found.add("/recipient", "is no phone number");
            }
        }
        Recipient::UserId(id) | Recipient::Group(id) => found.id("/recipient", id),
    }
    if let Some(id) = &extras.reply_to {
        found.id("/replyTo", id);
    }
    if let Some(callback) = &extras.callback {
        found.at_most("/callback", callback, CALLBACK_DATA);
    }
    found.0
}

/// Whether a file may carry a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caption {
    None,
    Short,
}

/// What has been found wrong so far.
#[derive(Default)]
pub(super) struct Found(Vec<LimitViolation>);

impl Found {
    pub(super) fn add(&mut self, pointer: impl Display, message: impl Into<String>) {
        self.0.push(LimitViolation { pointer: pointer.to_string(), message: message.into() });
    }

    /// A text that may be empty.
    pub(super) fn at_most(&mut self, pointer: impl Display, text: &str, limit: usize) {
        let length = text.chars().count();
        if length > limit {
            self.add(pointer, format!("is {length} characters long, at most {limit} are allowed"));
        }
    }

    /// A text that must say something.
    pub(super) fn text(&mut self, pointer: impl Display, text: &str, limit: usize) {
        if text.trim().is_empty() {
            self.add(pointer, "is empty");
        } else {
            self.at_most(pointer, text, limit);
        }
    }

    fn count(&mut self, pointer: &str, count: usize, limit: usize) {
        if count == 0 {
            self.add(pointer, "is empty");
        } else if count > limit {
            self.add(pointer, format!("has {count} items, at most {limit} are allowed"));
        }
    }

    fn id(&mut self, pointer: &str, id: &str) {
        if id.trim().is_empty() {
            self.add(pointer, "is empty");
        } else if id.len() > ID_BYTES {
            self.add(pointer, format!("is {} bytes long, at most {ID_BYTES} are allowed", id.len()));
        }
    }

    fn link(&mut self, pointer: impl Display, link: &str) {
        let web = link.starts_with("http://") || link.starts_with("https://");
        if !web || url::Url::parse(link).is_err() {
            self.add(pointer, "is no address of the web");
        }
    }

    fn media(&mut self, pointer: &str, file: &Media, caption: Caption) {
        match (&file.id, &file.link) {
            (Some(id), _) => self.id(&format!("{pointer}/id"), id),
            (None, Some(link)) => self.link(format!("{pointer}/link"), link),
            (None, None) => self.add(pointer, "has neither an id nor a link"),
        }
        match (&file.caption, caption) {
            (Some(text), Caption::Short) => self.at_most(format!("{pointer}/caption"), text, CAPTION),
            (Some(_), Caption::None) => self.add(format!("{pointer}/caption"), "is not possible for this type"),
            (None, _) => {}
        }
    }

    fn filename(&mut self, pointer: &str, file: &Media) {
        if let Some(name) = &file.filename {
            self.text(format!("{pointer}/filename"), name, FILENAME);
        }
    }

    fn location(&mut self, place: &Location) {
        for (key, degrees, limit) in [("latitude", place.latitude, 90.0), ("longitude", place.longitude, 180.0)] {
            if !(-limit..=limit).contains(&degrees) {
                self.add(format!("/location/{key}"), format!("is not between -{limit} and {limit} degrees"));
            }
        }
    }

    fn interactive(&mut self, interactive: &Interactive) {
        match interactive {
            Interactive::Buttons { header, body, footer, buttons } => {
                self.header(header.as_ref());
                self.text("/interactive/body", body, BUTTONS_BODY);
                self.footer(footer.as_deref());
                self.buttons(buttons);
            }
            Interactive::List { header, body, footer, button, sections } => {
                if header.as_ref().is_some_and(|header| !matches!(header, Header::Text { .. })) {
                    self.add("/interactive/header", "may only be text above a list");
                } else {
                    self.header(header.as_ref());
                }
                self.text("/interactive/body", body, LIST_BODY);
                self.footer(footer.as_deref());
                self.text("/interactive/button", button, LIST_BUTTON);
                self.sections(sections);
            }
            Interactive::Link { body, label, url } => {
                self.text("/interactive/body", body, LINK_BODY);
                self.text("/interactive/label", label, LINK_LABEL);
                self.link("/interactive/url", url);
            }
            Interactive::LocationRequest { body } => {
                self.text("/interactive/body", body, LOCATION_REQUEST_BODY);
            }
            Interactive::ButtonReply { .. }
            | Interactive::ListReply { .. }
            | Interactive::FormReply { .. }
            | Interactive::CallPermissionReply { .. }
            | Interactive::Other { .. } => self.add("/interactive/kind", "cannot be sent by a business"),
        }
    }

    fn header(&mut self, header: Option<&Header>) {
        match header {
            None => {}
            Some(Header::Text { text }) => self.text("/interactive/header/text", text, HEADER),
            Some(Header::Image { media } | Header::Video { media }) => {
                self.media("/interactive/header/media", media, Caption::None);
            }
            Some(Header::Document { media }) => {
                self.media("/interactive/header/media", media, Caption::None);
                self.filename("/interactive/header/media", media);
            }
        }
    }

    fn footer(&mut self, footer: Option<&str>) {
        if let Some(footer) = footer {
            self.text("/interactive/footer", footer, FOOTER);
        }
    }

    fn buttons(&mut self, buttons: &[ReplyButton]) {
        self.count("/interactive/buttons", buttons.len(), BUTTONS);
        let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
        for (index, button) in buttons.iter().enumerate() {
            let pointer = format!("/interactive/buttons/{index}");
            self.choice_id(&format!("{pointer}/id"), &button.id, BUTTON_ID, &mut ids);
            self.text(format!("{pointer}/title"), &button.title, BUTTON_TITLE);
            if !titles.insert(button.title.as_str()) {
                self.add(format!("{pointer}/title"), "stands on another button too");
            }
        }
    }

    fn sections(&mut self, sections: &[ListSection]) {
        self.count("/interactive/sections", sections.len(), SECTIONS);
        let rows: usize = sections.iter().map(|section| section.rows.len()).sum();
        if rows > ROWS {
            self.add("/interactive/sections", format!("have {rows} rows together, at most {ROWS} are allowed"));
        }
        let mut ids = HashSet::new();
        for (index, section) in sections.iter().enumerate() {
            let pointer = format!("/interactive/sections/{index}");
            match &section.title {
                Some(title) => self.text(format!("{pointer}/title"), title, SECTION_TITLE),
                None if sections.len() > 1 => self.add(format!("{pointer}/title"), "is needed beside other sections"),
                None => {}
            }
            if section.rows.is_empty() {
                self.add(format!("{pointer}/rows"), "is empty");
            }
            for (index, row) in section.rows.iter().enumerate() {
                let pointer = format!("{pointer}/rows/{index}");
                self.choice_id(&format!("{pointer}/id"), &row.id, ROW_ID, &mut ids);
                self.text(format!("{pointer}/title"), &row.title, ROW_TITLE);
                if let Some(description) = &row.description {
                    self.at_most(format!("{pointer}/description"), description, ROW_DESCRIPTION);
                }
            }
        }
    }

    /// The id of something to press: present, bounded, unlike its siblings, and without spaces around it.
    fn choice_id<'a>(&mut self, pointer: &str, id: &'a str, limit: usize, others: &mut HashSet<&'a str>) {
        self.text(pointer, id, limit);
        if id.trim().len() != id.len() && !id.trim().is_empty() {
            self.add(pointer, "begins or ends with a space");
        }
        if !others.insert(id) {
            self.add(pointer, "is used twice");
        }
    }
}
