//! `delay`: lets time pass.
//!
//! ```json
//! { "id": "pausa", "type": "delay", "seconds": 3, "typing": true, "onMessage": "buffer", "next": "respuesta" }
//! ```
//!
//! `duration` instead of `seconds` takes ISO 8601. What the customer writes meanwhile is kept for the next question
//! (`buffer`), dropped (`ignore`), cuts the delay short (`continue`), or takes an exit of its own (`{"next": …}`).

use super::Outcome;
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::Act;
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::json::Data;
use crate::reader::{Object, Room};
use crate::session::WaitKind;
use crate::turn::Turn;

/// Seconds for which WhatsApp shows that someone is writing.
const TYPING_SECONDS: u64 = 25;

/// Seconds of the longest delay: a week.
const MOST_SECONDS: u64 = 604_800;

#[derive(Debug)]
pub(crate) struct Delay {
    seconds: u64,
    typing: bool,
    pub(crate) on_message: OnMessage,
}

/// What becomes of a message that comes meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMessage {
    /// It is kept and offered to the next question.
    Buffer,
    /// It is dropped.
    Ignore,
    /// It cuts the delay short.
    Continue,
    /// It takes the exit `interrupted`.
    Leave,
}

impl Delay {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        const WORDS: [(&str, OnMessage); 3] =
            [("buffer", OnMessage::Buffer), ("ignore", OnMessage::Ignore), ("continue", OnMessage::Continue)];
        if object.has("seconds") == object.has("duration") {
            let diagnostic = Diagnostic::new(Problem::WrongChoice, object.path.as_str());
            room.refuse(diagnostic.with("allowed", "seconds, duration"));
        }
        let seconds = object.integer(room, "seconds", 1..=604_800).and_then(|s| u64::try_from(s).ok());
        let duration = object.duration(room, "duration");
        let seconds = seconds.or(duration).unwrap_or(1);
        if seconds > MOST_SECONDS {
            let diagnostic =
                Diagnostic::new(Problem::OutOfRange, object.at("duration")).with("found", format!("{seconds} s"));
            room.refuse(diagnostic.with("allowed", format!("1-{MOST_SECONDS} s")));
        } else if seconds > 24 * 3_600 {
            let key = if duration.is_some() { "duration" } else { "seconds" };
            room.report(Diagnostic::new(Problem::LongWait, object.at(key)));
        }
        let typing = object.bool(room, "typing").unwrap_or(false);
        let mut on_message = OnMessage::Buffer;
        if let Some(tree) = object.get("onMessage") {
            if matches!(tree.data, Data::Object(_)) {
                on_message = OnMessage::Leave;
                if let Some(mut leave) = Object::open(tree, object.at("onMessage"), room) {
                    leave.exit(room, "next", Port::Interrupted);
                    leave.finish(room);
                }
            } else {
                on_message = object.choice(room, "onMessage", &WORDS).unwrap_or(OnMessage::Buffer);
            }
        }
        object.exit(room, "next", Port::Next);
        Self { seconds, typing, on_message }
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        if self.typing && self.seconds <= TYPING_SECONDS {
            turn.act(Act::Typing { ms: self.seconds * 1_000 });
        }
        turn.await_event(node, WaitKind::Time, Some(self.seconds));
        Ok(Outcome::Wait)
    }
}
