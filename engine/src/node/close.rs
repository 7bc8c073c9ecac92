//! `close`: says goodbye and closes the chat.
//!
//! ```json
//! { "id": "adios", "type": "close", "message": "¡Gracias por escribirnos!", "reason": "bot_completed" }
//! ```

use super::Outcome;
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::Act;
use crate::fault::Fault;
use crate::flow::Node;
use crate::limits;
use crate::reader::{Object, Room};
use crate::template::Text;
use crate::turn::Turn;

#[derive(Debug)]
pub(crate) struct Close {
    message: Option<Text>,
    reason: String,
}

impl Close {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        let message = object.text(room, "message", "message", limits::TEXT_CHARS);
        let reason = object.string(room, "reason", 60).unwrap_or("bot_completed").to_owned();
        let word = reason.starts_with(|c: char| c.is_ascii_lowercase())
            && reason.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !word {
            let diagnostic = Diagnostic::new(Problem::WrongForm, object.at("reason")).with("found", reason.as_str());
            room.refuse(diagnostic.with("expected", "a-z 0-9 _").with("example", "no_response"));
        }
        Self { message, reason }
    }

    pub(super) fn speaks(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        if let Some(text) = &self.message {
            let message = turn.render(node, text, &[])?;
            turn.say(node, message)?;
        }
        turn.act(Act::CloseChat { reason: self.reason.clone() });
        Ok(Outcome::end("closed"))
    }
}
