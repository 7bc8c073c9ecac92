//! `menu`: offers options and waits for one of them.
//!
//! ```json
//! { "id": "menu", "type": "menu", "content": "¿En qué te ayudo?", "saveAs": "tema",
//!   "options": [ { "label": "Ventas", "value": "sales", "next": "ventas", "synonyms": ["comprar"] },
//!                { "label": "Soporte", "value": "support", "next": "soporte" } ],
//!   "invalid": { "message": "Elige una opción.", "next": "persona" } }
//! ```
//!
//! `optionsFrom` builds options from a list; they come before the written ones. An option whose `when` is false is
//! neither shown nor matched. The engine emits abstract options; however the channel shows them, every form of answer
//! is understood (`answer/matching.rs`).

use std::sync::Arc;

use serde_json::Value;

use super::Outcome;
use super::message::Frame;
use super::question::Question;
use crate::answer::{Attempt, Heard, Stage, matching};
use crate::effect::{Choice, Presentation};
use crate::expression::{Expression, Want};
use crate::fault::{Fault, FaultCode};
use crate::flow::{Node, Port};
use crate::limits;
use crate::reader::{Object, Room};
use crate::session::Offered;
use crate::settings::Assignable;
use crate::template::Text;
use crate::trace::Event;
use crate::turn::Turn;
use crate::words;

#[derive(Debug)]
pub(crate) struct Menu {
    content: Text,
    options: Vec<MenuOption>,
    built: Option<Built>,
    presentation: Option<Presentation>,
    list_button: Option<Text>,
    frame: Frame,
    save_as: Option<Assignable>,
    multiple: Option<(usize, usize)>,
    question: Question,
}

/// One written option.
#[derive(Debug)]
pub(crate) struct MenuOption {
    pub(crate) value: Arc<str>,
    pub(crate) label: Text,
    pub(crate) path: String,
    /// Normalized.
    pub(crate) synonyms: Vec<String>,
    description: Option<Text>,
    section: Option<String>,
    pub(crate) when: Option<Expression>,
    own_next: bool,
}

/// Options from a list.
#[derive(Debug)]
struct Built {
    list: Option<Expression>,
    label: Text,
    value: Text,
    description: Option<Text>,
    limit: usize,
    own_next: bool,
}

impl Menu {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        const SHOWN: [(&str, Option<Presentation>); 4] = [
            ("auto", None),
            ("buttons", Some(Presentation::Buttons)),
            ("list", Some(Presentation::List)),
            ("text", Some(Presentation::Text)),
        ];
        let content = object.required_text(room, "content", limits::TEXT_CHARS);
        if !object.has("optionsFrom") {
            object.missing(room, "options");
        }
        let mut options = Vec::new();
        for (tree, path) in object.list(room, "options", 1..=limits::OPTIONS) {
            options.extend(Object::open(tree, path, room).map(|option| MenuOption::read(option, room)));
        }
        let built = object.object(room, "optionsFrom").map(|built| Built::read(built, room));
        let presentation = object.choice(room, "presentation", &SHOWN).flatten();
        let list_button = object.text(room, "listButton", "listButton", limits::BUTTON_CHARS);
        let frame = Frame::read(object, room);
        let save_as = Assignable::read(object, room, "saveAs");
        let most = u32::try_from(limits::OPTIONS).unwrap_or(u32::MAX);
        let multiple = object.object(room, "multiple").map(|mut multiple| {
            let min = multiple.count(room, "min", 1..=most).unwrap_or(1) as usize;
            let max = multiple.count(room, "max", 1..=most).unwrap_or(most) as usize;
            multiple.finish(room);
            (min, max.max(min))
        });
        object.exit_if(room, "next", Port::Next);
        let question = Question::read(object, room);
        Self { content, options, built, presentation, list_button, frame, save_as, multiple, question }
    }

    pub(crate) fn question(&self) -> &Question {
        &self.question
    }

    /// Its written options.
    pub(crate) fn options(&self) -> &[MenuOption] {
        &self.options
    }

    /// How its author wants it shown; none is automatic.
    pub(crate) fn presentation(&self) -> Option<Presentation> {
        self.presentation
    }

    /// Whether an option has to fall back on the node's `next`.
    pub(crate) fn needs_next(&self) -> bool {
        self.multiple.is_some()
            || self.options.iter().any(|option| !option.own_next)
            || self.built.as_ref().is_some_and(|built| !built.own_next)
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        let offered = self.ask(turn, node)?;
        if offered.is_empty() {
            return Ok(Outcome::Leave(Port::Empty));
        }
        turn.await_answer(node, &self.question, offered);
        Ok(Outcome::Wait)
    }

    pub(crate) fn ask(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Vec<Offered>, Fault> {
        let mut choices = self.choices(turn, node)?;
        if choices.is_empty() {
            return Ok(Vec::new());
        }
        let mut body = turn.render(node, &self.content, &[])?;
        let mut send = self.frame.render(turn, node)?;
        let presentation = self.shown_as(turn, &choices, &body);
        match presentation {
            Presentation::Text => number(&mut body, &choices),
            Presentation::List => {
                let label = match &self.list_button {
                    Some(text) => turn.render(node, text, &[])?,
                    None => turn.words().list_button.to_owned(),
                };
                send.list_button = Some(label);
            }
            Presentation::Buttons => {}
        }
        let offered = choices
            .iter_mut()
            .map(|(choice, built)| {
                choice.payload = turn.payload(node, &choice.value);
                Offered { value: choice.value.clone(), label: choice.label.clone(), built: *built }
            })
            .collect();
        send.body = body;
        send.presentation = Some(presentation);
        send.options = choices.into_iter().map(|(choice, _)| choice).collect();
        turn.send(node, send)?;
        Ok(offered)
    }

    /// The options as they are now; the flag says which were built.
    fn choices(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Vec<(Choice, bool)>, Fault> {
        let mut choices: Vec<(Choice, bool)> = Vec::new();
        if let Some(built) = &self.built {
            built.build(turn, node, &mut choices)?;
        }
        for option in &self.options {
            if let Some(when) = &option.when
                && !turn.holds(node, when, &[])?
            {
                continue;
            }
            let description = option.description.as_ref().map(|t| turn.render(node, t, &[])).transpose()?;
            let choice = Choice {
                label: turn.render(node, &option.label, &[])?,
                value: option.value.to_string(),
                description,
                section: option.section.clone(),
                payload: String::new(),
            };
            choices.retain(|(other, _)| other.value != choice.value);
            choices.push((choice, false));
        }
        choices.truncate(limits::OPTIONS);
        for (choice, _) in &mut choices {
            clip(&mut choice.label);
        }
        Ok(choices)
    }

    /// How the options can be shown: as the author wants, if the channel and WhatsApp's limits allow it.
    fn shown_as(&self, turn: &Turn<'_>, choices: &[(Choice, bool)], body: &str) -> Presentation {
        let channel = turn.channel();
        let short = body.chars().count() <= limits::INTERACTIVE_BODY_CHARS && self.multiple.is_none();
        let labels = |most: usize| choices.iter().all(|(choice, _)| choice.label.chars().count() <= most);
        let described = choices.iter().any(|(choice, _)| choice.description.is_some() || choice.section.is_some());
        let fits_row = |choice: &Choice| {
            choice.description.as_ref().is_none_or(|d| d.chars().count() <= limits::ROW_DESCRIPTION_CHARS)
        };
        let mut distinct: Vec<_> = choices.iter().map(|(choice, _)| choice.label.as_str()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let buttons = channel.buttons
            && short
            && choices.len() <= limits::BUTTONS
            && labels(limits::BUTTON_CHARS)
            && distinct.len() == choices.len();
        let list = channel.list
            && short
            && choices.len() <= limits::ROWS
            && labels(limits::ROW_CHARS)
            && choices.iter().all(|(choice, _)| fits_row(choice));
        match self.presentation {
            Some(Presentation::Text) => Presentation::Text,
            Some(Presentation::Buttons) if buttons => Presentation::Buttons,
            Some(Presentation::List) if list => Presentation::List,
            None if buttons && !described => Presentation::Buttons,
            None | Some(Presentation::Buttons | Presentation::List) if list => Presentation::List,
            None | Some(Presentation::Buttons | Presentation::List) if buttons => Presentation::Buttons,
            None | Some(Presentation::Buttons | Presentation::List) => Presentation::Text,
        }
    }

    pub(crate) fn hear(&self, turn: &mut Turn<'_>, node: &Node, heard: &Heard<'_>) -> Result<Attempt, Fault> {
        let offered = turn.offered();
        let found = match heard.stage {
            Stage::Tapped(value) => matching::tapped(value, &offered).map(|at| (vec![at], 0)),
            Stage::Plain => self.several(&offered, heard, |normal| matching::plain(normal, &offered)),
            Stage::Rest => self.several(&offered, heard, |normal| {
                matching::plain(normal, &offered).or_else(|| {
                    matching::synonym(normal, &offered, |value| {
                        self.options.iter().find(|o| *o.value == *value).map_or(&[][..], |o| o.synonyms.as_slice())
                    })
                })
            }),
        };
        let Some((chosen, rank)) = found else {
            return Ok(if heard.words().is_none() { Attempt::WrongKind } else { Attempt::Unheard });
        };
        let mut values: Vec<Value> = Vec::new();
        let mut port = Port::Next;
        for option in chosen.iter().filter_map(|at| offered.get(*at)) {
            values.push(Value::String(option.value.clone()));
            turn.note(Event::Matched { option: option.value.clone(), rank });
            if option.built {
                port = if self.built.as_ref().is_some_and(|b| b.own_next) { Port::Built } else { Port::Next };
            } else if let Some(own) = self.options.iter().find(|o| *o.value == *option.value).filter(|o| o.own_next) {
                port = Port::Option(own.value.clone());
            }
        }
        let option = values.first().and_then(Value::as_str).map(str::to_owned);
        let value = if self.multiple.is_some() {
            port = Port::Next;
            Value::Array(values)
        } else {
            values.pop().unwrap_or_default()
        };
        if let Some(name) = &self.save_as {
            turn.assign(node, name, value)?;
        }
        Ok(Attempt::Taken { port, option })
    }

    /// One option, or with `multiple` as many as it allows.
    fn several(
        &self,
        offered: &[Offered],
        heard: &Heard<'_>,
        one: impl Fn(&str) -> Option<(usize, u8)>,
    ) -> Option<(Vec<usize>, u8)> {
        let words = heard.words()?;
        let Some((min, max)) = self.multiple else { return one(heard.normal).map(|(at, rank)| (vec![at], rank)) };
        let mut chosen = Vec::new();
        let mut worst = 0;
        for (at, rank) in matching::several(words, one)? {
            worst = worst.max(rank);
            if !chosen.contains(&at) {
                chosen.push(at);
            }
        }
        let enough = (min..=max.min(offered.len()).max(min)).contains(&chosen.len());
        enough.then_some((chosen, worst))
    }
}

/// Cuts what a list gave to what a state keeps of an option.
fn clip(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(limits::OPTION_CHARS) {
        text.truncate(end);
    }
}

/// Appends the options as numbered lines; labels that already have numbers keep their own.
fn number(body: &mut String, choices: &[(Choice, bool)]) {
    let numbered = choices.iter().all(|(choice, _)| words::is_numbered(&choice.label));
    body.push('\n');
    for (i, (choice, _)) in choices.iter().enumerate() {
        body.push('\n');
        if !numbered {
            body.push_str(&format!("{}. ", i + 1));
        }
        body.push_str(&choice.label);
        if let Some(description) = &choice.description {
            body.push_str(&format!(" — {description}"));
        }
    }
}

impl MenuOption {
    fn read(mut object: Object<'_>, room: &mut Room<'_>) -> Self {
        let value: Arc<str> = object.required_string(room, "value", limits::OPTION_CHARS).unwrap_or_default().into();
        object.missing(room, "label");
        let label = object.text(room, "label", &format!("options.{value}.label"), 200);
        let description = object.text(room, "description", &format!("options.{value}.description"), 200);
        let synonyms = object.strings(room, "synonyms", 50).into_iter().map(words::normalize).collect();
        let when = object.expression(room, "when", Want::Condition);
        let section = object.string(room, "section", limits::ROW_CHARS).map(str::to_owned);
        let own_next = object.has("next");
        object.exit_if(room, "next", Port::Option(value.clone()));
        let path = object.path.clone();
        object.finish(room);
        let label = label.unwrap_or_else(|| Text::fixed(&value));
        Self { value, label, path, synonyms, description, section, when, own_next }
    }
}

impl Built {
    fn read(mut object: Object<'_>, room: &mut Room<'_>) -> Self {
        for key in ["list", "label", "value"] {
            object.missing(room, key);
        }
        let list = object.expression(room, "list", Want::Value);
        room.locals = &["item", "index"];
        let label = object.text(room, "label", "optionsFrom.label", 200).unwrap_or_else(|| Text::fixed(""));
        let value = object.text(room, "value", "", 200).unwrap_or_else(|| Text::fixed(""));
        let description = object.text(room, "description", "optionsFrom.description", 200);
        room.locals = &[];
        let most = u32::try_from(limits::OPTIONS).unwrap_or(u32::MAX);
        let limit = object.count(room, "limit", 1..=most).unwrap_or(most) as usize;
        let own_next = object.has("next");
        object.exit_if(room, "next", Port::Built);
        object.exit(room, "empty", Port::Empty);
        object.finish(room);
        Self { list, label, value, description, limit, own_next }
    }

    fn build(&self, turn: &mut Turn<'_>, node: &Node, choices: &mut Vec<(Choice, bool)>) -> Result<(), Fault> {
        let Some(list) = &self.list else { return Ok(()) };
        let items = match turn.evaluate(node, list, &[])? {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(Fault::new(FaultCode::Expression, format!("`{}` is no list", list.source())));
            }
        };
        for (index, item) in items.into_iter().take(self.limit).enumerate() {
            let locals = [("item", item), ("index", Value::from(index))];
            let mut value = turn.render(node, &self.value, &locals)?;
            clip(&mut value);
            if value.is_empty() || choices.iter().any(|(other, _)| other.value == value) {
                continue;
            }
            let description = self.description.as_ref().map(|t| turn.render(node, t, &locals)).transpose()?;
            let label = turn.render(node, &self.label, &locals)?;
            choices.push((Choice { label, value, description, section: None, payload: String::new() }, true));
        }
        Ok(())
    }
}
