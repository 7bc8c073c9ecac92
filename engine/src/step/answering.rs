//! The customer wrote: to a question, into a wait, or too early.

use std::sync::Arc;

use super::{give_up, leave, recover, take};
use crate::answer::{self, Reply};
use crate::effect::{Level, Track};
use crate::fault::FaultCode;
use crate::flow::{Node, Port, Target};
use crate::input::Message;
use crate::limits;
use crate::node::OnMessage;
use crate::node::question::Invalid;
use crate::session::{Interrupted, Wait, WaitKind};
use crate::trace::Event;
use crate::turn::Turn;

pub(super) fn remember(turn: &mut Turn<'_>, id: &str) {
    if turn.state.seen.len() >= limits::SEEN {
        turn.state.seen.remove(0);
    }
    turn.state.seen.push(id.to_owned());
}

/// The customer wrote.
pub(super) fn hear<'a>(turn: &mut Turn<'a>, here: &'a Node, message: Message) -> Option<&'a Node> {
    remember(turn, &message.id);
    turn.active = true;
    let kind = turn.state.wait.as_ref().map(|wait| wait.kind);
    let delay = here.body.as_delay().map(|delay| delay.on_message);
    match (kind, delay) {
        (Some(WaitKind::Answer), _) => {
            let early = message.early;
            offer(turn, here, message, early, true)
        }
        (Some(WaitKind::Time), Some(OnMessage::Ignore)) => {
            drop_message(turn, here, message, "ignored_in_delay");
            None
        }
        (Some(WaitKind::Time), Some(how @ (OnMessage::Continue | OnMessage::Leave))) => {
            turn.end_wait();
            turn.input = Some(message);
            leave(turn, here, if how == OnMessage::Continue { &Port::Next } else { &Port::Interrupted })
        }
        (Some(WaitKind::Time | WaitKind::Queue), _) => {
            turn.note(Event::Buffered { message: message.id.clone() });
            turn.state.buffer.push(message);
            let too_much = |buffer: &[Message]| {
                buffer.len() > limits::BUFFER || buffer.iter().map(Message::size).sum::<usize>() > limits::BUFFER_BYTES
            };
            while too_much(&turn.state.buffer) {
                let oldest = turn.state.buffer.remove(0);
                drop_message(turn, here, oldest, "buffer_full");
            }
            None
        }
        (None, _) => {
            drop_message(turn, here, message, "nothing_waits");
            None
        }
    }
}

fn drop_message(turn: &mut Turn<'_>, node: &Node, message: Message, reason: &str) {
    turn.log(Level::Info, "message_dropped", Some(node), reason.to_owned());
    turn.note(Event::Dropped { message: message.id, reason: reason.to_owned() });
}

/// Offers what was kept to the question that was just asked.
pub(super) fn offer_buffer<'a>(turn: &mut Turn<'a>, node: &'a Node) -> Option<&'a Node> {
    let full = std::mem::take(&mut turn.offers_buffer);
    while turn.state.wait.as_ref().is_some_and(|wait| wait.kind == WaitKind::Answer) && !turn.state.buffer.is_empty() {
        let message = turn.state.buffer.remove(0);
        if let Some(next) = offer(turn, node, message, !full, false) {
            return Some(next);
        }
    }
    None
}

/// Offers a message to the question. `live` messages count as wrong answers; kept ones are dropped instead.
fn offer<'a>(turn: &mut Turn<'a>, node: &'a Node, message: Message, early: bool, live: bool) -> Option<&'a Node> {
    let wait = turn.state.wait.clone()?;
    turn.input = Some(message.clone());
    match answer::offer(turn, node, &wait, &message, early) {
        Err(fault) => recover(turn, node, fault),
        Ok(Reply::Answer { port, option }) => {
            let ms = turn.waited_ms(&wait);
            turn.end_wait();
            turn.note(Event::Answered { node: node.id.clone() });
            turn.track(Track::Answered { node: node.id.clone(), option, attempt: wait.attempts + 1, ms });
            leave(turn, node, &port)
        }
        Ok(Reply::Command(at)) => command(turn, node, wait, at),
        Ok(Reply::Wrong { kind }) if live => wrong(turn, node, kind),
        Ok(Reply::Wrong { .. } | Reply::Dropped) => {
            drop_message(turn, node, message, "written_before_the_question");
            None
        }
    }
}

fn command<'a>(turn: &mut Turn<'a>, node: &'a Node, wait: Wait, at: usize) -> Option<&'a Node> {
    let flow = turn.flow;
    let settings = flow.settings();
    let resume = settings.commands.get(at).is_some_and(|command| command.resume);
    let exit = settings.exit(&Port::Command(at))?;
    let target: Arc<str> = match &exit.target {
        Target::Node(id) => id.clone(),
        Target::Open | Target::Ends => "".into(),
    };
    turn.end_wait();
    turn.note(Event::Command { target: target.clone() });
    turn.track(Track::CommandUsed { node: node.id.clone(), target });
    if let Some(frame) = turn.state.stack.last_mut() {
        let Wait { node, visit, attempts, .. } = wait;
        frame.interrupted = resume.then_some(Interrupted { node, visit, attempts });
    }
    take(turn, node, exit)
}

/// A wrong answer.
fn wrong<'a>(turn: &mut Turn<'a>, node: &'a Node, kind: bool) -> Option<&'a Node> {
    let flow = turn.flow;
    let settings = flow.settings();
    let question = node.body.question()?;
    let usual = Invalid::default();
    let invalid = question.invalid.as_ref().or(settings.invalid.as_ref()).unwrap_or(&usual);
    let wait = turn.state.wait.as_mut()?;
    wait.attempts = wait.attempts.saturating_add(1);
    let attempt = wait.attempts;
    turn.note(Event::Invalid { node: node.id.clone(), attempt });
    turn.track(Track::Invalid { node: node.id.clone(), attempt });
    if attempt >= invalid.max_attempts {
        turn.end_wait();
        let exits = [
            node.exit(&Port::Invalid),
            settings.exit(&Port::DefaultInvalid),
            node.exit(&Port::OnError),
            settings.exit(&Port::FlowError),
        ];
        return match exits.into_iter().flatten().next() {
            Some(exit) => take(turn, node, exit),
            None => {
                let text = format!("{attempt} wrong answers at `{}`", node.id);
                turn.log(Level::Warning, FaultCode::InvalidAnswers.as_str(), Some(node), text);
                give_up(turn, node, FaultCode::InvalidAnswers.as_str());
                None
            }
        };
    }
    let said = if kind {
        let unexpected = settings.unexpected_media.as_ref();
        unexpected.map_or_else(|| Ok(turn.words().unexpected_media.to_owned()), |text| turn.render(node, text, &[]))
    } else {
        invalid
            .message(attempt)
            .map_or_else(|| Ok(turn.words().invalid.to_owned()), |text| turn.render(node, text, &[]))
    };
    let asked = said
        .and_then(|text| turn.say(node, text))
        .and_then(|()| if invalid.repeat { node.body.ask(turn, node).map(Some) } else { Ok(None) });
    match asked {
        Err(fault) => recover(turn, node, fault),
        Ok(offered) => {
            if let (Some(wait), Some(offered)) = (&mut turn.state.wait, offered) {
                wait.offered = offered;
                wait.reminders_sent = 0;
            }
            turn.arm_question(node, question);
            None
        }
    }
}
