//! The kinds of nodes: one kind, one file.
//!
//! To add a kind:
//! 1. a file here whose doc comment carries an example of its JSON, with a type that has `read` (JSON to type;
//!    exits go to `room.exits` in the order of the graph), `enter` (what a visit does), and for a kind that waits the
//!    method that its event calls;
//! 2. a line in `kinds!` below, and the arms that the compiler then asks for;
//! 3. a talk in `flows/talks/`; `tests/nodes.rs` fails until there is one.
//!
//! A node never moves the run itself: it says by which exit to leave, that it waits, or that the run ends. A fault
//! goes back as `Err`; `step.rs` knows what becomes of it.

mod close;
mod condition;
mod delay;
mod end;
mod go_to;
mod input;
mod menu;
mod message;
pub(crate) mod question;
mod transfer_to_agent;
mod variable;

use crate::answer::{Attempt, Heard};
use crate::effect::OnEnd;
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::reader::{Object, Room};
use crate::session::Offered;
use crate::turn::Turn;
pub(crate) use delay::OnMessage;
pub(crate) use input::Check;
pub(crate) use menu::{Menu, MenuOption};
use question::Question;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal $module:ident;)*) => {
        /// The kinds of nodes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum NodeKind { $($(#[$doc])* $name,)* }

        impl NodeKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in documents.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The kind of a word.
            pub(crate) fn read(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }

        /// What a node says beyond the keys that all nodes have.
        #[derive(Debug)]
        #[expect(clippy::large_enum_variant, reason = "nodes are few, and a flow is shared by all its runs")]
        pub(crate) enum Body { $($name($module::$name),)* }

        impl Body {
            /// Reads the keys of a kind.
            pub(crate) fn read(kind: NodeKind, object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
                match kind { $(NodeKind::$name => Self::$name($module::$name::read(object, room)),)* }
            }

            /// Its kind.
            pub(crate) fn kind(&self) -> NodeKind {
                match self { $(Self::$name(_) => NodeKind::$name,)* }
            }

            /// What a visit does.
            pub(crate) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
                match self { $(Self::$name(body) => body.enter(turn, node),)* }
            }
        }
    };
}

kinds! {
    /// Says something.
    Message "message" message;
    /// Asks to choose.
    Menu "menu" menu;
    /// Asks for a value.
    Input "input" input;
    /// Chooses by expressions.
    Condition "condition" condition;
    /// Sets variables.
    Variable "variable" variable;
    /// Goes to another node.
    GoTo "go_to" go_to;
    /// Lets time pass.
    Delay "delay" delay;
    /// Hands the chat to people.
    TransferToAgent "transfer_to_agent" transfer_to_agent;
    /// Closes the chat.
    Close "close" close;
    /// Ends the run.
    End "end" end;
}

/// What a kind waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// Nothing.
    Never,
    /// The customer: the only wait that ends a turn for as long as they are silent.
    Answer,
    /// Time, or the answer of another part of the system: the run goes on by itself.
    Other,
}

/// What a visit comes to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Leave by an exit.
    Leave(Port),
    /// Stay; the wait is set.
    Wait,
    /// The run is over.
    End { outcome: String, on_end: Option<OnEnd> },
}

impl Outcome {
    /// The run is over, and the chat is taken care of.
    fn end(outcome: &str) -> Self {
        Self::End { outcome: outcome.to_owned(), on_end: None }
    }
}

impl Body {
    /// A node that only ends the run.
    pub(crate) fn nothing() -> Self {
        Self::End(end::End::default())
    }

    /// What it waits for.
    pub(crate) fn waits(&self) -> Waits {
        match self {
            Self::Menu(_) | Self::Input(_) => Waits::Answer,
            Self::Delay(_) => Waits::Other,
            Self::TransferToAgent(body) => body.waits(),
            Self::Message(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Close(_)
            | Self::End(_) => Waits::Never,
        }
    }

    /// Whether the run may end there.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::TransferToAgent(_) | Self::Close(_) | Self::End(_) => true,
            Self::Message(_)
            | Self::Menu(_)
            | Self::Input(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Delay(_) => false,
        }
    }

    /// Messages that a visit sends, at most.
    pub(crate) fn messages(&self) -> u32 {
        match self {
            Self::Message(_) | Self::Menu(_) | Self::Input(_) => 1,
            Self::TransferToAgent(body) => u32::from(body.speaks()),
            Self::Close(body) => u32::from(body.speaks()),
            Self::Condition(_) | Self::Variable(_) | Self::GoTo(_) | Self::Delay(_) | Self::End(_) => 0,
        }
    }

    /// The limit of visits that it sets itself.
    pub(crate) fn has_own_limit(&self) -> bool {
        if let Self::GoTo(body) = self { body.has_limit() } else { false }
    }

    /// What it asks, if it asks.
    pub(crate) fn question(&self) -> Option<&Question> {
        match self {
            Self::Menu(body) => Some(body.question()),
            Self::Input(body) => Some(body.question()),
            Self::Message(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Delay(_)
            | Self::TransferToAgent(_)
            | Self::Close(_)
            | Self::End(_) => None,
        }
    }

    /// Sends the question; gives what was offered.
    pub(crate) fn ask(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Vec<Offered>, Fault> {
        match self {
            Self::Menu(body) => body.ask(turn, node),
            Self::Input(body) => body.ask(turn, node),
            Self::Message(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Delay(_)
            | Self::TransferToAgent(_)
            | Self::Close(_)
            | Self::End(_) => Ok(Vec::new()),
        }
    }

    /// Tries an answer.
    pub(crate) fn hear(&self, turn: &mut Turn<'_>, node: &Node, heard: &Heard<'_>) -> Result<Attempt, Fault> {
        match self {
            Self::Menu(body) => body.hear(turn, node, heard),
            Self::Input(body) => body.hear(turn, node, heard),
            Self::Message(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Delay(_)
            | Self::TransferToAgent(_)
            | Self::Close(_)
            | Self::End(_) => Ok(Attempt::Unheard),
        }
    }

    /// Whether it is an input that takes any sentence, for which only short messages are commands.
    pub(crate) fn takes_sentences(&self) -> bool {
        if let Self::Input(body) = self { body.takes_sentences() } else { false }
    }

    /// The variable that it marks as personal.
    pub(crate) fn personal(&self) -> Option<&str> {
        if let Self::Input(body) = self { body.personal() } else { None }
    }

    /// The variables that it computes, each with the names that it reads for them.
    pub(crate) fn made(&self) -> Vec<(&str, &[String])> {
        if let Self::Variable(body) = self { body.made() } else { Vec::new() }
    }

    /// The queue or reason that it names, for the catalogue.
    pub(crate) fn reference(&self) -> Option<Reference<'_>> {
        match self {
            Self::TransferToAgent(body) => Some(Reference::Queue(body.queue())),
            Self::Close(body) => Some(Reference::Reason(body.reason())),
            Self::Message(_)
            | Self::Menu(_)
            | Self::Input(_)
            | Self::Condition(_)
            | Self::Variable(_)
            | Self::GoTo(_)
            | Self::Delay(_)
            | Self::End(_) => None,
        }
    }

    /// The menu, for checks of its options.
    pub(crate) fn as_menu(&self) -> Option<&menu::Menu> {
        if let Self::Menu(body) = self { Some(body) } else { None }
    }

    /// The delay, for its messages.
    pub(crate) fn as_delay(&self) -> Option<&delay::Delay> {
        if let Self::Delay(body) = self { Some(body) } else { None }
    }

    /// The transfer, for its queue's answer.
    pub(crate) fn as_transfer(&self) -> Option<&transfer_to_agent::TransferToAgent> {
        if let Self::TransferToAgent(body) = self { Some(body) } else { None }
    }
}

/// A name from the catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reference<'b> {
    /// A queue.
    Queue(&'b str),
    /// A close reason.
    Reason(&'b str),
}
