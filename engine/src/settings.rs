//! Everything of a document that is not a node: when the flow starts, what it remembers, how it behaves.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::OnEnd;
use crate::expression::{self, Expression, Want};
use crate::flow::{Exit, Port};
use crate::node::question::{Invalid, Timeout};
use crate::pattern;
use crate::reader::{Object, Room, wrong_type};
use crate::template::Text;
use crate::words;
use crate::world;

/// Seconds of silence after which a run ends, unless the flow says otherwise: WhatsApp's window.
pub(crate) const SESSION_SECONDS: u64 = 24 * 3_600;

/// Flow-wide behaviour.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) timezone: Option<String>,
    pub(crate) on_end: OnEnd,
    pub(crate) commands: Vec<Command>,
    pub(crate) session: Option<u64>,
    pub(crate) invalid: Option<Invalid>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) steps_per_turn: Option<u32>,
    pub(crate) turns: Option<u32>,
    pub(crate) visits_per_node: Option<u32>,
    pub(crate) unexpected_media: Option<Text>,
    /// The flow's own exits: `onError`, defaults, commands, session.
    pub(crate) exits: Vec<Exit>,
}

impl Settings {
    /// One of the flow's own exits.
    pub(crate) fn exit(&self, port: &Port) -> Option<&Exit> {
        self.exits.iter().find(|exit| exit.port == *port)
    }
}

/// Words that are understood at every question.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) keywords: Keywords,
    pub(crate) when: Option<Expression>,
    pub(crate) resume: bool,
}

/// Words to look for, and how.
#[derive(Debug)]
pub(crate) enum Keywords {
    /// The whole text, normalized.
    Exact(Vec<String>),
    /// Whole words in the text, normalized.
    Contains(Vec<String>),
    /// A pattern that the whole text matches.
    Regex(Vec<Regex>),
}

impl Keywords {
    /// Whether a text has them. `normal` is the text normalized.
    pub(crate) fn found_in(&self, text: &str, normal: &str) -> bool {
        match self {
            Self::Exact(words) => words.iter().any(|word| word == normal),
            Self::Contains(words) => words.iter().any(|word| words::has_words(normal, word)),
            Self::Regex(patterns) => patterns.iter().any(|pattern| pattern.is_match(text.trim())),
        }
    }

    /// Whether the whole text has to be the word.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }
}

/// When a flow starts.
#[derive(Debug)]
pub struct Trigger {
    pub(crate) kind: TriggerKind,
    pub(crate) keywords: Option<Keywords>,
    pub(crate) when: Option<Expression>,
    pub(crate) priority: i64,
    pub(crate) event: Option<String>,
    pub(crate) consume: bool,
    pub(crate) start: Option<Exit>,
}

/// What can start a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerKind {
    /// A message with certain words.
    Keyword,
    /// A message that came from an advertisement.
    Referral,
    /// An answer to a template.
    TemplateReply,
    /// Any message.
    AnyMessage,
    /// An agent or a program.
    Manual,
    /// A named event of the platform.
    Event,
}

impl TriggerKind {
    const WORDS: [(&'static str, Self); 6] = [
        ("any_message", Self::AnyMessage),
        ("keyword", Self::Keyword),
        ("referral", Self::Referral),
        ("template_reply", Self::TemplateReply),
        ("manual", Self::Manual),
        ("event", Self::Event),
    ];

    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| *word)
    }
}

/// A declared variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) default: Initial,
    pub(crate) pii: bool,
}

/// What a variable holds at the start.
#[derive(Debug)]
pub(crate) enum Initial {
    None,
    Value(Value),
    Text(Text),
}

/// Reads `settings`.
pub(crate) fn read(document: &mut Object<'_>, room: &mut Room<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(mut object) = document.object(room, "settings") else { return settings };
    if let Some(zone) = object.string(room, "timezone", 64) {
        if zone.parse::<chrono_tz::Tz>().is_err() {
            let diagnostic = Diagnostic::new(Problem::WrongForm, object.at("timezone")).with("found", zone);
            room.refuse(diagnostic.with("expected", "IANA time zone").with("example", "America/Santiago"));
        }
        settings.timezone = Some(zone.to_owned());
    }
    let on_end = [("default_queue", OnEnd::DefaultQueue), ("close", OnEnd::Close), ("keep_open", OnEnd::KeepOpen)];
    settings.on_end = object.choice(room, "onEnd", &on_end).unwrap_or_default();
    object.exit_if(room, "onError", Port::FlowError);
    if let Some(mut session) = object.object(room, "sessionTimeout") {
        session.missing(room, "after");
        settings.session = session.duration(room, "after");
        session.exit_if(room, "next", Port::SessionTimeout);
        session.finish(room);
    }
    for (i, (tree, path)) in object.list(room, "commands", 0..=50).into_iter().enumerate() {
        let Some(mut command) = Object::open(tree, path, room) else { continue };
        command.missing(room, "keywords");
        command.missing(room, "next");
        let keywords = keywords(&mut command, room);
        command.exit(room, "next", Port::Command(i));
        let when = command.expression(room, "when", Want::Condition);
        let resume = command.bool(room, "resume").unwrap_or(false);
        command.finish(room);
        settings.commands.push(Command { keywords, when, resume });
    }
    if let Some(mut defaults) = object.object(room, "defaults") {
        settings.invalid = defaults.object(room, "invalid").map(|o| Invalid::read(o, room, Port::DefaultInvalid));
        settings.timeout = defaults.object(room, "timeout").map(|o| Timeout::read(o, room, Port::DefaultTimeout));
        defaults.finish(room);
    }
    if let Some(mut limits) = object.object(room, "limits") {
        let max = crate::limits::Limits::MAXIMA;
        settings.steps_per_turn = limits.count(room, "stepsPerTurn", 1..=max.steps_per_turn);
        settings.turns = limits.count(room, "turns", 1..=max.turns);
        settings.visits_per_node = limits.count(room, "visitsPerNode", 1..=max.visits_per_node);
        limits.finish(room);
    }
    settings.unexpected_media = object.text(room, "unexpectedMedia", "unexpectedMedia", crate::limits::TEXT_CHARS);
    object.finish(room);
    settings.exits = std::mem::take(&mut room.exits);
    settings
}

/// Reads `keywords` and `match` of a trigger or a command.
fn keywords(object: &mut Object<'_>, room: &mut Room<'_>) -> Keywords {
    let list = object.list(room, "keywords", 1..=50);
    let how = object.choice(room, "match", &[("exact", 0), ("contains", 1), ("regex", 2)]).unwrap_or(0);
    let mut words = Vec::new();
    let mut patterns = Vec::new();
    for (tree, path) in list {
        match tree.as_str() {
            Some(text) if how == 2 => match pattern::whole(text) {
                Ok(regex) => patterns.push(regex),
                Err(what) => room.refuse(Diagnostic::new(Problem::BadPattern, path).with("what", what)),
            },
            Some(text) => words.push(words::normalize(text)),
            None => room.refuse(wrong_type(&path, "string", tree)),
        }
    }
    words.retain(|word| !word.is_empty());
    match how {
        0 => Keywords::Exact(words),
        1 => Keywords::Contains(words),
        _ => Keywords::Regex(patterns),
    }
}

/// Reads `triggers`; without them any message starts the flow.
pub(crate) fn triggers(document: &mut Object<'_>, room: &mut Room<'_>) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    for (i, (tree, path)) in document.list(room, "triggers", 0..=20).into_iter().enumerate() {
        let Some(mut object) = Object::open(tree, path, room) else { continue };
        object.missing(room, "type");
        let kind = object.choice(room, "type", &TriggerKind::WORDS).unwrap_or(TriggerKind::AnyMessage);
        if kind == TriggerKind::Keyword {
            object.missing(room, "keywords");
        }
        let has_words = object.has("keywords");
        let words = keywords(&mut object, room);
        let when = object.expression(room, "when", Want::Condition);
        let priority = object.integer(room, "priority", -1_000..=1_000).unwrap_or(0);
        object.exit_if(room, "start", Port::Trigger(i));
        let event = object.string(room, "event", 120).map(str::to_owned);
        let consume = object.bool(room, "consume").unwrap_or(false);
        object.finish(room);
        let keywords = has_words.then_some(words);
        triggers.push(Trigger { kind, keywords, when, priority, event, consume, start: room.exits.pop() });
    }
    if triggers.is_empty() {
        let kind = TriggerKind::AnyMessage;
        triggers.push(Trigger {
            kind,
            keywords: None,
            when: None,
            priority: 0,
            event: None,
            consume: false,
            start: None,
        });
    }
    triggers
}

/// Reads `variables`.
pub(crate) fn variables(document: &mut Object<'_>, room: &mut Room<'_>) -> Vec<Variable> {
    const TYPES: [(&str, ()); 9] = [
        ("text", ()),
        ("number", ()),
        ("integer", ()),
        ("boolean", ()),
        ("date", ()),
        ("datetime", ()),
        ("list", ()),
        ("object", ()),
        ("any", ()),
    ];
    let mut variables: Vec<Variable> = Vec::new();
    for (tree, path) in document.list(room, "variables", 0..=200) {
        let Some(mut object) = Object::open(tree, path, room) else { continue };
        let name = object.required_string(room, "name", 40).unwrap_or_default().to_owned();
        let _ = object.choice(room, "type", &TYPES);
        let default = match object.get("default") {
            None => Initial::None,
            Some(tree) => match tree.as_str() {
                Some(source) => Initial::Text(room.compile_text(source, &object.at("default"), "default")),
                None => Initial::Value(tree.to_value()),
            },
        };
        let _ = object.bool(room, "required");
        let pii = object.bool(room, "pii").unwrap_or(false);
        let _ = object.string(room, "description", 2_000);
        if !is_variable(&name) {
            room.refuse(Diagnostic::new(Problem::WrongVariable, object.at("name")).with("name", name.as_str()));
        } else if variables.iter().any(|other| other.name == name) {
            room.report(Diagnostic::new(Problem::DuplicateVariable, object.at("name")).with("name", name.as_str()));
        }
        object.finish(room);
        variables.push(Variable { name, default, pii });
    }
    variables
}

/// Whether a variable may have this name.
pub(crate) fn is_variable(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !expression::RESERVED.contains(&name)
        && !world::SYSTEM.contains(&name)
        && !world::LOCAL.contains(&name)
        && !expression::is_function(name)
}

/// A name that can be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assignable {
    /// A variable of the run.
    Variable(Arc<str>),
    /// A key of the contact.
    Contact(Arc<str>),
    /// A field of the contact.
    Field(Arc<str>),
}

impl Assignable {
    /// Reads one; what cannot be assigned is reported.
    pub(crate) fn read(object: &mut Object<'_>, room: &mut Room<'_>, key: &'static str) -> Option<Self> {
        const CONTACT: [&str; 8] = ["name", "email", "city", "country", "company", "notes", "language", "lead_status"];
        let text = object.string(room, key, 60)?;
        if is_variable(text) {
            return Some(Self::Variable(text.into()));
        }
        let contact = text.strip_prefix("contact.");
        if let Some(field) = contact.and_then(|name| name.strip_prefix("fields."))
            && !field.is_empty()
            && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Some(Self::Field(field.into()));
        }
        match contact {
            Some(name) if CONTACT.contains(&name) => return Some(Self::Contact(name.into())),
            Some(_) => room.refuse(Diagnostic::new(Problem::ReadOnly, object.at(key)).with("name", text)),
            None => {
                let root = text.split('.').next().unwrap_or_default();
                let system = world::SYSTEM.contains(&root) || world::LOCAL.contains(&root);
                let problem = if system { Problem::ReadOnly } else { Problem::WrongVariable };
                room.refuse(Diagnostic::new(problem, object.at(key)).with("name", text));
            }
        }
        None
    }
}
