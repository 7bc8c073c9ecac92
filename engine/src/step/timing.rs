//! Something else came: a timer fell due, or a send failed.

use super::{end, leave, recover, take};
use crate::effect::{Act, Level, Track};
use crate::fault::FaultCode;
use crate::flow::{Exit, Node, Port};
use crate::session::WaitKind;
use crate::turn::{Turn, is_session};

/// A timer is due.
pub(super) fn fire<'a>(turn: &mut Turn<'a>, here: &'a Node, token: &str) -> Option<&'a Node> {
    let flow = turn.flow;
    let settings = flow.settings();
    turn.fired(token);
    if is_session(token) {
        turn.end_wait();
        return expire(turn, here, settings.exit(&Port::SessionTimeout));
    }
    let wait = turn.state.wait.clone()?;
    if wait.token == token {
        turn.end_wait();
        if wait.kind != WaitKind::Answer {
            return leave(turn, here, &Port::Next);
        }
        turn.track(Track::TimedOut { node: here.id.clone() });
        let exits =
            [here.exit(&Port::Timeout), settings.exit(&Port::DefaultTimeout), settings.exit(&Port::SessionTimeout)];
        return expire(turn, here, exits.into_iter().flatten().next());
    }
    let reminder = token.rsplit(':').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let timeout = here.body.question().and_then(|q| q.timeout.as_ref()).or(settings.timeout.as_ref())?;
    let at = usize::try_from(reminder).ok()?.checked_sub(1)?;
    let (_, text) = timeout.reminders.get(at)?;
    if let Some(wait) = &mut turn.state.wait {
        wait.reminders_sent = wait.reminders_sent.max(reminder);
    }
    let said = turn.render(here, text, &[]).and_then(|text| turn.say(here, text));
    said.err().and_then(|fault| recover(turn, here, fault))
}

/// Silence has lasted too long.
fn expire<'a>(turn: &mut Turn<'a>, here: &'a Node, exit: Option<&Exit>) -> Option<&'a Node> {
    if let Some(exit) = exit {
        turn.active = true;
        return take(turn, here, exit);
    }
    turn.act(Act::CloseChat { reason: "no_response".to_owned() });
    end(turn, here, "expired", None);
    None
}

/// A send failed for good: a `message` with `onError` takes it, if the run has not been there again since.
pub(super) fn send_failed<'a>(turn: &mut Turn<'a>, token: &str, permanent: bool, code: &str) -> Option<&'a Node> {
    let flow = turn.flow;
    let mut parts = token.rsplitn(3, ':');
    let (_, visit, id) = (parts.next(), parts.next().and_then(|v| v.parse::<u32>().ok()), parts.next());
    let node = id.and_then(|id| flow.node(id));
    turn.log(Level::Warning, FaultCode::SendFailed.as_str(), node, code.to_owned());
    let node = node.filter(|node| permanent && visit == Some(turn.visits(node)))?;
    let exit = node.exit(&Port::OnError).filter(|exit| exit.to.is_some())?;
    turn.end_wait();
    turn.handling = true;
    take(turn, node, exit)
}
