//! One decision about what has come (`turns.md` 6–12): read under the conversation's lock, stored before it acts.
//!
//! Whoever asks again, for whatever reason, gets the same turn: a new one is decided only when the last one that was
//! stored is the last one that the workflow holds. Inputs are taken in order; each is one act of the bot, of time, or
//! of a person.

mod bot;
mod commands;
#[cfg(test)]
mod tests;
mod timers;

use chrono::{DateTime, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::id::{AgentId, MessageId};
use hilo_domain::message::Content;
use hilo_store::desk::{self, NewTurn};
use hilo_store::turns::{self, Open, Waiting};
use hilo_store::{Error, Tx, agents, commands as stored, may_die};
use hilo_workflows::activities::{ChatView, Timers, TurnIn, TurnOut};
use serde_json::json;

use crate::case::Case;
use crate::world::World;
use bot::Bot;

/// At this try an input is not stepped any more: something about it ends the process (`turns.md` 12).
const POISON: i16 = 3;
/// How often a transaction that lost a race is begun again.
const RACES: usize = 5;

/// Decides, or finds what was decided.
///
/// # Errors
/// When Postgres is away; nothing is decided then.
pub(crate) async fn turn(world: &World, input: &TurnIn) -> hilo_store::Result<TurnOut> {
    let mut tries = 0;
    loop {
        turns::bring(&world.pool, input.conversation, &input.timers).await?;
        match attempt(world, input).await {
            Ok((out, rows)) => {
                may_die!("turn.stored");
                world.relay.ring(rows);
                return Ok(out);
            }
            Err(error) => {
                // It failed for a reason of its own, and says nothing about the inputs.
                turns::take_back(&world.pool, input.conversation).await?;
                if !error.is_retryable() || tries == RACES {
                    return Err(error);
                }
                tries += 1;
            }
        }
    }
}

async fn attempt(world: &World, input: &TurnIn) -> hilo_store::Result<(TurnOut, Vec<i64>)> {
    let mut tx = hilo_store::begin(&world.pool).await?;
    let Some(desk) = desk::open(&mut tx, &world.ring, input.conversation).await? else {
        return Err(Error::inconsistent("conversations", "id", input.conversation.0));
    };
    let after = input.after.unwrap_or(desk.acknowledged);
    turns::acknowledge(&mut tx, desk.conversation, after).await?;
    let mut out = TurnOut {
        after,
        turned: false,
        more: false,
        sends: false,
        number: Some(desk.number),
        chat: None,
        timers: Timers::default(),
        answers: Vec::new(),
    };
    let (case, rows) = if desk.turns > after {
        // It was decided, and the answer was lost.
        out.turned = true;
        out.after = after + 1;
        (Case::new(desk, input.now), Vec::new())
    } else {
        let open = turns::open(&mut tx, &desk).await?;
        if open.is_empty() {
            (Case::new(desk, input.now), Vec::new())
        } else {
            let mut turn = Turn::new(world, &mut tx, desk, open, input.now);
            turn.decide().await?;
            let (mut case, n) = turn.into_case()?;
            out.turned = true;
            out.after = n;
            let rows = case.save(&mut tx).await?;
            may_die!("turn.decided");
            (case, rows)
        }
    };
    (out.more, out.sends) = turns::left(&mut tx, input.conversation).await?;
    out.more |= case.desk.turns > out.after;
    out.answers = stored::answers(&mut tx, &input.commands).await?;
    out.chat = case.chat().map(|chat| ChatView { id: chat.id, status: chat.status, generation: chat.generation });
    out.timers =
        Timers { rev: case.desk.last_seq, list: case.chat().map(|chat| chat.timers.clone()).unwrap_or_default() };
    tx.commit().await.map_err(Error::from)?;
    Ok((out, rows))
}

/// A turn in the making.
struct Turn<'a> {
    world: &'a World,
    tx: &'a mut Tx,
    case: Case,
    inputs: std::vec::IntoIter<Open>,
    bot: Bot,
    /// Effects of all steps, in order.
    effects: Vec<hilo_engine::Effect>,
}

impl<'a> Turn<'a> {
    fn new(world: &'a World, tx: &'a mut Tx, desk: desk::Desk, open: Vec<Open>, now: DateTime<Utc>) -> Self {
        let now = open.iter().map(|input| input.at).fold(now, Ord::max);
        Self {
            world,
            tx,
            case: Case::new(desk, now),
            inputs: open.into_iter(),
            bot: Bot::default(),
            effects: Vec::new(),
        }
    }

    /// Takes the inputs in order.
    async fn decide(&mut self) -> hilo_store::Result<()> {
        while let Some(input) = self.inputs.next() {
            self.bot.poisoned = input.tries >= POISON;
            let mut done = true;
            match input.what {
                Waiting::Mail { message, ref content, seq, ref provider_id } => {
                    self.mail(message, content, seq, provider_id, input.at).await?;
                }
                Waiting::Timer(ref timer) => done = self.due(timer).await?,
                Waiting::Command(id) => done = self.command(id, input.tries).await?,
                Waiting::FailedSend { message, ref token } => self.send_failed(message, token.clone()).await?,
                Waiting::UncertainSend { message } => self.send_uncertain(message)?,
                Waiting::Unknown(ref kind) => {
                    tracing::error!(input.kind = %kind, input.key = %input.key, "an input of an unknown kind is passed over");
                    self.case.note("unknown_input", json!({"kind": kind}));
                }
            }
            if done {
                self.case.changes.consumed.push(input.n);
            }
        }
        Ok(())
    }

    /// Numbers the turn and puts the bot's state into it.
    fn into_case(mut self) -> hilo_store::Result<(Case, i64)> {
        let n = self.case.desk.turns + 1;
        self.case.desk.turns = n;
        let session = self.bot.state.as_ref().map(serde_json::to_vec).transpose()?;
        if session.is_some()
            && let Some(chat) = self.case.change()
        {
            chat.session_turn = Some(n);
        }
        let effects = (!self.effects.is_empty()).then(|| serde_json::to_vec(&self.effects)).transpose()?;
        let chat =
            self.case.chat().map(|chat| ChatView { id: chat.id, status: chat.status, generation: chat.generation });
        self.case.changes.turn = Some(NewTurn {
            n,
            at: self.case.now,
            session,
            effects,
            result: json!({"chat": chat, "inputs": self.case.changes.consumed.len()}),
        });
        Ok((self.case, n))
    }

    /// The client wrote.
    async fn mail(
        &mut self,
        message: MessageId,
        content: &Content,
        seq: i64,
        provider_id: &str,
        at: DateTime<Utc>,
    ) -> hilo_store::Result<()> {
        if self.case.chat().is_none() {
            // A run that this very turn has ended is the closed chat's.
            self.bot.end();
            self.case.open_chat();
            self.case.happened(
                hilo_domain::event::EventKind::ChatCreated,
                json!({"messageId": message, "clientId": self.case.desk.client}),
            );
        }
        let Some(chat) = self.case.change() else { return Ok(()) };
        chat.last_client_at = chat.last_client_at.max(Some(at));
        let (id, status, held) = (chat.id, chat.status, chat.held);
        let early = chat.question.is_some() && chat.question_seq.is_none_or(|accepted| seq < accepted);
        self.case.changes.stamped.push((message, id));
        self.case.note("mail", json!({"messageId": message, "type": content.kind()}));
        if held {
            return Ok(());
        }
        match status {
            ChatStatus::New => self.start(provider_id, content, at).await,
            ChatStatus::Bot => self.answer(provider_id, content, at, early).await,
            // A snoozed chat wakes when its client writes.
            ChatStatus::Pending => self.wake("the client wrote").await,
            ChatStatus::Queued
            | ChatStatus::Assigned
            | ChatStatus::Active
            | ChatStatus::Transferred
            | ChatStatus::Closed => Ok(()),
        }
    }

    /// A snoozed chat goes on: with its agent if there is room, else at the head of its queue.
    async fn wake(&mut self, why: &str) -> hilo_store::Result<()> {
        let Some((chat, agent, queue)) = self.case.chat().map(|chat| (chat.id, chat.agent, chat.queue)) else {
            return Ok(());
        };
        let room = match agent {
            Some(agent) => agents::candidate(self.tx, agent, chat, self.capacity())
                .await?
                .is_some_and(|candidate| candidate.load < candidate.capacity),
            None => false,
        };
        if !room {
            return self.moved(|case| case.enqueue(queue, true, why));
        }
        self.moved(|case| {
            case.go(ChatStatus::Active)?;
            let now = case.now;
            if let Some(chat) = case.change() {
                chat.wake_at = Some(now);
            }
            case.happened(hilo_domain::event::EventKind::ChatUpdated, json!({"status": "active", "why": why}));
            Ok(())
        })
    }

    fn capacity(&self) -> i64 {
        self.case.desk.campaign.as_ref().map_or(5, |campaign| campaign.capacity)
    }

    /// Moves that the state has been asked about cannot be illegal; one that is would be a mistake of ours, and shows.
    fn moved(
        &mut self,
        go: impl FnOnce(&mut Case) -> Result<(), hilo_domain::chat::IllegalMove>,
    ) -> hilo_store::Result<()> {
        if let Err(error) = go(&mut self.case) {
            tracing::error!(%error, conversation.id = %self.case.desk.conversation, "a move was refused");
            self.case.note("move_refused", json!({"from": error.from, "to": error.to}));
        }
        Ok(())
    }

    /// A send has failed for good.
    async fn send_failed(&mut self, message: MessageId, token: Option<String>) -> hilo_store::Result<()> {
        self.case.note("send_failed", json!({"messageId": message}));
        match token {
            Some(token) => self.bot_send_failed(token).await,
            None => self.forget_first_reply(message).await,
        }
    }

    /// A reply that failed was none.
    async fn forget_first_reply(&mut self, message: MessageId) -> hilo_store::Result<()> {
        let asked = hilo_store::messages::asked_at(self.tx, message).await?;
        if let Some(chat) = self.case.change()
            && chat.first_reply_at.is_some()
            && chat.first_reply_at == asked
        {
            chat.first_reply_at = None;
        }
        Ok(())
    }

    /// Nobody knows what became of a send: a bot's turn goes to people; an agent's text asks the agent.
    fn send_uncertain(&mut self, message: MessageId) -> hilo_store::Result<()> {
        self.case.note("send_uncertain", json!({"messageId": message}));
        if self.case.status() != Some(ChatStatus::Bot) {
            return Ok(());
        }
        self.bot.end();
        self.case.silence_bot();
        self.case.attention("send_uncertain");
        self.moved(|case| case.enqueue(None, false, "send_uncertain"))
    }
}

/// Somebody of the staff.
type Holder = Option<AgentId>;
