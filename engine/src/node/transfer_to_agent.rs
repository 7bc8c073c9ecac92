//! `transfer_to_agent`: hands the chat to people; the bot is silent from then on.
//!
//! ```json
//! { "id": "ventas", "type": "transfer_to_agent", "queueId": "queue-1", "priority": "high",
//!   "message": "Te conecto con ventas.", "note": "Interés: {{plan}}",
//!   "unavailable": { "on": ["closed", "no_agents"], "next": "fuera-de-horario" } }
//! ```
//!
//! With `unavailable` the engine asks how the queue is first and takes that exit if a listed condition holds.

use serde_json::Map;

use super::{Outcome, Waits};
use crate::effect::{Act, Priority, Transfer};
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::limits;
use crate::reader::{Object, Room, wrong_type, wrong_value};
use crate::session::WaitKind;
use crate::template::Text;
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct TransferToAgent {
    queue_id: String,
    message: Option<Text>,
    priority: Priority,
    skills: Vec<String>,
    agent_id: Option<String>,
    note: Option<Text>,
    unavailable: Option<Vec<Condition>>,
}

/// How a queue can be unable to take a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Closed,
    QueueFull,
    NoAgents,
}

const CONDITIONS: [(&str, Condition); 3] =
    [("closed", Condition::Closed), ("queue_full", Condition::QueueFull), ("no_agents", Condition::NoAgents)];

impl TransferToAgent {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        const PRIORITIES: [(&str, Priority); 3] =
            [("normal", Priority::Normal), ("high", Priority::High), ("urgent", Priority::Urgent)];
        object.missing(room, "queueId");
        let queue_id = object.id(room, "queueId").unwrap_or_else(|| "".into()).to_string();
        let message = object.text(room, "message", "message", limits::TEXT_CHARS);
        let priority = object.choice(room, "priority", &PRIORITIES).unwrap_or_default();
        let skills = object.strings(room, "skills", 20).into_iter().map(str::to_owned).collect();
        let agent_id = object.id(room, "agentId").map(|id| id.to_string());
        // A note is for agents: it has no translations.
        let note = object.text(room, "note", "", limits::TEXT_CHARS);
        let unavailable = object.object(room, "unavailable").map(|mut unavailable| {
            let mut on = Vec::new();
            unavailable.missing(room, "on");
            for (tree, path) in unavailable.list(room, "on", 1..=3) {
                match tree.as_str() {
                    Some(word) => match CONDITIONS.iter().find(|(known, _)| *known == word) {
                        Some((_, condition)) => on.push(*condition),
                        None => room.refuse(wrong_value(&path, word, CONDITIONS.iter().map(|(known, _)| *known))),
                    },
                    None => room.refuse(wrong_type(&path, "string", tree)),
                }
            }
            unavailable.exit(room, "next", Port::Unavailable);
            unavailable.finish(room);
            on
        });
        Self { queue_id, message, priority, skills, agent_id, note, unavailable }
    }

    pub(super) fn waits(&self) -> Waits {
        if self.unavailable.is_some() { Waits::Other } else { Waits::Never }
    }

    pub(super) fn speaks(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn queue(&self) -> &str {
        &self.queue_id
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        if self.unavailable.is_none() {
            return self.transfer(turn, node);
        }
        let token = turn.await_event(node, WaitKind::Queue, None);
        turn.act(Act::CheckQueue { token, queue_id: self.queue_id.clone() });
        Ok(Outcome::Wait)
    }

    /// The queue has answered.
    pub(crate) fn answered(
        &self,
        turn: &mut Turn<'_>,
        node: &Node,
        (open, full, agents): (bool, bool, u32),
    ) -> Result<Outcome, Fault> {
        let holds = |condition: &Condition| match condition {
            Condition::Closed => !open,
            Condition::QueueFull => full,
            Condition::NoAgents => agents == 0,
        };
        if self.unavailable.iter().flatten().any(holds) {
            return Ok(Outcome::Leave(Port::Unavailable));
        }
        self.transfer(turn, node)
    }

    fn transfer(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        // Both texts before any effect: a fault must not leave a promise behind.
        let message = self.message.as_ref().map(|text| turn.render(node, text, &[])).transpose()?;
        let note = self.note.as_ref().map(|text| turn.render(node, text, &[])).transpose()?;
        if let Some(message) = message {
            turn.say(node, message)?;
        }
        let vars: Map<_, _> = turn.public_variables();
        turn.act(Act::RequestTransfer(Transfer {
            queue_id: Some(self.queue_id.clone()),
            priority: self.priority,
            skills: self.skills.clone(),
            agent_id: self.agent_id.clone(),
            note,
            vars,
            reason: None,
        }));
        Ok(Outcome::end("transferred"))
    }
}
