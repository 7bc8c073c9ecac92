//! A turn in the making: the state as it changes, the effects so far, and what nodes may do.
//!
//! Nodes read and change the run through these methods only; where the run goes next is `step.rs`'s business.

mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Map, Value};

use crate::context::{Channel, Contact, TurnContext};
use crate::effect::{Act, Effect, Key, Level, OnEnd, Send, Track};
use crate::expression::Expression;
use crate::fault::{Fault, FaultCode};
use crate::flow::{Flow, Node};
use crate::input::{Message, Payload};
use crate::limits::{self, Limits};
use crate::node::question::{Question, Timeout};
use crate::session::{Offered, State, Timer, Wait, WaitKind};
use crate::settings::SESSION_SECONDS;
use crate::template::Text;
use crate::trace::{Event, HIDDEN, Trace};
use crate::voice::{self, Voice};
use crate::world::World;

/// Bytes of a payload that every channel carries.
const PAYLOAD_BYTES: usize = 200;

static NO_VARIABLES: BTreeMap<String, Value> = BTreeMap::new();

/// Names that exist in one place only, with their values.
type Locals<'l> = &'l [(&'static str, Value)];

/// A turn.
pub(crate) struct Turn<'a> {
    pub(crate) flow: &'a Flow,
    context: &'a TurnContext,
    pub(crate) limits: Limits,
    pub(crate) state: State,
    effects: Vec<Effect>,
    events: Vec<Event>,
    /// The client, once this turn has changed it.
    contact: Option<Contact>,
    /// The message that texts and expressions see as `input`.
    pub(crate) input: Option<Message>,
    /// Nodes visited.
    pub(crate) steps: u32,
    sends: u32,
    /// Operations that expressions may still take.
    operations: u64,
    /// Whether an error exit was taken in this turn.
    pub(crate) handling: bool,
    /// Whether buffered messages may answer the next question.
    pub(crate) offers_buffer: bool,
    /// Whether the inactivity limit starts anew.
    pub(crate) active: bool,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(flow: &'a Flow, state: State, context: &'a TurnContext) -> Self {
        let settings = flow.settings();
        let mut limits = context.limits.clone();
        limits.steps_per_turn = settings.steps_per_turn.unwrap_or(limits.steps_per_turn);
        limits.turns = settings.turns.unwrap_or(limits.turns);
        limits.visits_per_node = settings.visits_per_node.unwrap_or(limits.visits_per_node);
        let limits = limits.clamped();
        let operations = limits.turn_operations;
        Self {
            flow,
            context,
            limits,
            state,
            effects: Vec::with_capacity(8),
            events: Vec::with_capacity(8),
            contact: None,
            input: None,
            steps: 0,
            sends: 0,
            operations,
            handling: false,
            offers_buffer: false,
            active: false,
        }
    }

    /// What the turn came to.
    pub(crate) fn done(self) -> (State, Vec<Effect>, Trace) {
        (self.state, self.effects, Trace(self.events))
    }

    // What is seen.

    pub(crate) fn world<'w>(&'w self, node: &'w Node, locals: Locals<'w>) -> World<'w> {
        World {
            flow: self.flow,
            context: self.context,
            contact: self.contact(),
            variables: self.variables(),
            language: &self.state.language,
            node: &node.id,
            input: self.input.as_ref(),
            locals,
        }
    }

    fn contact(&self) -> &Contact {
        self.contact.as_ref().unwrap_or(&self.context.contact)
    }

    fn variables(&self) -> &BTreeMap<String, Value> {
        self.state.stack.last().map_or(&NO_VARIABLES, |frame| &frame.vars)
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.context.channel
    }

    pub(crate) fn words(&self) -> &'static Voice {
        voice::of(&self.state.language)
    }

    pub(crate) fn on_end(&self) -> OnEnd {
        self.flow.settings().on_end
    }

    /// How often a node was visited in this run, this time included.
    pub(crate) fn visits(&self, node: &Node) -> u32 {
        self.state.counters.visits.get(&node.id).copied().unwrap_or(0)
    }

    /// The options of the current question.
    pub(crate) fn offered(&self) -> Vec<Offered> {
        self.state.wait.as_ref().map(|wait| wait.offered.clone()).unwrap_or_default()
    }

    /// The run's variables without personal ones, for people.
    pub(crate) fn public_variables(&self) -> Map<String, Value> {
        let public = self.variables().iter().filter(|(name, _)| !self.flow.is_personal(name));
        public.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    // Texts and expressions.

    pub(crate) fn render(&self, node: &Node, text: &Text, locals: Locals<'_>) -> Result<String, Fault> {
        text.render(&self.world(node, locals))
    }

    pub(crate) fn evaluate(
        &mut self,
        node: &Node,
        expression: &Expression,
        locals: Locals<'_>,
    ) -> Result<Value, Fault> {
        let mut left = self.operations;
        let value = expression.evaluate(&self.world(node, locals), self.limits.expression_operations, &mut left);
        self.operations = left;
        let value = value?;
        self.note_value(node, expression, &value, locals);
        Ok(value)
    }

    pub(crate) fn holds(&mut self, node: &Node, expression: &Expression, locals: Locals<'_>) -> Result<bool, Fault> {
        let mut left = self.operations;
        let holds = expression.holds(&self.world(node, locals), self.limits.expression_operations, &mut left);
        self.operations = left;
        let holds = holds?;
        self.note_value(node, expression, &Value::Bool(holds), locals);
        Ok(holds)
    }

    fn note_value(&mut self, node: &Node, expression: &Expression, value: &Value, locals: Locals<'_>) {
        let personal = !locals.is_empty()
            || expression.names().iter().any(|n| self.flow.is_personal(n) || n.starts_with("contact") || n == "input");
        // True and false say nothing about a person that the path taken does not say too.
        let value = if personal && !value.is_boolean() { Value::from(HIDDEN) } else { value.clone() };
        self.note(Event::Evaluated { node: node.id.clone(), expression: expression.source().to_owned(), value });
    }

    // Effects.

    pub(crate) fn act(&mut self, act: Act) {
        let key = Key {
            run: self.state.run.id.clone(),
            turn: self.state.counters.turns,
            index: u32::try_from(self.effects.len()).unwrap_or(u32::MAX),
        };
        self.effects.push(Effect { key, act });
    }

    pub(crate) fn track(&mut self, track: Track) {
        self.act(Act::Track(track));
    }

    pub(crate) fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(crate) fn log(&mut self, level: Level, code: &str, node: Option<&Node>, text: String) {
        self.act(Act::Log { level, code: code.to_owned(), node: node.map(|node| node.id.clone()), text });
    }

    /// Says a text.
    pub(crate) fn say(&mut self, node: &Node, body: String) -> Result<(), Fault> {
        self.send(node, Send { body, ..Send::default() })
    }

    /// Sends a message of a node. A text that is too long goes out in parts; what is too long for them is cut.
    pub(crate) fn send(&mut self, node: &Node, mut send: Send) -> Result<(), Fault> {
        let mut parts = split(std::mem::take(&mut send.body));
        send.body = parts.pop().unwrap_or_default();
        send.node = Some(node.id.clone());
        send.token = Some(token(&node.id, self.visits(node), 0));
        if send.body.trim().is_empty() && send.media.is_none() && send.template.is_none() {
            self.log(Level::Warning, "empty_text", Some(node), "the text came to nothing and was not sent".to_owned());
            return Ok(());
        }
        for body in parts {
            self.count_send()?;
            self.act(Act::Send(Box::new(Send {
                node: send.node.clone(),
                token: send.token.clone(),
                body,
                ..Send::default()
            })));
        }
        self.count_send()?;
        self.act(Act::Send(Box::new(send)));
        Ok(())
    }

    fn count_send(&mut self) -> Result<(), Fault> {
        if self.sends >= self.limits.sends_per_turn {
            let text = format!("more than {} messages in one turn", self.limits.sends_per_turn);
            return Err(Fault::new(FaultCode::LimitSends, text));
        }
        self.sends += 1;
        Ok(())
    }

    /// The payload of an option of a node's question.
    pub(crate) fn payload(&self, node: &Node, value: &str) -> String {
        let visit = self.visits(node);
        let payload = Payload { run: &self.state.run.id, node: &node.id, visit, value }.write();
        if payload.len() <= PAYLOAD_BYTES {
            return payload;
        }
        let short = format!("#{}", crate::answer::matching::fingerprint(value));
        Payload { run: &self.state.run.id, node: &node.id, visit, value: &short }.write()
    }

    // Waiting.

    /// Waits for an answer to a question that was just asked for the first time in this visit.
    pub(crate) fn await_answer(&mut self, node: &Node, question: &Question, offered: Vec<Offered>) {
        self.begin_wait(node, WaitKind::Answer, offered);
        self.arm_question(node, question);
    }

    /// Waits for something else than an answer; gives the token that it comes back with.
    pub(crate) fn await_event(&mut self, node: &Node, kind: WaitKind, seconds: Option<u64>) -> String {
        self.begin_wait(node, kind, Vec::new());
        let token = token(&node.id, self.visits(node), 0);
        if let Some(seconds) = seconds {
            self.arm(token.clone(), seconds);
            self.set_deadline(seconds);
        }
        token
    }

    fn begin_wait(&mut self, node: &Node, kind: WaitKind, offered: Vec<Offered>) {
        let visit = self.visits(node);
        self.state.wait = Some(Wait {
            kind,
            node: node.id.clone(),
            visit,
            token: token(&node.id, visit, 0),
            since: self.context.now,
            deadline: None,
            attempts: 0,
            reminders_sent: 0,
            offered,
        });
        self.track(Track::WaitStarted { node: node.id.clone() });
    }

    /// Sets a question's timers, from now.
    pub(crate) fn arm_question(&mut self, node: &Node, question: &Question) {
        let flow = self.flow;
        let Some(timeout) = question.timeout.as_ref().or(flow.settings().timeout.as_ref()) else { return };
        let visit = self.state.wait.as_ref().map_or(0, |wait| wait.visit);
        let sent = self.state.wait.as_ref().map_or(0, |wait| wait.reminders_sent);
        let Timeout { after, reminders } = timeout;
        for (n, (at, _)) in (1..).zip(reminders).filter(|(n, _)| *n > sent) {
            self.arm(token(&node.id, visit, n), *at);
        }
        self.arm(token(&node.id, visit, 0), *after);
        self.set_deadline(*after);
    }

    fn set_deadline(&mut self, seconds: u64) {
        let deadline = self.after(seconds);
        if let Some(wait) = &mut self.state.wait {
            wait.deadline = Some(deadline);
        }
    }

    fn after(&self, seconds: u64) -> chrono::DateTime<chrono::Utc> {
        let distance = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
        distance.and_then(|d| self.context.now.checked_add_signed(d)).unwrap_or(self.context.now)
    }

    fn arm(&mut self, token: String, seconds: u64) {
        let at = self.after(seconds);
        self.state.timers.retain(|timer| timer.token != token);
        self.state.timers.push(Timer { token: token.clone(), at });
        self.act(Act::SetTimer { token, at, after: seconds });
    }

    /// Takes away the timers for which `gone` holds.
    fn disarm(&mut self, gone: impl Fn(&Timer) -> bool) {
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.state.timers).into_iter().partition(gone);
        self.state.timers = kept;
        for timer in gone {
            self.act(Act::CancelTimer { token: timer.token });
        }
    }

    /// Ends the wait and its timers; gives what it was.
    pub(crate) fn end_wait(&mut self) -> Option<Wait> {
        let wait = self.state.wait.take()?;
        self.disarm(|timer| !is_session(&timer.token));
        Some(wait)
    }

    /// A timer has fired: it is set no more.
    pub(crate) fn fired(&mut self, token: &str) {
        self.state.timers.retain(|timer| timer.token != token);
    }

    /// Starts the inactivity limit anew.
    pub(crate) fn arm_session(&mut self) {
        let seconds = self.flow.settings().session.unwrap_or(SESSION_SECONDS);
        self.disarm_session();
        self.state.session = self.state.session.saturating_add(1);
        self.arm(format!("session:{}", self.state.session), seconds);
    }

    /// Takes the inactivity limit away.
    pub(crate) fn disarm_session(&mut self) {
        self.disarm(|timer| is_session(&timer.token));
    }

    /// Whether the inactivity limit is set.
    pub(crate) fn has_session(&self) -> bool {
        self.state.timers.iter().any(|timer| is_session(&timer.token))
    }

    /// Takes away every timer.
    pub(crate) fn disarm_all(&mut self) {
        self.disarm(|_| true);
    }

    /// Milliseconds since the current wait began.
    pub(crate) fn waited_ms(&self, wait: &Wait) -> u64 {
        u64::try_from((self.context.now - wait.since).num_milliseconds()).unwrap_or(0)
    }
}

/// `{node}:{visit}:{n}`.
pub(crate) fn token(node: &Arc<str>, visit: u32, n: u32) -> String {
    format!("{node}:{visit}:{n}")
}

/// Whether a timer is the inactivity limit. A node may be called `session` too: its tokens have two colons more.
pub(crate) fn is_session(token: &str) -> bool {
    token.strip_prefix("session:").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A text in parts that WhatsApp takes, split between paragraphs, lines or words; at most three, the rest is cut.
fn split(text: String) -> Vec<String> {
    if text.chars().count() <= limits::TEXT_CHARS {
        return vec![text];
    }
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && parts.len() < limits::TEXT_PARTS {
        let end = rest.char_indices().nth(limits::TEXT_CHARS).map_or(rest.len(), |(at, _)| at);
        let (head, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let at = if end == rest.len() {
            end
        } else {
            ["\n\n", "\n", " "].iter().find_map(|gap| head.rfind(gap).filter(|at| *at > 0)).unwrap_or(end)
        };
        let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        parts.push(head.trim_end().to_owned());
        rest = tail.trim_start();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_between_paragraphs_and_cut_after_three_parts() {
        let paragraph = format!("{}\n\n", "palabra ".repeat(200).trim());
        let parts = split(paragraph.repeat(12));
        assert_eq!(parts.len(), 3);
        assert!(
            parts
                .iter()
                .all(|p| p.chars().count() <= limits::TEXT_CHARS && p.starts_with("palabra") && p.ends_with("palabra"))
        );
        assert_eq!(split("ñ".repeat(limits::TEXT_CHARS * 5)).concat().chars().count(), limits::TEXT_CHARS * 3);
        assert_eq!(split(String::from("corto")), ["corto"]);
    }

    #[test]
    fn a_node_called_session_has_no_session_timer() {
        assert!(is_session("session:12"));
        assert!(!is_session("session:1:0") && !is_session("session:") && !is_session("menu:1:0"));
    }
}
