//! Conversations written as text: tests that designers can read, and the transcript of a run in the terminal.
//!
//! A talk is a file of lines. The first character says what a line is; blank lines and lines that begin with `#` are
//! skipped. First comes the scene, then what is said:
//!
//! ```text
//! flow demo                             which flow (the caller finds it by this name)
//! now 2026-11-24T17:00:00Z              when it begins; without it, that instant
//! contact name=Ana email=ana@correo.mx  what is known of the client; tags=vip,nueva
//! company name=Hilo                     and of the company; campaign likewise
//! hours 09:00-18:00 America/Mexico_City opening hours, Monday to Friday; without it, always open
//! channel text                          a channel without buttons and lists
//! queue closed                          how every queue is: open (the usual), closed, full or empty
//! start at=menu plan="fibra"            starts a run at once: at a node, with variables; a message does it otherwise
//!
//! > hola                                the customer writes
//! > [Ventas]                            the customer taps an option, by its label or value
//! > (image)                             the customer sends a file; (location) and (contacts) too
//! >> hola?                              written before the bot's last question could be read
//! < ¿En qué te ayudo?  [Ventas] [Soporte]   the bot says this, with exactly these options
//! < Tu plan queda en…                   … or something that begins so; …también así, and …en medio…
//! fails aviso                           the last message of this node fails for good
//! ~ 10m                                 time passes, and what falls due happens: 30s, 10m, 2h, 1d, 1h30m
//! ! request_transfer queueId=queue-1    since the last thing that happened this effect was among the others
//! = nombre "Ana"                        a variable has this value, as JSON
//! @ menu                                the run waits at this node
//! . transferred                         the run is over, with this outcome
//! ```
//!
//! `<` lines take what the bot said in order, and nothing may be left over when the next thing happens: a bot that
//! says more than the talk knows of fails it. White space counts as one space. `!` lines look at the effect by the
//! name and fields of its JSON; a value is JSON, or else a word.

mod parse;
mod player;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

pub use player::{Player, Queue};

use crate::context::TurnContext;
use crate::effect::{Act, Effect, Send};
use crate::flow::Flow;
use crate::trace::Event;
use crate::world::plain;

/// A talk that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Talk {
    /// The name of its flow, if it says one.
    pub flow: Option<String>,
    lines: Vec<(usize, Line)>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
enum Line {
    // The scene.
    Now(chrono::DateTime<chrono::Utc>),
    Contact(Fields),
    Company(Fields),
    Campaign(Fields),
    Hours { from: chrono::NaiveTime, to: chrono::NaiveTime, zone: String },
    Channel { interactive: bool },
    Queue(Queue),
    // What happens.
    Start { at: Option<String>, vars: Fields },
    Say(String),
    SayEarly(String),
    Tap(String),
    File(String),
    Fails(String),
    Wait(u64),
    // What is expected.
    Hear { text: String, options: Vec<String> },
    Effect { name: String, fields: Fields },
    Variable { name: String, value: Value },
    At(String),
    Ended(String),
}

/// `key=value`, in order.
type Fields = Vec<(String, Value)>;

/// What is wrong with a talk, or with a flow that does not talk so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what came.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Failure {}

/// A talk that went as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// The nodes that were visited.
    pub visited: BTreeSet<String>,
}

impl Talk {
    /// Reads a talk; every line that is none is reported.
    ///
    /// # Errors
    /// The lines that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Vec<Failure>> {
        parse::parse(text)
    }

    /// Plays it against a flow.
    ///
    /// ```
    /// use hilo_engine::{compile, talk::Talk};
    ///
    /// let flow = compile(r#"{ "id": "f", "name": "F", "nodes": [
    ///     { "id": "adios", "type": "close", "message": "Hasta luego, {{contact_name}}." } ] }"#, None).flow.unwrap();
    /// let talk = Talk::parse("contact name=Ana\n> hola\n< Hasta luego, Ana.\n. closed").unwrap();
    /// assert!(talk.play(&flow).unwrap().visited.contains("adios"));
    /// ```
    ///
    /// # Errors
    /// The first line with which the flow does not agree.
    pub fn play(&self, flow: &Flow) -> Result<Played, Failure> {
        let mut player = Player::new(flow, TurnContext::at(parse::default_now()));
        let mut heard: Vec<Effect> = Vec::new();
        let mut unread = 0;
        let mut last = 0;
        let mut played = Played::default();
        for (number, line) in &self.lines {
            let fail = |what: String| Failure { line: *number, what };
            if let Some(happened) = happen(&mut player, line).map_err(fail)? {
                nothing_left(&heard, unread).map_err(|what| Failure { line: last, what })?;
                heard = happened;
                unread = 0;
                for event in player.traces().iter().flat_map(|trace| &trace.0) {
                    if let Event::Visited { node, .. } = event {
                        played.visited.insert(node.to_string());
                    }
                }
            } else {
                expect(&player, line, &heard, &mut unread).map_err(fail)?;
            }
            last = *number;
        }
        nothing_left(&heard, unread).map_err(|what| Failure { line: last, what })?;
        Ok(played)
    }
}

/// Lets a line happen, if it is something that happens; the scene happens without effects.
fn happen(player: &mut Player<'_>, line: &Line) -> Result<Option<Vec<Effect>>, String> {
    Ok(Some(match line {
        Line::Now(now) => player.scene(|context| context.now = *now),
        Line::Contact(fields) => player.scene(|context| parse::contact(&mut context.contact, fields)),
        Line::Company(fields) => player.scene(|context| {
            for (key, value) in fields.iter().map(|(k, v)| (k, parse::word(v))) {
                match key.as_str() {
                    "name" => context.company.name = value,
                    "phone" => context.company.phone = Some(value),
                    "site" => context.company.site = Some(value),
                    _ => {}
                }
            }
        }),
        Line::Campaign(fields) => player.scene(|context| {
            for (key, value) in fields.iter().map(|(k, v)| (k, parse::word(v))) {
                match key.as_str() {
                    "name" => context.campaign.name = value,
                    "country" => context.campaign.country = Some(value),
                    _ => {}
                }
            }
        }),
        Line::Hours { from, to, zone } => player.scene(|context| parse::office(context, *from, *to, zone)),
        Line::Channel { interactive } => player.scene(|context| {
            context.channel.buttons = *interactive;
            context.channel.list = *interactive;
        }),
        Line::Queue(queue) => {
            player.set_queue(*queue);
            Vec::new()
        }
        Line::Start { at, vars } => player.start(at.as_deref(), vars.iter().cloned().collect()),
        Line::Say(text) => player.say(text),
        Line::SayEarly(text) => player.say_early(text),
        Line::Tap(option) => player.tap(option).ok_or_else(|| format!("the bot does not offer [{option}]"))?,
        Line::File(kind) => player.share(kind).ok_or_else(|| format!("nothing is called ({kind})"))?,
        Line::Fails(node) => player.fail(node),
        Line::Wait(seconds) => player.wait(*seconds),
        Line::Hear { .. } | Line::Effect { .. } | Line::Variable { .. } | Line::At(_) | Line::Ended(_) => {
            return Ok(None);
        }
    }))
}

/// Looks whether an expectation is met.
fn expect(player: &Player<'_>, line: &Line, heard: &[Effect], unread: &mut usize) -> Result<(), String> {
    match line {
        Line::Hear { text, options } => {
            let Some(send) = sends(heard).nth(*unread) else {
                return Err(format!("expected `< {text}`, but the bot says nothing more"));
            };
            *unread += 1;
            let labels: Vec<&str> = send.options.iter().map(|option| option.label.as_str()).collect();
            if says(&spaced(&send.body), text) && labels == *options {
                return Ok(());
            }
            Err(format!("expected `{}`, heard `{}`", shown(text, options.iter().map(String::as_str)), show_send(send)))
        }
        Line::Effect { name, fields } => {
            let all: Vec<Value> = heard.iter().map(|effect| plain(&effect.act)).collect();
            let named = |act: &&Value| act.get("effect").and_then(Value::as_str) == Some(name);
            let meets = |act: &Value| fields.iter().all(|(key, value)| act.get(key) == Some(value));
            if all.iter().filter(named).any(meets) {
                return Ok(());
            }
            let found: Vec<String> = all.iter().filter(named).map(Value::to_string).collect();
            Err(format!("no effect `{name}` like this; found: [{}]", found.join(", ")))
        }
        Line::Variable { name, value } => {
            let found = player.variable(name).cloned().unwrap_or_default();
            if found == *value { Ok(()) } else { Err(format!("`{name}` is {found}, not {value}")) }
        }
        Line::At(node) => match player.waits_at() {
            Some(at) if at == node => Ok(()),
            Some(at) => Err(format!("the run waits at `{at}`, not at `{node}`")),
            None => Err(format!("the run does not wait, not even at `{node}`")),
        },
        Line::Ended(outcome) => match player.outcome() {
            Some(found) if found == outcome => Ok(()),
            Some(found) => Err(format!("the run ended as `{found}`, not as `{outcome}`")),
            None => Err(format!("the run goes on; expected its end as `{outcome}`")),
        },
        Line::Now(_)
        | Line::Contact(_)
        | Line::Company(_)
        | Line::Campaign(_)
        | Line::Hours { .. }
        | Line::Channel { .. }
        | Line::Queue(_)
        | Line::Start { .. }
        | Line::Say(_)
        | Line::SayEarly(_)
        | Line::Tap(_)
        | Line::File(_)
        | Line::Fails(_)
        | Line::Wait(_) => Ok(()),
    }
}

fn sends(effects: &[Effect]) -> impl Iterator<Item = &Send> {
    effects.iter().filter_map(|effect| if let Act::Send(send) = &effect.act { Some(&**send) } else { None })
}

fn nothing_left(heard: &[Effect], unread: usize) -> Result<(), String> {
    match sends(heard).nth(unread) {
        None => Ok(()),
        Some(send) => Err(format!("after this the bot also says `{}`", show_send(send))),
    }
}

/// Whether a body is what a line expects.
fn says(body: &str, expected: &str) -> bool {
    let (start, rest) = match expected.strip_prefix('…') {
        Some(rest) => (false, rest),
        None => (true, expected),
    };
    let (end, middle) = match rest.strip_suffix('…') {
        Some(middle) => (false, middle),
        None => (true, rest),
    };
    let middle = middle.trim();
    match (start, end) {
        (true, true) => body == middle,
        (true, false) => body.starts_with(middle),
        (false, true) => body.ends_with(middle),
        (false, false) => body.contains(middle),
    }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown<'o>(text: &str, options: impl Iterator<Item = &'o str>) -> String {
    let mut out = format!("< {text}");
    for option in options {
        out.push_str(&format!("  [{option}]"));
    }
    out
}

fn show_send(send: &Send) -> String {
    shown(&spaced(&send.body), send.options.iter().map(|option| option.label.as_str()))
}

/// An effect as a line of a talk; what a talk does not show is nothing. What `hilo flow run` prints can so be kept as
/// a test.
#[must_use]
pub fn show(effect: &Effect) -> Option<String> {
    if let Act::Send(send) = &effect.act {
        return Some(show_send(send));
    }
    if matches!(effect.act, Act::Track(_) | Act::SetTimer { .. } | Act::CancelTimer { .. } | Act::Log { .. }) {
        return None;
    }
    let act = plain(&effect.act);
    let fields = act.as_object()?;
    let mut out = format!("! {}", fields.get("effect").and_then(Value::as_str)?);
    for (key, value) in
        fields.iter().filter(|(key, value)| *key != "effect" && !matches!(value, Value::Object(m) if m.is_empty()))
    {
        out.push_str(&format!(" {key}={value}"));
    }
    Some(out)
}
