//! What an inbound message means at a question: the order in which it is tried.
//!
//! 1. (Platform words such as BAJA are handled before any flow.)
//! 2. The tap of an option of the current question.
//! 3. Commands whose whole text it is.
//! 4. At a menu: number, label, label without its number, value.
//! 5. Other commands; at an input that takes sentences only if it has at most four words.
//! 6. What else the question understands.
//! 7. The tap of an older question is its title, and was tried as that all along.
//! 8. Anything else is a wrong answer, except a message that was written before the question could be read.

pub(crate) mod matching;
pub(crate) mod parse;

use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::input::{Message, Payload};
use crate::session::Wait;
use crate::turn::Turn;
use crate::words;

/// Words that a message may have to be a command at an input that takes sentences.
const COMMAND_WORDS: usize = 4;

/// A message at one stage of the order.
pub(crate) struct Heard<'m> {
    pub(crate) message: &'m Message,
    /// Its words, normalized.
    pub(crate) normal: &'m str,
    pub(crate) stage: Stage<'m>,
}

/// How a question is asked to understand a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage<'m> {
    /// One of its options was tapped.
    Tapped(&'m str),
    /// By what stands in it: numbers, labels, values.
    Plain,
    /// By everything it knows.
    Rest,
}

/// What a question makes of a message.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It is an answer.
    Taken { port: Port, option: Option<String> },
    /// It is none.
    Unheard,
    /// It is none, because it is a file or the like where words were expected.
    WrongKind,
}

/// What a message comes to.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It answers the question.
    Answer { port: Port, option: Option<String> },
    /// It is a command, by its place.
    Command(usize),
    /// It is a wrong answer.
    Wrong { kind: bool },
    /// It was written before the question could be read, and means nothing now.
    Dropped,
}

impl Heard<'_> {
    /// Its words, if it has any.
    pub(crate) fn words(&self) -> Option<&str> {
        self.message.words()
    }
}

/// Tries a message. `early` ones never are wrong answers, nor answers of an input.
pub(crate) fn offer(
    turn: &mut Turn<'_>,
    node: &Node,
    wait: &Wait,
    message: &Message,
    early: bool,
) -> Result<Reply, Fault> {
    let normal = message.words().map(words::normalize).unwrap_or_default();
    let heard = |stage| Heard { message, normal: &normal, stage };
    if let Some(payload) = message.payload.as_deref().and_then(Payload::read)
        && payload.run == &*turn.state.run.id
        && payload.node == &*wait.node
        && payload.visit == wait.visit
        && let Attempt::Taken { port, option } = node.body.hear(turn, node, &heard(Stage::Tapped(payload.value)))?
    {
        return Ok(Reply::Answer { port, option });
    }
    if let Some(at) = command(turn, node, message, &normal, true)? {
        return Ok(Reply::Command(at));
    }
    if let Attempt::Taken { port, option } = node.body.hear(turn, node, &heard(Stage::Plain))? {
        return Ok(Reply::Answer { port, option });
    }
    let short = normal.split(' ').count() <= COMMAND_WORDS;
    if (short || !node.body.takes_sentences())
        && let Some(at) = command(turn, node, message, &normal, false)?
    {
        return Ok(Reply::Command(at));
    }
    if early && node.body.as_menu().is_none() {
        return Ok(Reply::Dropped);
    }
    Ok(match node.body.hear(turn, node, &heard(Stage::Rest))? {
        Attempt::Taken { port, option } => Reply::Answer { port, option },
        Attempt::Unheard | Attempt::WrongKind if early => Reply::Dropped,
        Attempt::Unheard => Reply::Wrong { kind: false },
        Attempt::WrongKind => Reply::Wrong { kind: true },
    })
}

/// The first command that a message is.
fn command(
    turn: &mut Turn<'_>,
    node: &Node,
    message: &Message,
    normal: &str,
    exact: bool,
) -> Result<Option<usize>, Fault> {
    let Some(text) = message.words() else { return Ok(None) };
    let flow = turn.flow;
    for (at, command) in flow.settings().commands.iter().enumerate() {
        if command.keywords.is_exact() != exact || !command.keywords.found_in(text, normal) {
            continue;
        }
        match &command.when {
            Some(when) if !turn.holds(node, when, &[])? => {}
            Some(_) | None => return Ok(Some(at)),
        }
    }
    Ok(None)
}
