//! The bot's part of a turn: starting a flow, stepping it, and carrying out what it wants of our own data.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::event::EventKind;
use hilo_domain::id::{MessageId, QueueId};
use hilo_domain::message::{Author, Content};
use hilo_engine::{Act, Effect, Input, OnEnd, Priority, State, TriggerKind, TurnContext, WaitKind, choose, step};
use hilo_store::chats::BotTimer;
use hilo_store::desk::NewTrack;
use hilo_store::{agents, flows, may_die};
use serde_json::{Map, Value, json};

use super::Turn;
use crate::flows::Published;
use crate::words;

/// What the bot is in this turn.
#[derive(Default)]
pub(super) struct Bot {
    /// The flow that the run is pinned to.
    pub(super) flow: Option<Published>,
    /// Its state, once it was read or made.
    pub(super) state: Option<State>,
    /// Whether the present input may not be stepped.
    pub(super) poisoned: bool,
}

impl Bot {
    /// The run is over and nobody asks about it any more.
    pub(super) fn end(&mut self) {
        self.state = None;
        self.flow = None;
    }
}

/// The sentence that a client reads when a flow cannot go on.
const NEUTRAL: &str = "Te paso con una persona de nuestro equipo.";
/// A question to a queue may lead to another one; so many in one step are enough.
const QUEUE_ANSWERS: usize = 10;

impl Turn<'_> {
    /// A chat begins, or a run has ended: a flow starts, or people take over.
    pub(super) async fn start(
        &mut self,
        provider_id: &str,
        content: &Content,
        at: DateTime<Utc>,
    ) -> hilo_store::Result<()> {
        let Some(campaign) = self.case.desk.campaign.clone().filter(|campaign| campaign.active) else {
            return self.moved(|case| case.enqueue(None, false, "no_flow"));
        };
        let mut published = Vec::new();
        for hash in flows::newest(self.tx, campaign.id).await? {
            published.extend(self.world.flows.get(self.tx, &hash).await?);
        }
        let message = words::message(provider_id, content, at, false);
        let context = self.context();
        let occasion = hilo_engine::Occasion { kind: TriggerKind::AnyMessage, message: Some(&message), event: None };
        let chosen = choose(published.iter().map(|p| &*p.flow), &occasion, &context).map(|chosen| {
            (chosen.flow.hash().to_owned(), chosen.trigger, chosen.at.map(str::to_owned), chosen.consume)
        });
        let Some((flow, (_, trigger, node, consume))) =
            chosen.and_then(|chosen| published.iter().find(|p| *p.flow.hash() == *chosen.0).cloned().zip(Some(chosen)))
        else {
            return self.moved(|case| case.enqueue(None, false, "no_flow"));
        };
        let input = Input::Start {
            trigger: trigger.as_str().to_owned(),
            message: Some(message),
            consume,
            vars: Map::new(),
            at: node,
        };
        self.begin(flow, input).await
    }

    /// Begins a run of `flow`; the chat goes to the bot if it is not there.
    pub(super) async fn begin(&mut self, flow: Published, input: Input) -> hilo_store::Result<()> {
        if self.case.status() != Some(ChatStatus::Bot) {
            self.moved(|case| case.go(ChatStatus::Bot))?;
        }
        // Runs of one chat differ by the turn in which they began.
        let run = self.case.chat().map(|chat| format!("{}.{}", chat.id, self.case.desk.turns + 1)).unwrap_or_default();
        if let Some(chat) = self.case.change() {
            chat.flow_hash = Some(flow.hash.to_string());
        }
        self.case.note("flow_started", json!({"flow": &*flow.key, "version": flow.version}));
        self.bot.state = Some(State::new(&run, &flow.flow, self.case.now));
        self.bot.flow = Some(flow);
        self.step(input).await
    }

    /// The client wrote while the bot leads.
    pub(super) async fn answer(
        &mut self,
        provider_id: &str,
        content: &Content,
        at: DateTime<Utc>,
        early: bool,
    ) -> hilo_store::Result<()> {
        if !self.resume().await? {
            return self.fail("session_lost").await;
        }
        if self.bot.state.as_ref().is_some_and(|state| state.status == hilo_engine::Status::Ended) {
            // The run before has ended and kept the chat open: the next message may start a flow.
            return self.start(provider_id, content, at).await;
        }
        self.step(Input::Message(words::message(provider_id, content, at, early))).await
    }

    /// A timer of the flow is due.
    pub(super) async fn bot_due(&mut self, token: &str) -> hilo_store::Result<()> {
        let set_at = self
            .case
            .chat()
            .and_then(|chat| chat.bot_timers.iter().find(|timer| timer.token == token).map(|timer| timer.set_at));
        if !self.resume().await? {
            return self.fail("session_lost").await;
        }
        self.step(Input::Timer { token: token.to_owned(), at: set_at }).await
    }

    /// A send of the flow has failed for good.
    pub(super) async fn bot_send_failed(&mut self, token: String) -> hilo_store::Result<()> {
        if self.case.status() != Some(ChatStatus::Bot) || !self.resume().await? {
            return Ok(());
        }
        self.step(Input::SendFailed { token, permanent: true, code: String::new() }).await
    }

    /// Reads the run's flow and state, unless they are at hand.
    pub(super) async fn resume(&mut self) -> hilo_store::Result<bool> {
        if self.bot.state.is_none() {
            let Some(plain) = self.case.desk.open_session() else { return Ok(false) };
            self.bot.state = serde_json::from_slice(&plain).ok();
        }
        if self.bot.flow.is_none()
            && let Some(hash) = self.case.chat().and_then(|chat| chat.flow_hash.clone())
        {
            self.bot.flow = self.world.flows.get(self.tx, &hash).await?;
        }
        Ok(self.bot.state.is_some() && self.bot.flow.is_some())
    }

    /// One step, and what it wants; a queue that is asked answers in place.
    pub(super) async fn step(&mut self, input: Input) -> hilo_store::Result<()> {
        if self.bot.poisoned {
            self.case.attention("poison");
            return self.fail("poison").await;
        }
        may_die!("turn.stepping");
        let mut next = Some(input);
        let mut answers = 0;
        while let Some(input) = next.take() {
            let (Some(flow), Some(state)) = (self.bot.flow.clone(), self.bot.state.take()) else {
                return self.fail("session_lost").await;
            };
            let context = self.context();
            // The engine does not panic; what it is built on might.
            let stepped = catch_unwind(AssertUnwindSafe(|| step(&flow.flow, state, input, &context)));
            let Ok((state, effects, trace)) = stepped else {
                self.case.attention("poison");
                return self.fail("panic").await;
            };
            for event in trace.0 {
                let detail = serde_json::to_value(&event)?;
                let kind = detail.get("trace").and_then(Value::as_str).unwrap_or("step").to_owned();
                self.case.note(&kind, detail);
            }
            self.bot.state = Some(state);
            next = self.carry_out(&flow, effects).await?;
            answers += 1;
            if answers > QUEUE_ANSWERS {
                break;
            }
        }
        Ok(())
    }

    /// Carries out what a step wants; gives the answer to a question that is answered in place.
    async fn carry_out(&mut self, flow: &Published, effects: Vec<Effect>) -> hilo_store::Result<Option<Input>> {
        let mut answer = None;
        let mut last_send = None;
        let mut set = Vec::new();
        for effect in &effects {
            match &effect.act {
                Act::Send(send) => last_send = Some(self.say((**send).clone())),
                Act::SetTimer { token, at, after } => set.push((token.clone(), *at, *after)),
                Act::CheckQueue { token, queue_id } => answer = Some(self.check_queue(token, queue_id).await?),
                Act::UpdateContact { patch } => self.learn(patch),
                Act::RequestTransfer(transfer) => self.transfer(transfer).await?,
                Act::CloseChat { reason } => self.bot_closes(reason).await?,
                Act::Track(track) => {
                    let data = serde_json::to_value(track)?;
                    let word = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
                    self.case.changes.tracks.push(NewTrack {
                        flow_key: Some(flow.key.to_string()),
                        flow_version: Some(flow.version),
                        event: word("event").unwrap_or_default(),
                        node: word("node").or_else(|| word("from")),
                        data,
                    });
                }
                Act::Log { level, code, node, text } => {
                    self.case.note("log", json!({"level": level, "code": code, "node": node, "text": text}));
                }
                Act::EndRun { outcome, on_end } => self.run_ended(outcome, *on_end).await?,
                // What the client sees while the bot thinks is best effort, and comes with read marks.
                Act::Typing { .. } | Act::CancelTimer { .. } => {}
            }
        }
        self.set_timers(&set, last_send);
        self.effects.extend(effects);
        Ok(answer)
    }

    fn say(&mut self, send: hilo_engine::Send) -> MessageId {
        let token = send.token.clone();
        let (id, now) = (MessageId::new(self.case.now), self.case.now);
        self.case.say(id, Author::Bot, words::content(send), token, now)
    }

    /// The run's timers as time counts them: those of a question from its acceptance, the others from the turn.
    fn set_timers(&mut self, set: &[(String, DateTime<Utc>, u64)], last_send: Option<MessageId>) {
        let Some(state) = &self.bot.state else { return };
        let asks = state.wait.as_ref().is_some_and(|wait| wait.kind == WaitKind::Answer);
        let (timers, node) = (state.timers.clone(), state.node().map(str::to_owned));
        let Some(chat) = self.case.change() else { return };
        if chat.status != ChatStatus::Bot {
            chat.bot_timers.clear();
            return;
        }
        chat.flow_node = node;
        let before = std::mem::take(&mut chat.bot_timers);
        for timer in timers {
            let fresh = set.iter().rev().find(|(token, ..)| *token == timer.token);
            let due = match (fresh, before.iter().find(|b| b.token == timer.token && b.set_at == timer.at)) {
                (None, Some(kept)) => kept.due,
                (Some(_), _) if asks && last_send.is_some() && !timer.is_session() => None,
                _ => Some(timer.at),
            };
            let after = fresh.map(|(_, _, after)| *after).or_else(|| {
                before.iter().find(|b| b.token == timer.token && b.set_at == timer.at).map(|kept| kept.after)
            });
            chat.bot_timers.push(BotTimer {
                token: timer.token,
                set_at: timer.at,
                after: after.unwrap_or_default(),
                due,
            });
        }
        match (asks, last_send) {
            (true, Some(message)) => {
                chat.question = Some(message);
                chat.question_seq = None;
            }
            (true, None) => {}
            (false, _) => {
                chat.question = None;
                chat.question_seq = None;
            }
        }
    }

    async fn check_queue(&mut self, token: &str, queue: &str) -> hilo_store::Result<Input> {
        let found = agents::queue(self.tx, queue).await?;
        let free = match found {
            Some((_, campaign)) => agents::available(self.tx, campaign).await?,
            None => 0,
        };
        self.case.note("queue_checked", json!({"queue": queue, "open": found.is_some(), "agents": free}));
        Ok(Input::QueueStatus {
            token: token.to_owned(),
            open: found.is_some(),
            full: false,
            agents: u32::try_from(free).unwrap_or(u32::MAX),
        })
    }

    /// Merges what the flow has learned about the client; `fields` one level deeper.
    fn learn(&mut self, patch: &Map<String, Value>) {
        let mut profile = self.case.desk.contact.profile.as_object().cloned().unwrap_or_default();
        for (key, value) in patch {
            match (key.as_str(), value, profile.get_mut("fields")) {
                ("fields", Value::Object(new), Some(Value::Object(fields))) => fields.extend(new.clone()),
                _ => drop(profile.insert(key.clone(), value.clone())),
            }
        }
        if let Some(name) = patch.get("name").and_then(Value::as_str) {
            self.case.desk.contact.name = Some(name.to_owned());
        }
        let profile = Value::Object(profile);
        self.case.desk.contact.profile = profile.clone();
        self.case.changes.profile = Some(profile);
        self.case.note("contact_updated", json!({"keys": patch.keys().collect::<Vec<_>>()}));
    }

    /// The flow hands the chat to people.
    async fn transfer(&mut self, transfer: &hilo_engine::Transfer) -> hilo_store::Result<()> {
        let queue = self.named_queue(transfer.queue_id.as_deref()).await?;
        let why = transfer.reason.clone().unwrap_or_else(|| "flow".to_owned());
        let note = transfer.note.as_deref().map(|note| self.case.desk.seal_note(note)).transpose()?;
        if let Some(chat) = self.case.change() {
            chat.priority = match transfer.priority {
                Priority::Normal => 0,
                Priority::High => 1,
                Priority::Urgent => 2,
            };
            chat.note = note;
        }
        self.case.happened(EventKind::BotTransferRequested, json!({"queueId": queue, "why": why}));
        self.case.silence_bot();
        self.moved(|case| case.enqueue(queue, false, &why))
    }

    /// A queue by the name that a flow gives it. One that is missing is the default queue's business, and shows.
    async fn named_queue(&mut self, name: Option<&str>) -> hilo_store::Result<Option<QueueId>> {
        let Some(name) = name else { return Ok(None) };
        let found = agents::queue(self.tx, name).await?.map(|(queue, _)| queue);
        if found.is_none() {
            self.case.attention("queue_missing");
        }
        Ok(found)
    }

    /// The flow closes the chat. A bot's close gives way to mail (`turns.md` 20): the run is over, the chat stays, and
    /// what the client has written meanwhile may start a flow.
    async fn bot_closes(&mut self, reason: &str) -> hilo_store::Result<()> {
        if self.mail_waits().await? {
            self.case.note("close_gave_way", json!({"reason": reason}));
            return Ok(());
        }
        self.case.silence_bot();
        self.moved(|case| case.close(reason))
    }

    /// The run is over. A chat that it neither handed over nor closed becomes what the flow says.
    async fn run_ended(&mut self, outcome: &str, on_end: Option<OnEnd>) -> hilo_store::Result<()> {
        self.case.happened(EventKind::BotFinished, json!({"outcome": outcome}));
        if self.case.status() != Some(ChatStatus::Bot) {
            return Ok(());
        }
        match on_end {
            Some(OnEnd::DefaultQueue) => self.moved(|case| case.enqueue(None, false, "flow_ended")),
            Some(OnEnd::Close) => self.bot_closes("bot_completed").await,
            Some(OnEnd::KeepOpen) | None => Ok(()),
        }
    }

    /// The bot cannot go on: the client reads one neutral sentence, and people take over.
    pub(super) async fn fail(&mut self, why: &str) -> hilo_store::Result<()> {
        tracing::error!(conversation.id = %self.case.desk.conversation, reason = why, "the bot cannot go on");
        self.bot.end();
        self.case.silence_bot();
        self.case.note("bot_failed", json!({"why": why}));
        let (id, now) = (MessageId::new(self.case.now), self.case.now);
        self.case.say(id, Author::Bot, Content::Text { text: NEUTRAL.to_owned() }, None, now);
        self.moved(|case| case.enqueue(None, false, "bot_error"))
    }

    /// People take over from the bot: its run is cancelled, and what it had prepared is not said any more.
    pub(super) async fn cancel_bot(&mut self, why: &str) -> hilo_store::Result<()> {
        if self.case.status() != Some(ChatStatus::Bot) {
            return Ok(());
        }
        if self.resume().await?
            && let (Some(flow), Some(state)) = (self.bot.flow.clone(), self.bot.state.take())
        {
            let context = self.context();
            let (_, effects, _) = step(&flow.flow, state, Input::Cancel { reason: why.to_owned() }, &context);
            // Only what it counts: the move is whoever cancels'.
            for effect in effects {
                if let Act::Track(track) = &effect.act {
                    self.case.changes.tracks.push(NewTrack {
                        flow_key: Some(flow.key.to_string()),
                        flow_version: Some(flow.version),
                        event: "run_ended".to_owned(),
                        node: None,
                        data: serde_json::to_value(track)?,
                    });
                }
            }
        }
        self.bot.end();
        self.case.silence_bot();
        Ok(())
    }

    /// What texts and expressions may know.
    fn context(&self) -> TurnContext {
        let desk = &self.case.desk;
        let mut context = TurnContext::at(self.case.now);
        context.contact = serde_json::from_value(desk.contact.profile.clone()).unwrap_or_default();
        context.contact.id = desk.client.to_string();
        context.contact.name = desk.contact.name.clone().or(context.contact.name);
        context.contact.phone.clone_from(&desk.contact.phone);
        if let Some(chat) = self.case.chat() {
            context.seed =
                u64::from_be_bytes(std::array::from_fn(|i| chat.id.0.as_bytes().get(i + 8).copied().unwrap_or(0)));
            context.chat.id = chat.id.to_string();
            context.chat.started_at = Some(chat.opened_at);
        }
        context.chat.number.clone_from(&desk.number_phone);
        context.chat.window_open = desk.window_is_open(self.case.now);
        context.channel.window_open_until = desk.last_inbound_at.map(|at| at + desk_window());
        if let Some(campaign) = &desk.campaign {
            context.campaign.id.clone_from(&campaign.key);
            context.campaign.name.clone_from(&campaign.name);
        }
        context
    }
}

const fn desk_window() -> chrono::TimeDelta {
    hilo_store::desk::WINDOW
}
