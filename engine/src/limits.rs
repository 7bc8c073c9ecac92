//! Every limit of the language, with its name and its reason.
//!
//! A limit is here because a loop must end, because a stored row or a payload must stay small, or because WhatsApp
//! says so. [`Limits`] holds the ones that an operator or a flow may lower or raise, up to their hard maximum.

use serde::{Deserialize, Serialize};

/// Bytes of a flow document (a stored draft must fit one request body).
pub const DOCUMENT_BYTES: usize = 512 * 1024;
/// Bytes of the editor's part, `ui`, of a document.
pub const UI_BYTES: usize = 128 * 1024;
/// Depth of arrays and objects in a document (the reader is recursive).
pub const DOCUMENT_DEPTH: usize = 64;
/// Nodes of a flow (what a person can still look at).
pub const NODES: usize = 500;
/// Exits of all nodes together (graph analyses are linear in it).
pub const EDGES: usize = 5_000;
/// Diagnostics reported for one document (a broken file must not answer with megabytes).
pub const DIAGNOSTICS: usize = 500;
/// Options of a menu, and options of a question that was asked (numbered text stays readable).
pub const OPTIONS: usize = 20;
/// Characters of an expression.
pub const EXPRESSION_CHARS: usize = 1_000;
/// Depth of an expression's syntax tree.
pub const EXPRESSION_DEPTH: usize = 64;
/// Bytes of text that cost one operation when a function reads them: long texts are not free.
pub const BYTES_PER_OPERATION: usize = 64;
/// Characters of a text in the document (WhatsApp's limit for a text message).
pub const TEXT_CHARS: usize = 4_096;
/// Characters of a body that has buttons, a list, a header or a footer (WhatsApp).
pub const INTERACTIVE_BODY_CHARS: usize = 1_024;
/// Characters of a header or a footer (WhatsApp).
pub const HEADER_CHARS: usize = 60;
/// Characters of a reply button's label (WhatsApp).
pub const BUTTON_CHARS: usize = 20;
/// Characters of a list row's title (WhatsApp).
pub const ROW_CHARS: usize = 24;
/// Characters of a list row's description (WhatsApp).
pub const ROW_DESCRIPTION_CHARS: usize = 72;
/// Reply buttons of one message (WhatsApp).
pub const BUTTONS: usize = 3;
/// Rows of one list (WhatsApp).
pub const ROWS: usize = 10;
/// Parts into which a rendered text is split.
pub const TEXT_PARTS: usize = 3;
/// Nesting of brackets and blocks in one template tag (the template parser is recursive).
pub const TEMPLATE_DEPTH: usize = 16;
/// Inbound messages kept for the next question.
pub const BUFFER: usize = 20;
/// Bytes of them together, as JSON.
pub const BUFFER_BYTES: usize = 16 * 1024;
/// Bytes of a state for everything but variables, kept messages and visits: the wait with its options, timers, ids.
pub const STATE_RESERVE: usize = 20 * 1024;
/// Characters of a message id that are looked at; WhatsApp's are about half as long.
pub const MESSAGE_ID_CHARS: usize = 200;
/// Characters of an option's label, and of its value, once rendered.
pub const OPTION_CHARS: usize = 100;
/// Inbound message ids remembered to drop duplicates.
pub const SEEN: usize = 20;
/// Bytes of a compiled regular expression.
pub const REGEX_BYTES: usize = 1024 * 1024;
/// Compiled regular expressions kept for patterns that are not literals.
pub const REGEX_CACHE: usize = 128;
/// Characters of an inbound text that are looked at; WhatsApp's own limit is the same.
pub const ANSWER_CHARS: usize = 4_096;
/// Faults of a run before the engine gives up on the flow.
pub const FAULTS: u32 = 3;

/// The limits of a run. A flow's `settings.limits` may change the first three; [`Limits::clamped`] keeps all of
/// them within their hard maximum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Nodes visited in one turn.
    pub steps_per_turn: u32,
    /// Turns of one run.
    pub turns: u32,
    /// Visits of one node in a run.
    pub visits_per_node: u32,
    /// Messages sent in one turn.
    pub sends_per_turn: u32,
    /// Bytes of the state of a run, as JSON.
    pub state_bytes: usize,
    /// Bytes of one variable, as JSON.
    pub variable_bytes: usize,
    /// Items of a list variable.
    pub list_items: usize,
    /// Operations of one expression.
    pub expression_operations: u64,
    /// Operations of all expressions of one turn. It stands for a deadline: a count does not depend on the machine.
    pub turn_operations: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_per_turn: 50,
            turns: 200,
            visits_per_node: 20,
            sends_per_turn: 10,
            state_bytes: 64 * 1024,
            variable_bytes: 8 * 1024,
            list_items: 100,
            expression_operations: 2_000,
            turn_operations: 20_000,
        }
    }
}

impl Limits {
    /// The hard maxima: nothing a flow or a caller says goes beyond them.
    pub const MAXIMA: Self = Self {
        steps_per_turn: 100,
        turns: 500,
        visits_per_node: 100,
        sends_per_turn: 20,
        state_bytes: 64 * 1024,
        variable_bytes: 16 * 1024,
        list_items: 200,
        expression_operations: 10_000,
        turn_operations: 100_000,
    };

    /// The same limits, none of them beyond its hard maximum.
    #[must_use]
    pub fn clamped(&self) -> Self {
        let max = Self::MAXIMA;
        Self {
            steps_per_turn: self.steps_per_turn.min(max.steps_per_turn),
            turns: self.turns.min(max.turns),
            visits_per_node: self.visits_per_node.min(max.visits_per_node),
            sends_per_turn: self.sends_per_turn.min(max.sends_per_turn),
            state_bytes: self.state_bytes.min(max.state_bytes),
            variable_bytes: self.variable_bytes.min(max.variable_bytes),
            list_items: self.list_items.min(max.list_items),
            expression_operations: self.expression_operations.min(max.expression_operations),
            turn_operations: self.turn_operations.min(max.turn_operations),
        }
    }
}
