//! What all questions have: what happens after a wrong answer, and after none.

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::flow::Port;
use crate::limits;
use crate::reader::{Object, Room};
use crate::template::Text;

/// Wrong answers before a question gives up, unless it says otherwise.
const MAX_ATTEMPTS: u32 = 3;

/// Seconds after which WhatsApp refuses free messages.
const WINDOW_SECONDS: u64 = 24 * 3_600;

/// The common part of a question.
#[derive(Debug, Default)]
pub(crate) struct Question {
    /// Its own handling of wrong answers; none is the flow's default.
    pub(crate) invalid: Option<Invalid>,
    /// Its own timeout; none is the flow's default.
    pub(crate) timeout: Option<Timeout>,
}

/// What happens after a wrong answer.
#[derive(Debug)]
pub(crate) struct Invalid {
    /// What is said, by attempt; the last one from then on.
    pub(crate) messages: Vec<Text>,
    /// Wrong answers before the exit is taken.
    pub(crate) max_attempts: u32,
    /// Whether the question is asked again.
    pub(crate) repeat: bool,
}

/// What happens after silence.
#[derive(Debug)]
pub(crate) struct Timeout {
    /// Seconds.
    pub(crate) after: u64,
    /// Reminders: seconds after the question, and what is said.
    pub(crate) reminders: Vec<(u64, Text)>,
}

impl Question {
    /// Reads `invalid` and `timeout`.
    pub(crate) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        let invalid = object.object(room, "invalid").map(|o| Invalid::read(o, room, Port::Invalid));
        let timeout = object.object(room, "timeout").map(|o| Timeout::read(o, room, Port::Timeout));
        Self { invalid, timeout }
    }
}

impl Default for Invalid {
    fn default() -> Self {
        Self { messages: Vec::new(), max_attempts: MAX_ATTEMPTS, repeat: true }
    }
}

impl Invalid {
    /// Reads one; its exit is called `port`.
    pub(crate) fn read(mut object: Object<'_>, room: &mut Room<'_>, port: Port) -> Self {
        let mut messages = Vec::new();
        messages.extend(object.text(room, "message", "invalid.message", limits::TEXT_CHARS));
        if object.has("message") && object.has("messages") {
            let diagnostic = Diagnostic::new(Problem::WrongChoice, object.path.as_str());
            room.refuse(diagnostic.with("allowed", "message, messages"));
        }
        for (i, (tree, path)) in object.list(room, "messages", 1..=5).into_iter().enumerate() {
            match tree.as_str() {
                Some(text) => messages.push(room.compile_text(text, &path, &format!("invalid.messages.{i}"))),
                None => room.refuse(crate::reader::wrong_type(&path, "string", tree)),
            }
        }
        let max_attempts = object.count(room, "maxAttempts", 1..=10).unwrap_or(MAX_ATTEMPTS);
        let repeat = object.bool(room, "repeat").unwrap_or(true);
        object.exit_if(room, "next", port);
        object.finish(room);
        Self { messages, max_attempts, repeat }
    }

    /// What is said after the n-th wrong answer, from 1.
    pub(crate) fn message(&self, attempt: u32) -> Option<&Text> {
        let at = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.messages.get(at).or(self.messages.last())
    }
}

impl Timeout {
    /// Reads one; its exit is called `port`.
    pub(crate) fn read(mut object: Object<'_>, room: &mut Room<'_>, port: Port) -> Self {
        object.missing(room, "after");
        let after = object.duration(room, "after").unwrap_or(WINDOW_SECONDS);
        if after > WINDOW_SECONDS {
            room.report(Diagnostic::new(Problem::LongWait, object.at("after")));
        }
        let mut reminders: Vec<(u64, Text)> = Vec::new();
        for (i, (tree, path)) in object.list(room, "reminders", 0..=3).into_iter().enumerate() {
            let Some(mut reminder) = Object::open(tree, path, room) else { continue };
            reminder.missing(room, "after");
            reminder.missing(room, "content");
            let at = reminder.duration(room, "after");
            let text = reminder.text(room, "content", &format!("timeout.reminders.{i}"), limits::TEXT_CHARS);
            if let Some(at) = at {
                if at >= after || reminders.iter().any(|(other, _)| *other == at) {
                    let diagnostic = Diagnostic::new(Problem::LateReminder, reminder.at("after"));
                    room.report(diagnostic.with("after", format!("{at} s")));
                }
                reminders.extend(text.map(|text| (at, text)));
            }
            reminder.finish(room);
        }
        reminders.sort_by_key(|(at, _)| *at);
        object.exit_if(room, "next", port);
        object.finish(room);
        Self { after, reminders }
    }
}
