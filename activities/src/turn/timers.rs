//! What time does to a chat.

use hilo_domain::chat::ChatStatus;
use hilo_domain::event::EventKind;
use hilo_domain::timer::{Timer, TimerName};
use serde_json::json;

use super::Turn;

impl Turn<'_> {
    /// A timer is due; it counts only if the chat still has it as it was (`turns.md` 8). False when it has to wait for
    /// mail that was not looked at.
    pub(super) async fn due(&mut self, timer: &Timer) -> hilo_store::Result<bool> {
        // The list may have changed in this very turn: a message that came before the due time goes first.
        let promises = self.case.desk.promises();
        let current = self.case.desk.chat.as_mut().is_some_and(|chat| {
            chat.set_timers(&promises);
            timer.is_current_in(&chat.timers)
        });
        let detail = json!({"timer": timer.name, "token": timer.token, "due": timer.due});
        if !current {
            self.case.note("timer_stale", detail);
            return Ok(true);
        }
        // An idle close gives way to mail (`turns.md` 20): whether the client was silent is seen after it.
        if timer.name == TimerName::Idle && self.mail_waits().await? {
            return Ok(false);
        }
        self.case.note("timer_fired", detail);
        match timer.name {
            TimerName::Bot => self.bot_due(&timer.token).await?,
            TimerName::FirstReply => self.promise_broken(timer),
            TimerName::Reassign => self.lapse()?,
            TimerName::Idle => self.moved(|case| case.close("no_response"))?,
            TimerName::Wake => self.wake("its time has come").await?,
        }
        Ok(true)
    }

    /// The first reply did not come in time: supervisors are told, once.
    fn promise_broken(&mut self, timer: &Timer) {
        let (agent, queue) = self.case.chat().map(|chat| (chat.agent, chat.queue)).unwrap_or_default();
        if let Some(chat) = self.case.change() {
            chat.breached_at = Some(timer.due);
        }
        self.case.notify("sla.first_reply", json!({"dueAt": timer.due, "agentId": agent, "queueId": queue}));
        self.case.happened(
            EventKind::SystemWarning,
            json!({"warning": "sla.first_reply", "dueAt": timer.due, "agentId": agent}),
        );
    }

    /// The agent did not reply in time: the chat goes to the head of its queue, which gives it to another one.
    fn lapse(&mut self) -> hilo_store::Result<()> {
        let queue = self.case.chat().and_then(|chat| chat.queue);
        self.case.leave_agent("expired", "no_reply");
        self.moved(|case| case.enqueue(queue, true, "no_reply"))
    }

    /// Whether the client has written something that no turn has looked at, this one included.
    pub(super) async fn mail_waits(&mut self) -> hilo_store::Result<bool> {
        let in_hand = self.inputs.as_slice().iter().any(|i| matches!(i.what, hilo_store::turns::Waiting::Mail { .. }));
        Ok(in_hand || hilo_store::turns::mail_waits(self.tx, &self.case.desk, &self.case.changes.consumed).await?)
    }

    /// Whether an agent has the chat.
    pub(super) fn is_with_people(&self) -> bool {
        matches!(self.case.status(), Some(ChatStatus::Assigned | ChatStatus::Active | ChatStatus::Pending))
    }
}
