//! The other side of a conversation: a customer, a clock and a queue that can be moved by hand.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use crate::context::TurnContext;
use crate::effect::{Act, Effect};
use crate::flow::Flow;
use crate::input::{Input, Location, Media, Message, MessageKind};
use crate::session::{State, Status};
use crate::settings::TriggerKind;
use crate::step::step;
use crate::trace::Trace;
use crate::trigger::{Occasion, choose};

/// How every queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Queue {
    /// Open, with an agent.
    #[default]
    Open,
    /// Closed.
    Closed,
    /// Open, but full.
    Full,
    /// Open, without an agent.
    Empty,
}

/// Plays one customer's side. Everything it returns is what the last thing that happened came to.
#[derive(Debug)]
pub struct Player<'f> {
    flow: &'f Flow,
    context: TurnContext,
    state: Option<State>,
    queue: Queue,
    messages: u32,
    runs: u32,
    trace: Vec<Trace>,
}

impl<'f> Player<'f> {
    /// A customer who has not written yet.
    #[must_use]
    pub fn new(flow: &'f Flow, context: TurnContext) -> Self {
        Self { flow, context, state: None, queue: Queue::default(), messages: 0, runs: 0, trace: Vec::new() }
    }

    /// Goes on from a stored state.
    #[must_use]
    pub fn resume(flow: &'f Flow, context: TurnContext, state: State) -> Self {
        let messages = u32::try_from(state.seen.len()).unwrap_or(0).saturating_add(state.counters.turns);
        Self { state: Some(state), messages, ..Self::new(flow, context) }
    }

    /// Changes the scene.
    pub(super) fn scene(&mut self, change: impl FnOnce(&mut TurnContext)) -> Vec<Effect> {
        change(&mut self.context);
        self.trace.clear();
        Vec::new()
    }

    /// Says how every queue is from now on.
    pub fn set_queue(&mut self, queue: Queue) {
        self.queue = queue;
    }

    /// The context of the next turn.
    pub fn context_mut(&mut self) -> &mut TurnContext {
        &mut self.context
    }

    /// The state of the run, once there is one.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The traces of what happened last, one for each step.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.trace
    }

    /// A variable of the run.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.state.as_ref()?.frame()?.vars.get(name)
    }

    /// The node at which the run waits.
    #[must_use]
    pub fn waits_at(&self) -> Option<&str> {
        self.state.as_ref()?.wait.as_ref().map(|wait| &*wait.node)
    }

    /// How the run ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.state.as_ref()?.outcome.as_deref()
    }

    /// Starts a run without a message.
    pub fn start(&mut self, at: Option<&str>, vars: Map<String, Value>) -> Vec<Effect> {
        self.state = None;
        self.begin(Input::Start {
            trigger: TriggerKind::Manual.as_str().to_owned(),
            message: None,
            consume: false,
            vars,
            at: at.map(str::to_owned),
        })
    }

    /// The customer writes. The first message starts a run, if a trigger of the flow takes it.
    pub fn say(&mut self, text: &str) -> Vec<Effect> {
        let message = self.message(MessageKind::Text, Some(text));
        self.receive(message)
    }

    /// The customer wrote before the last question could be read.
    pub fn say_early(&mut self, text: &str) -> Vec<Effect> {
        let message = self.message(MessageKind::Text, Some(text));
        self.receive(Message { early: true, ..message })
    }

    /// The customer taps an option of the current question, by its label or its value; none if it is not offered.
    pub fn tap(&mut self, option: &str) -> Option<Vec<Effect>> {
        let state = self.state.as_ref()?;
        let wait = state.wait.as_ref()?;
        let offered = wait
            .offered
            .iter()
            .find(|o| o.label == option)
            .or_else(|| wait.offered.iter().find(|o| o.value == option))?;
        let payload =
            crate::input::Payload { run: &state.run.id, node: &wait.node, visit: wait.visit, value: &offered.value };
        let (payload, label) = (payload.write(), offered.label.clone());
        let message = self.message(MessageKind::Interactive, Some(&label));
        Some(self.receive(Message { payload: Some(payload), ..message }))
    }

    /// The customer shares something that is no text; none if there is no such kind.
    pub fn share(&mut self, kind: &str) -> Option<Vec<Effect>> {
        let (kind, mime) = match kind {
            "image" => (MessageKind::Image, "image/jpeg"),
            "audio" => (MessageKind::Audio, "audio/ogg"),
            "video" => (MessageKind::Video, "video/mp4"),
            "document" => (MessageKind::Document, "application/pdf"),
            "sticker" => (MessageKind::Sticker, "image/webp"),
            "location" => (MessageKind::Location, ""),
            "contacts" => (MessageKind::Contacts, ""),
            _ => return None,
        };
        let mut message = self.message(kind, None);
        if !mime.is_empty() {
            let file_id = format!("file-{}", self.messages);
            message.media = Some(Media { file_id, mime: mime.to_owned(), size: 1_024, name: None, caption: None });
        }
        if kind == MessageKind::Location {
            message.location = Some(Location { lat: 19.43, lon: -99.13, name: None, address: None });
        }
        if kind == MessageKind::Contacts {
            message.contacts = Some(Value::Array(vec![]));
        }
        Some(self.receive(message))
    }

    /// The last message of a node fails for good.
    pub fn fail(&mut self, node: &str) -> Vec<Effect> {
        let visit = self.state.as_ref().and_then(|state| state.counters.visits.get(node)).copied().unwrap_or(0);
        let token = crate::turn::token(&node.into(), visit, 0);
        self.input(Input::SendFailed { token, permanent: true, code: "131047".to_owned() })
    }

    /// Time passes, in seconds. Every timer that falls due fires at its time.
    pub fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        let distance = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or_default();
        let until = self.context.now.checked_add_signed(distance).unwrap_or(self.context.now);
        let mut effects = Vec::new();
        self.trace.clear();
        while let Some(timer) = self.state.as_ref().and_then(|state| {
            state.timers.iter().filter(|timer| timer.at <= until).min_by_key(|timer| timer.at).cloned()
        }) {
            self.context.now = self.context.now.max(timer.at);
            effects.extend(self.step(Input::Timer { token: timer.token, at: Some(timer.at) }));
        }
        self.context.now = until;
        effects
    }

    /// Any other input.
    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        self.trace.clear();
        self.step(input)
    }

    fn message(&mut self, kind: MessageKind, text: Option<&str>) -> Message {
        self.messages = self.messages.saturating_add(1);
        let id = format!("message-{}", self.messages);
        let message = Message::text(id, text.unwrap_or_default(), self.context.now);
        Message { kind, text: text.map(str::to_owned), ..message }
    }

    fn receive(&mut self, message: Message) -> Vec<Effect> {
        if self.state.is_some() {
            return self.input(Input::Message(message));
        }
        let occasion = Occasion { kind: TriggerKind::AnyMessage, message: Some(&message), event: None };
        let Some(chosen) = choose([self.flow], &occasion, &self.context) else { return Vec::new() };
        let (trigger, at, consume) = (chosen.trigger.as_str().to_owned(), chosen.at.map(str::to_owned), chosen.consume);
        self.begin(Input::Start { trigger, message: Some(message), consume, vars: Map::new(), at })
    }

    fn begin(&mut self, start: Input) -> Vec<Effect> {
        self.runs = self.runs.saturating_add(1);
        self.state = Some(State::new(&format!("run-{}", self.runs), self.flow, self.context.now));
        self.input(start)
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let Some(state) = self.state.take() else { return Vec::new() };
        let (state, mut effects, trace) = step(self.flow, state, input, &self.context);
        self.trace.push(trace);
        for effect in &effects {
            if let Act::UpdateContact { patch } = &effect.act {
                patched(&mut self.context, patch);
            }
        }
        let asked = effects.iter().find_map(|effect| {
            if let Act::CheckQueue { token, .. } = &effect.act { Some(token.clone()) } else { None }
        });
        let waiting = state.status == Status::Waiting;
        self.state = Some(state);
        if let (Some(token), true) = (asked, waiting) {
            let (open, full, agents) = match self.queue {
                Queue::Open => (true, false, 1),
                Queue::Closed => (false, false, 0),
                Queue::Full => (true, true, 1),
                Queue::Empty => (true, false, 0),
            };
            effects.extend(self.step(Input::QueueStatus { token, open, full, agents }));
        }
        effects
    }
}

/// The client as a caller would store it.
fn patched(context: &mut TurnContext, patch: &Map<String, Value>) {
    let mut contact = crate::world::plain(&context.contact);
    if let Value::Object(contact) = &mut contact {
        for (key, value) in patch {
            match (contact.get_mut(key), value) {
                (Some(Value::Object(fields)), Value::Object(new)) => fields.extend(new.clone()),
                (_, value) => {
                    contact.insert(key.clone(), value.clone());
                }
            }
        }
    }
    if let Ok(contact) = serde_json::from_value(contact) {
        context.contact = contact;
    }
}
