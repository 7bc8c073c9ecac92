//! `conversation/{id}`: one conversation, for as long as there is something to do in it.
//!
//! A bell says "look at your mail" and nothing else. The loop asks for a turn, sends what the turn prepared, arms the
//! timers that it left, and waits: for a bell, a command, a timer, or a send that had to wait. It alone runs activities
//! (`turns.md` 10); handlers leave what they bring and await the answer. A run that finds nothing to do and no open
//! chat ends; the next bell starts another, since bells are signals-with-start.

#![expect(missing_docs, reason = "the macro makes a constant of each handler; the handler has the documentation")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::command::Answer;
use hilo_domain::id::{CommandId, ConversationId};
use hilo_domain::timer::Timer;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, TimerOptions, WorkflowCancellationToken, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};

use crate::Lenient;
use crate::activities::{ChatView, PerformIn, PerformOut, Road, Timers, TurnIn, TurnOut};
use crate::call::{ask, boundary, is_full, local, now, patient};

/// The workflow's id for a conversation.
#[must_use]
pub fn workflow_id(id: ConversationId) -> String {
    format!("conversation/{id}")
}

/// What a run starts with, and what continue-as-new carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Whose run it is.
    pub conversation: ConversationId,
    /// The last turn whose result the run before held.
    #[serde(default)]
    pub after: Option<i64>,
    /// Commands that were brought and not carried out.
    #[serde(default)]
    pub asked: Vec<CommandId>,
}

impl Start {
    /// A fresh run.
    #[must_use]
    pub const fn new(conversation: ConversationId) -> Self {
        Self { conversation, after: None, asked: Vec::new() }
    }
}

/// The content of a bell: none.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Rung {}

/// A stored command that is to be carried out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    /// Which; the update's id is the same.
    pub command: CommandId,
    /// Its word, for people who read histories.
    #[serde(default)]
    pub kind: String,
}

/// What is to be seen of a run from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Whose run it is.
    pub conversation: ConversationId,
    /// The last turn whose result it holds.
    #[serde(default)]
    pub after: Option<i64>,
    /// The open chat.
    #[serde(default)]
    pub chat: Option<ChatView>,
    /// What time will do.
    #[serde(default)]
    pub timers: Timers,
    /// Whether a send has to wait.
    #[serde(default)]
    pub delivering: bool,
    /// Signals that this version could not read.
    #[serde(default)]
    pub unread: u32,
}

/// One conversation's workflow.
#[workflow]
pub struct Conversation {
    start: Start,
    /// A bell has come since the last turn.
    rung: bool,
    /// Commands that were brought and have no answer yet.
    asked: Vec<CommandId>,
    answers: BTreeMap<CommandId, Answer>,
    after: Option<i64>,
    chat: Option<ChatView>,
    timers: Timers,
    /// Timers of the list that were brought: they are decided about, and not armed again.
    brought: Vec<Timer>,
    delivering: bool,
    unread: u32,
}

/// Why the loop goes on.
enum Woke {
    Asked,
    Due,
    Delivered(PerformOut),
    Cancelled,
}

type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The one timer that is armed: for whatever is due first. It is left alone while its time does not come nearer, so a
/// turn that only moves a deadline costs no event; when it fires too early, it is armed for the rest.
struct Alarm<'a> {
    due: DateTime<Utc>,
    token: WorkflowCancellationToken,
    timer: Waiting<'a, ()>,
}

#[workflow_methods]
impl Conversation {
    #[init]
    fn new(_ctx: &WorkflowContextView, start: Start) -> Self {
        Self {
            rung: true,
            asked: start.asked.clone(),
            answers: BTreeMap::new(),
            after: start.after,
            chat: None,
            timers: Timers::default(),
            brought: Vec::new(),
            delivering: false,
            unread: 0,
            start,
        }
    }

    /// Turns, sends, waits, until nothing is left to do.
    #[run(name = "conversation")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<ConversationId> {
        let ctx = &*ctx;
        let conversation = ctx.state(|s| s.start.conversation);
        let mut alarm: Option<Alarm<'_>> = None;
        let mut delivery: Option<Waiting<'_, PerformOut>> = None;
        loop {
            let out = turn(ctx).await;
            if out.sends && delivery.is_none() {
                delivery = perform(ctx, PerformIn { conversation, number: out.number }).await;
            }
            if out.more || ctx.state(|s| s.rung) {
                continue;
            }
            let idle = out.chat.is_none() && delivery.is_none() && ctx.state(|s| s.timers.list.is_empty());
            if idle {
                if boundary(ctx, |s| s.rung || !s.asked.is_empty()).await {
                    return Ok(conversation);
                }
                continue;
            }
            if is_full(ctx) && delivery.is_none() {
                cancel(&mut alarm);
                // A bell goes along: the next run begins with a look at its mail.
                if boundary(ctx, |s| !s.asked.is_empty()).await {
                    let next = ctx.state_mut(Self::carry);
                    ctx.continue_as_new(next, ContinueAsNewOptions::default())?;
                }
                continue;
            }
            arm(ctx, &mut alarm);
            match wait(ctx, &mut alarm, &mut delivery).await {
                Woke::Asked => {}
                Woke::Due => alarm = None,
                Woke::Delivered(done) => {
                    delivery = None;
                    // A turn may have been stored since it began; the next one says whether a send is open.
                    ctx.state_mut(|s| {
                        s.delivering = false;
                        s.adopt(done.timers);
                    });
                }
                // Nothing here ends because somebody cancels it by hand: the next run goes on.
                Woke::Cancelled => {
                    boundary(ctx, |_| false).await;
                    let next = ctx.state_mut(Self::carry);
                    ctx.continue_as_new(next, ContinueAsNewOptions::default())?;
                }
            }
        }
    }

    /// "Look at your mail."
    #[signal(name = "mail")]
    pub fn mail(&mut self, _ctx: &mut SyncWorkflowContext<Self>, bell: Lenient<Rung>) {
        self.rung = true;
        if matches!(bell, Lenient::Unknown(_)) {
            self.unread = self.unread.saturating_add(1);
        }
    }

    /// Refuses what is no command.
    #[update_validator(command)]
    fn check_command(
        &self,
        _ctx: &WorkflowContextView,
        ask: &Ask,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if ask.command.0.is_nil() { Err("a command has an id".into()) } else { Ok(()) }
    }

    /// Carries out a stored command, and answers what it came to; the same answer to everybody who asks again. An error
    /// is a run that was cancelled by hand: the command stays stored, and the next run carries it out.
    #[update(name = "command")]
    pub async fn command(
        ctx: &mut WorkflowContext<Self>,
        ask: Ask,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let ctx = &*ctx;
        ctx.state_mut(|s| s.asked.push(ask.command));
        ctx.wait_condition(|s| s.answers.contains_key(&ask.command)).await?;
        ctx.state_mut(|s| s.answers.remove(&ask.command)).ok_or_else(|| "the answer was taken".into())
    }

    /// What it waits for.
    #[query(name = "snapshot")]
    pub fn snapshot(&self, _ctx: &WorkflowContextView) -> Snapshot {
        Snapshot {
            conversation: self.start.conversation,
            after: self.after,
            chat: self.chat,
            timers: self.timers.clone(),
            delivering: self.delivering,
            unread: self.unread,
        }
    }
}

impl Conversation {
    /// Takes a list of timers unless a newer one is known.
    fn adopt(&mut self, timers: Timers) {
        if timers.rev >= self.timers.rev {
            self.timers = timers;
            self.brought.retain(|timer| self.timers.list.contains(timer));
        }
    }

    /// The timers that are still to be waited for.
    fn waiting(&self) -> impl Iterator<Item = &Timer> {
        self.timers.list.iter().filter(|timer| !self.brought.contains(timer))
    }

    /// What the next run starts with.
    fn carry(&mut self) -> Start {
        Start { conversation: self.start.conversation, after: self.after, asked: std::mem::take(&mut self.asked) }
    }
}

/// One turn, with what has come since the last.
async fn turn(ctx: &WorkflowContext<Conversation>) -> TurnOut {
    let now = now(ctx);
    let input = ctx.state_mut(|s| {
        s.rung = false;
        let due: Vec<Timer> = s.waiting().filter(|timer| timer.due <= now).cloned().collect();
        s.brought.extend(due.iter().cloned());
        TurnIn { conversation: s.start.conversation, after: s.after, timers: due, commands: s.asked.clone(), now }
    });
    let out: TurnOut = ask!(ctx, Road::turn, input, "turn");
    ctx.state_mut(|s| {
        s.after = Some(out.after);
        s.chat = out.chat;
        s.adopt(out.timers.clone());
        for (command, answer) in &out.answers {
            // Whoever asked through an update is waiting; what was asked by a bell alone has nobody to tell.
            if let Some(place) = s.asked.iter().position(|asked| asked == command) {
                s.asked.remove(place);
                s.answers.insert(*command, *answer);
            }
        }
    });
    out
}

/// Sends what is open: locally, and where something has to wait by an activity beside the loop.
async fn perform<'a>(ctx: &'a WorkflowContext<Conversation>, input: PerformIn) -> Option<Waiting<'a, PerformOut>> {
    let waits = match ctx.execute_local_activity(Road::perform, input, local()).await {
        Ok(out) => {
            ctx.state_mut(|s| {
                s.rung |= out.news;
                s.adopt(out.timers);
            });
            out.waits
        }
        Err(_) => true,
    };
    if !waits {
        return None;
    }
    ctx.state_mut(|s| s.delivering = true);
    let delivery = ctx.execute_activity(Road::deliver, input, patient("what could not be sent at once"));
    Some(Box::pin(async move { delivery.await.unwrap_or_default() }))
}

/// Arms the alarm for what is due first.
fn arm<'a>(ctx: &'a WorkflowContext<Conversation>, alarm: &mut Option<Alarm<'a>>) {
    let Some((due, name)) = ctx.state(|s| s.waiting().min_by_key(|t| t.due).map(|t| (t.due, t.name))) else {
        cancel(alarm);
        return;
    };
    if alarm.as_ref().is_some_and(|armed| armed.due <= due) {
        return;
    }
    cancel(alarm);
    // One more millisecond: timers count in them, and one that is a little early would only be armed again.
    let distance = (due - now(ctx)).to_std().unwrap_or_default() + Duration::from_millis(1);
    let token = ctx.cancellation_token().child_token();
    let mut options: TimerOptions = distance.into();
    options.cancellation_token = Some(token.clone());
    options.summary = Some(name.as_str().to_owned());
    let timer = ctx.timer(options);
    *alarm = Some(Alarm {
        due,
        token,
        timer: Box::pin(async move {
            timer.await;
        }),
    });
}

fn cancel(alarm: &mut Option<Alarm<'_>>) {
    if let Some(alarm) = alarm.take() {
        alarm.token.cancel();
    }
}

/// Waits for whatever comes first; what has come together is looked at in this order.
async fn wait<'a>(
    ctx: &'a WorkflowContext<Conversation>,
    alarm: &mut Option<Alarm<'a>>,
    delivery: &mut Option<Waiting<'a, PerformOut>>,
) -> Woke {
    let mut asked = pin!(ctx.wait_condition(|s| s.rung || !s.asked.is_empty()));
    std::future::poll_fn(|task| {
        if let Some(Poll::Ready(done)) = delivery.as_mut().map(|delivery| delivery.as_mut().poll(task)) {
            return Poll::Ready(Woke::Delivered(done));
        }
        match asked.as_mut().poll(task) {
            Poll::Ready(Ok(())) => return Poll::Ready(Woke::Asked),
            Poll::Ready(Err(_)) => return Poll::Ready(Woke::Cancelled),
            Poll::Pending => {}
        }
        if let Some(Poll::Ready(())) = alarm.as_mut().map(|alarm| alarm.timer.as_mut().poll(task)) {
            return Poll::Ready(Woke::Due);
        }
        Poll::Pending
    })
    .await
}
