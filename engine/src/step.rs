//! One step of a run: the same arguments, the same result, always.
//!
//! ```text
//! Running --Start--> visits nodes until one waits ----> Waiting
//! Waiting --Message, Timer, QueueStatus, Jump--> visits nodes until one waits, or the run ends ----> Waiting | Ended
//! Waiting --Cancel--> Ended
//! ```
//!
//! A fault is taken to the node's `onError`, then the flow's, then the engine's own way out: one neutral sentence and
//! the campaign's default queue. A fault while another is handled, and the third of a run, go there at once.

mod answering;
mod timing;

use serde_json::{Map, Value};

use crate::context::TurnContext;
use crate::effect::{Act, Effect, Level, OnEnd, Send, Track, Transfer};
use crate::fault::{Fault, FaultCode};
use crate::flow::{Exit, Flow, Node, Port, Target};
use crate::input::{Input, Message};
use crate::limits;
use crate::node::{OnMessage, Outcome};
use crate::session::{State, Status, WaitKind};
use crate::settings::{Initial, is_variable};
use crate::trace::{Event, Trace};
use crate::turn::Turn;
use answering::{hear, offer_buffer, remember};
use timing::{fire, send_failed};

/// Takes one step.
///
/// Pure and total: no clock, no randomness, no I/O, no panic. A fault becomes state and effects. The state must come
/// from a run of this flow; one that does not match it (another flow's, or damaged) ends in a fault, not in an error.
#[must_use]
pub fn step(flow: &Flow, state: State, input: Input, context: &TurnContext) -> (State, Vec<Effect>, Trace) {
    let input = input.tidied();
    let mut turn = Turn::new(flow, state, context);
    if let Some((reason, of)) = ignored(&turn.state, &input) {
        turn.note(Event::Ignored { reason: reason.to_owned(), of });
        return turn.done();
    }
    turn.state.counters.turns = turn.state.counters.turns.saturating_add(1);
    let here = standing(&turn);
    let local = turn.world(here, &[]).local_time().to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
    turn.note(Event::LocalTime { at: local });
    let is_cancel = matches!(input, Input::Cancel { .. });
    let first = if turn.state.counters.turns > turn.limits.turns && !is_cancel {
        let text = format!("more than {} turns", turn.limits.turns);
        turn.end_wait();
        recover(&mut turn, here, Fault::new(FaultCode::LimitTurns, text))
    } else {
        receive(&mut turn, here, input)
    };
    run(&mut turn, first);
    close_turn(&mut turn);
    turn.done()
}

/// Why an input changes nothing, if it does not.
fn ignored(state: &State, input: &Input) -> Option<(&'static str, Option<String>)> {
    if state.status == Status::Ended {
        return Some(("ended", None));
    }
    let started = state.status == Status::Waiting;
    let is_set =
        |token: &str, at: &Option<_>| state.timers.iter().any(|t| t.token == token && at.is_none_or(|at| at == t.at));
    match input {
        Input::Start { .. } if started => Some(("already_started", None)),
        Input::Start { .. } | Input::Cancel { .. } => None,
        Input::Message(message) if state.seen.contains(&message.id) => Some(("duplicate", Some(message.id.clone()))),
        Input::Message(_)
        | Input::Timer { .. }
        | Input::QueueStatus { .. }
        | Input::SendFailed { .. }
        | Input::Jump { .. }
            if !started =>
        {
            Some(("not_started", None))
        }
        Input::Message(_) | Input::SendFailed { .. } | Input::Jump { .. } => None,
        Input::Timer { token, at } => (!is_set(token, at)).then(|| ("stale", Some(token.clone()))),
        Input::QueueStatus { token, .. } => {
            let waits = state.wait.as_ref().is_some_and(|w| w.kind == WaitKind::Queue && w.token == *token);
            (!waits).then(|| ("stale", Some(token.clone())))
        }
    }
}

/// The node at which the run stands; the first one if the state names none of this flow.
fn standing<'a>(turn: &Turn<'a>) -> &'a Node {
    let flow = turn.flow;
    let node = turn.state.node().and_then(|id| flow.node(id));
    node.unwrap_or_else(|| flow.first())
}

/// Takes the input; gives the node to visit first.
fn receive<'a>(turn: &mut Turn<'a>, here: &'a Node, input: Input) -> Option<&'a Node> {
    match input {
        Input::Start { trigger, message, consume, vars, at } => start(turn, trigger, message, consume, vars, at),
        Input::Message(message) => hear(turn, here, message),
        Input::Timer { token, .. } => fire(turn, here, &token),
        Input::QueueStatus { open, full, agents, .. } => {
            turn.end_wait();
            let outcome = match here.body.as_transfer() {
                Some(transfer) => transfer.answered(turn, here, (open, full, agents)),
                None => Ok(Outcome::Leave(Port::Next)),
            };
            go_on(turn, here, outcome)
        }
        Input::SendFailed { token, permanent, code } => send_failed(turn, &token, permanent, &code),
        Input::Jump { node, vars, reason } => {
            turn.note(Event::Jumped { node: node.clone(), reason });
            turn.end_wait();
            turn.active = true;
            if let Some(frame) = turn.state.stack.last_mut() {
                frame.interrupted = None;
            }
            enter_at(turn, here, Some(node), vars)
        }
        Input::Cancel { reason } => {
            turn.log(Level::Info, "cancelled", Some(here), reason);
            end(turn, here, "cancelled", None);
            None
        }
    }
}

fn start<'a>(
    turn: &mut Turn<'a>,
    trigger: String,
    message: Option<Message>,
    consume: bool,
    vars: Map<String, Value>,
    at: Option<String>,
) -> Option<&'a Node> {
    let flow = turn.flow;
    let first = flow.first();
    turn.track(Track::RunStarted { trigger });
    turn.active = true;
    if let Some(message) = message {
        remember(turn, &message.id);
        turn.input = Some(message.clone());
        if consume {
            turn.offers_buffer = true;
            turn.state.buffer.push(message);
        }
    }
    for variable in &flow.variables {
        let value = match &variable.default {
            Initial::None => continue,
            Initial::Value(value) => Ok(value.clone()),
            Initial::Text(text) => turn.render(first, text, &[]).map(Value::String),
        };
        let set = value.and_then(|value| turn.set(first, &variable.name, value));
        if let Err(fault) = set {
            return recover(turn, first, fault);
        }
    }
    enter_at(turn, first, at, vars)
}

/// Sets variables and goes to a node, the start if none is named.
fn enter_at<'a>(turn: &mut Turn<'a>, here: &'a Node, at: Option<String>, vars: Map<String, Value>) -> Option<&'a Node> {
    let flow = turn.flow;
    for (name, value) in vars {
        let set = if is_variable(&name) { turn.set(here, &name, value) } else { Ok(()) };
        if let Err(fault) = set {
            return recover(turn, here, fault);
        }
    }
    match at {
        None => Some(flow.first()),
        Some(id) => flow.node(&id).or_else(|| {
            let fault = Fault::new(FaultCode::UnresolvedTarget, format!("there is no node `{id}`"));
            recover(turn, here, fault)
        }),
    }
}

/// Visits nodes until one waits or the run ends.
fn run<'a>(turn: &mut Turn<'a>, first: Option<&'a Node>) {
    let mut next = first;
    while let Some(node) = next {
        let outcome = visit(turn, node);
        next = go_on(turn, node, outcome);
    }
}

fn visit(turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
    if turn.steps >= turn.limits.steps_per_turn {
        let text = format!("more than {} nodes in one turn", turn.limits.steps_per_turn);
        return Err(Fault::new(FaultCode::LimitSteps, text));
    }
    turn.steps += 1;
    if let Some(frame) = turn.state.stack.last_mut() {
        frame.node = node.id.clone();
    }
    let visits = turn.state.counters.visits.entry(node.id.clone()).or_default();
    *visits = visits.saturating_add(1);
    let visit = *visits;
    turn.note(Event::Visited { node: node.id.clone(), visit });
    turn.track(Track::NodeEntered { node: node.id.clone() });
    if visit > turn.limits.visits_per_node {
        let text = format!("`{}` was visited more than {} times", node.id, turn.limits.visits_per_node);
        return Err(Fault::new(FaultCode::LimitVisits, text));
    }
    node.body.enter(turn, node)
}

/// What follows from a visit.
fn go_on<'a>(turn: &mut Turn<'a>, node: &'a Node, outcome: Result<Outcome, Fault>) -> Option<&'a Node> {
    match outcome {
        Ok(Outcome::Leave(port)) => leave(turn, node, &port),
        Ok(Outcome::Wait) => offer_buffer(turn, node),
        Ok(Outcome::End { outcome, on_end: Some(on_end) }) => finish_path(turn, node, &outcome, on_end),
        Ok(Outcome::End { outcome, on_end: None }) => {
            end(turn, node, &outcome, None);
            None
        }
        Err(fault) => recover(turn, node, fault),
    }
}

/// Leaves by an exit.
fn leave<'a>(turn: &mut Turn<'a>, node: &'a Node, port: &Port) -> Option<&'a Node> {
    // An option without its own `next` and a fallback that is not written leave by the node's `next` too.
    let exit = node.exit(port).or_else(|| match port {
        Port::Option(_) | Port::Built => node.exit(&Port::Next),
        Port::Next
        | Port::OnError
        | Port::Invalid
        | Port::Timeout
        | Port::Empty
        | Port::Case(_)
        | Port::Else
        | Port::Target
        | Port::Exhausted
        | Port::Interrupted
        | Port::Unavailable
        | Port::Start
        | Port::Trigger(_)
        | Port::Command(_)
        | Port::FlowError
        | Port::DefaultInvalid
        | Port::DefaultTimeout
        | Port::SessionTimeout => None,
    });
    match exit {
        Some(exit) => take(turn, node, exit),
        None => {
            turn.note(Event::Left { node: node.id.clone(), port: port.to_string(), to: None });
            let on_end = turn.on_end();
            finish_path(turn, node, "completed", on_end)
        }
    }
}

/// Takes an exit.
fn take<'a>(turn: &mut Turn<'a>, node: &'a Node, exit: &Exit) -> Option<&'a Node> {
    let flow = turn.flow;
    let to = exit.to.and_then(|at| flow.nodes().get(at));
    let id = to.map(|to| to.id.clone());
    turn.note(Event::Left { node: node.id.clone(), port: exit.port.to_string(), to: id.clone() });
    if let Some(to) = id {
        turn.track(Track::EdgeTaken { from: node.id.clone(), port: exit.port.to_string(), to });
        return to_node(turn, node, exit);
    }
    match &exit.target {
        Target::Node(id) => {
            let fault = Fault::new(
                FaultCode::UnresolvedTarget,
                format!("`{}` leads to `{id}`, which does not exist", exit.port),
            );
            recover(turn, node, fault)
        }
        Target::Open | Target::Ends => {
            let on_end = turn.on_end();
            finish_path(turn, node, "completed", on_end)
        }
    }
}

fn to_node<'a>(turn: &mut Turn<'a>, node: &Node, exit: &Exit) -> Option<&'a Node> {
    // What was kept during a delay may answer the question directly behind it.
    let through = matches!(exit.port, Port::Target | Port::Exhausted);
    let consumed = turn.offers_buffer && turn.state.counters.turns == 1;
    let delayed = node.body.as_delay().is_some_and(|delay| delay.on_message == OnMessage::Buffer);
    turn.offers_buffer = delayed || consumed || (turn.offers_buffer && through);
    let flow = turn.flow;
    exit.to.and_then(|at| flow.nodes().get(at))
}

/// A path has come to its end: back to the question that a command interrupted, or the run is over.
fn finish_path<'a>(turn: &mut Turn<'a>, node: &'a Node, outcome: &str, on_end: OnEnd) -> Option<&'a Node> {
    let flow = turn.flow;
    let interrupted = turn.state.stack.last_mut().and_then(|frame| frame.interrupted.take());
    let Some(question) = interrupted.as_ref().and_then(|i| flow.node(&i.node)) else {
        end(turn, node, outcome, Some(on_end));
        return None;
    };
    if let Some(frame) = turn.state.stack.last_mut() {
        frame.node = question.id.clone();
    }
    match question.body.ask(turn, question) {
        Err(fault) => recover(turn, question, fault),
        Ok(offered) => {
            if let Some(asked) = question.body.question() {
                turn.await_answer(question, asked, offered);
            }
            if let (Some(wait), Some(interrupted)) = (&mut turn.state.wait, interrupted) {
                wait.attempts = interrupted.attempts;
            }
            None
        }
    }
}

/// Ends the run.
fn end(turn: &mut Turn<'_>, node: &Node, outcome: &str, on_end: Option<OnEnd>) {
    turn.end_wait();
    turn.disarm_all();
    turn.state.status = Status::Ended;
    turn.state.buffer.clear();
    turn.state.outcome = Some(outcome.to_owned());
    turn.note(Event::Ended { outcome: outcome.to_owned() });
    turn.track(Track::RunEnded { outcome: outcome.to_owned(), node: node.id.clone() });
    turn.act(Act::EndRun { outcome: outcome.to_owned(), on_end });
}

/// After the nodes: what the state has to say.
fn close_turn(turn: &mut Turn<'_>) {
    if turn.state.status != Status::Ended {
        turn.state.status = Status::Waiting;
        if turn.state.wait.as_ref().is_some_and(|wait| wait.kind == WaitKind::Time) {
            // It is the bot that keeps the customer waiting: that is no silence of theirs.
            turn.disarm_session();
        } else if turn.active || !turn.has_session() {
            turn.arm_session();
        }
    }
}

/// Takes a fault to its way out.
fn recover<'a>(turn: &mut Turn<'a>, node: &'a Node, fault: Fault) -> Option<&'a Node> {
    let flow = turn.flow;
    turn.state.counters.faults = turn.state.counters.faults.saturating_add(1);
    turn.end_wait();
    turn.log(Level::Error, fault.code.as_str(), Some(node), fault.text.clone());
    turn.track(Track::Fault { node: node.id.clone(), code: fault.code.as_str().to_owned() });
    let again = std::mem::replace(&mut turn.handling, true);
    turn.note(Event::Fault { node: node.id.clone(), code: fault.code, text: fault.text });
    if !again && turn.state.counters.faults < limits::FAULTS {
        let exits = [node.exit(&Port::OnError), flow.settings().exit(&Port::FlowError)];
        if let Some(exit) = exits.into_iter().flatten().find(|exit| exit.to.is_some()) {
            // The way out gets its own steps: once, for a second fault does not come here.
            turn.steps = 0;
            return take(turn, node, exit);
        }
    }
    give_up(turn, node, "bot_error");
    None
}

/// The engine's own way out.
fn give_up(turn: &mut Turn<'_>, node: &Node, reason: &str) {
    let body = turn.words().handing_over.to_owned();
    turn.act(Act::Send(Box::new(Send { body, ..Send::default() })));
    let vars = turn.public_variables();
    turn.act(Act::RequestTransfer(Transfer { vars, reason: Some(reason.to_owned()), ..Transfer::default() }));
    end(turn, node, "failed", None);
}
