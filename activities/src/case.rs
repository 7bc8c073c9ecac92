//! A conversation under decision: the desk as it was read, and what the decision makes of it.
//!
//! The moves of a chat are here and nowhere else; each goes through the table of `domain`, raises the generation, tells
//! the screens, and writes down why. Nothing is written before [`Case::save`].

use chrono::{DateTime, Utc};
use hilo_domain::chat::{ChatStatus, IllegalMove};
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, ChatId, MessageId, QueueId};
use hilo_domain::message::{Author, Content};
use hilo_domain::outbox::Bell;
use hilo_store::chats::Chat;
use hilo_store::desk::{self, AssignmentChange, Changes, Desk, Entry, Happened, NewAssignment, NewNotice, NewSend};
use hilo_store::{Tx, agents};
use serde_json::{Value, json};

/// A conversation under decision.
pub(crate) struct Case {
    pub(crate) desk: Desk,
    pub(crate) changes: Changes,
    /// The instant of the decision.
    pub(crate) now: DateTime<Utc>,
    /// Agents who have a place less taken now: their queues look.
    freed: Vec<AgentId>,
    /// Chats whose bot is not heard any more.
    silenced: Vec<ChatId>,
    /// The chat that this decision has closed: what is said about its end is said in it.
    closed: Option<ChatId>,
    /// Whether the chat has changed.
    touched: bool,
}

impl Case {
    pub(crate) fn new(desk: Desk, now: DateTime<Utc>) -> Self {
        Self {
            desk,
            changes: Changes::default(),
            now,
            freed: Vec::new(),
            silenced: Vec::new(),
            closed: None,
            touched: false,
        }
    }

    /// The open chat.
    pub(crate) fn chat(&self) -> Option<&Chat> {
        self.desk.chat.as_ref()
    }

    /// The open chat, to be changed.
    pub(crate) fn change(&mut self) -> Option<&mut Chat> {
        self.touched = true;
        self.desk.chat.as_mut()
    }

    fn chat_id(&self) -> Option<ChatId> {
        self.chat().map(|chat| chat.id).or(self.closed)
    }

    pub(crate) fn status(&self) -> Option<ChatStatus> {
        self.chat().map(|chat| chat.status)
    }

    /// Something happened: the next number of the conversation.
    pub(crate) fn happened(&mut self, kind: EventKind, data: Value) -> i64 {
        self.desk.last_seq += 1;
        let (seq, chat) = (self.desk.last_seq, self.chat_id());
        self.changes.events.push(Happened { seq, chat, kind, data });
        seq
    }

    /// Writes down why.
    pub(crate) fn note(&mut self, kind: &str, detail: Value) {
        self.changes.ledger.push(Entry { kind: kind.to_owned(), detail });
    }

    pub(crate) fn ring(&mut self, bell: Bell) {
        self.changes.bells.push(bell);
    }

    /// Opens a chat for what has come.
    pub(crate) fn open_chat(&mut self) {
        let id = ChatId::new(self.now);
        let campaign = self.desk.campaign.as_ref().map(|campaign| campaign.id);
        self.desk.chat = Some(Chat::new(id, self.desk.conversation, campaign, self.now));
        self.desk.session = None;
        self.touched = true;
        self.changes.open_chat = Some(Some(id));
        self.note("chat_opened", json!({"chatId": id, "campaignId": campaign}));
    }

    /// Goes to another state, if the table has that move.
    pub(crate) fn go(&mut self, to: ChatStatus) -> Result<(), IllegalMove> {
        let from = match self.chat() {
            Some(chat) => chat.status.go(to).map(|_| chat.status)?,
            None => return Err(IllegalMove { from: ChatStatus::Closed, to }),
        };
        if let Some(chat) = self.change() {
            chat.status = to;
            chat.generation += 1;
        }
        self.note("moved", json!({"from": from, "to": to}));
        Ok(())
    }

    /// Puts the chat into a queue; none is the campaign's default. Ends the bot's run and an assignment.
    pub(crate) fn enqueue(&mut self, queue: Option<QueueId>, at_head: bool, why: &str) -> Result<(), IllegalMove> {
        let queue = queue.or(self.desk.campaign.as_ref().and_then(|campaign| campaign.default_queue));
        self.go(ChatStatus::Queued)?;
        self.leave_agent("ended", "queued");
        let now = self.now;
        if let Some(chat) = self.change() {
            chat.queue = queue;
            chat.queued_at.get_or_insert(now);
            chat.waiting_since.get_or_insert(now);
            chat.at_head = at_head;
            chat.wake_at = None;
        }
        self.note("queued", json!({"queueId": queue, "atHead": at_head, "why": why}));
        match queue {
            Some(queue) => self.ring(Bell::Queue(queue)),
            None => self.attention("no_queue"),
        }
        self.happened(EventKind::ChatUpdated, json!({"status": "queued", "queueId": queue, "why": why}));
        Ok(())
    }

    /// Gives the chat to an agent, whose row the caller has locked.
    pub(crate) fn assign(&mut self, agent: AgentId, how: &'static str, candidates: Value) -> Result<(), IllegalMove> {
        self.go(ChatStatus::Assigned)?;
        self.leave_agent("ended", "reassigned");
        let now = self.now;
        let Some(chat) = self.change() else { return Ok(()) };
        chat.agent = Some(agent);
        chat.assigned_at = Some(now);
        chat.at_head = false;
        chat.wake_at = None;
        let (id, queue, generation) = (chat.id, chat.queue, chat.generation);
        let assignment = NewAssignment {
            id: hilo_domain::id::uuid_at(now),
            chat: id,
            queue,
            agent,
            generation,
            how,
            candidates: candidates.clone(),
        };
        self.changes.assignments.push(AssignmentChange::Begins(assignment));
        self.note("assigned", json!({"agentId": agent, "how": how, "candidates": candidates}));
        self.happened(EventKind::ChatAssigned, json!({"agentId": agent, "how": how}));
        Ok(())
    }

    /// The present agent has it no more.
    pub(crate) fn leave_agent(&mut self, state: &'static str, reason: &'static str) {
        let Some(chat) = self.desk.chat.as_mut() else { return };
        let (id, agent) = (chat.id, chat.agent.take());
        chat.assigned_at = None;
        self.touched = true;
        if let Some(agent) = agent {
            self.freed.push(agent);
            self.changes.assignments.push(AssignmentChange::Ends { chat: id, state, reason });
        }
    }

    /// One of the agent's places is free although the chat stays theirs.
    pub(crate) fn free_place(&mut self) {
        self.freed.extend(self.chat().and_then(|chat| chat.agent));
    }

    /// Ends the chat.
    pub(crate) fn close(&mut self, reason: &str) -> Result<(), IllegalMove> {
        self.go(ChatStatus::Closed)?;
        let (now, agent) = (self.now, self.chat().and_then(|chat| chat.agent));
        self.leave_agent("ended", "closed");
        if let Some(chat) = self.change() {
            // Who had it stays on record: a reopened chat goes back to them.
            chat.agent = agent;
            chat.closed_at = Some(now);
            chat.close_reason = Some(reason.to_owned());
            chat.bot_timers.clear();
            chat.question = None;
            chat.wake_at = None;
            chat.attention = None;
            chat.attention_since = None;
            chat.held = false;
        }
        self.happened(EventKind::ChatClosed, json!({"reason": reason}));
        self.note("closed", json!({"reason": reason}));
        self.changes.open_chat = Some(None);
        self.set_aside();
        Ok(())
    }

    /// A closed chat is the open one again; the caller moves it on.
    pub(crate) fn reopen(&mut self, chat: Chat) {
        let id = chat.id;
        let again = Chat {
            agent: None,
            closed_at: None,
            close_reason: None,
            // What was promised counts anew.
            queued_at: None,
            waiting_since: None,
            first_reply_at: None,
            breached_at: None,
            session_turn: None,
            ..chat
        };
        self.desk.chat = Some(again);
        self.touched = true;
        self.changes.open_chat = Some(Some(id));
        self.note("reopened", json!({"chatId": id}));
    }

    /// A closed chat is written with the rest, and is the open one no more.
    fn set_aside(&mut self) {
        let promises = self.desk.promises();
        if let Some(mut chat) = self.desk.chat.take() {
            self.closed = Some(chat.id);
            chat.set_timers(&promises);
            self.changes.chats.push(chat);
        }
        self.desk.session = None;
        self.touched = false;
    }

    /// Somebody should look at it.
    pub(crate) fn attention(&mut self, why: &str) {
        let now = self.now;
        if let Some(chat) = self.change() {
            chat.attention = Some(why.to_owned());
            chat.attention_since.get_or_insert(now);
        }
        self.note("attention", json!({"why": why}));
    }

    /// Tells supervisors.
    pub(crate) fn notify(&mut self, kind: &'static str, data: Value) {
        if let Some(chat) = self.chat_id() {
            self.changes.notices.push(NewNotice { kind, chat, user: None, data });
        }
    }

    /// Prepares a message of ours; gives its id.
    pub(crate) fn say(
        &mut self,
        message: MessageId,
        author: Author,
        content: Content,
        token: Option<String>,
        at: DateTime<Utc>,
    ) -> MessageId {
        let data = json!({"messageId": message, "author": author, "type": content.kind()});
        let seq = self.happened(EventKind::MessagePrepared, data);
        self.changes.sends.push(NewSend { message, chat: self.chat_id(), seq, author, content, token, at });
        message
    }

    /// What the bot had prepared before this decision is not said any more; its last words in it are.
    pub(crate) fn silence_bot(&mut self) {
        self.silenced.extend(self.chat_id());
        if let Some(chat) = self.change() {
            chat.bot_timers.clear();
            chat.question = None;
            chat.question_seq = None;
        }
    }

    /// Writes everything; returns the outbox rows to ring after the commit.
    pub(crate) async fn save(&mut self, tx: &mut Tx) -> hilo_store::Result<Vec<i64>> {
        let promises = self.desk.promises();
        if self.touched
            && let Some(chat) = &mut self.desk.chat
        {
            chat.set_timers(&promises);
            self.changes.chats.push(chat.clone());
        }
        for agent in std::mem::take(&mut self.freed) {
            let queues = agents::queues_of(tx, agent).await?;
            self.changes.bells.extend(queues.into_iter().map(Bell::Queue));
        }
        let silenced = std::mem::take(&mut self.silenced);
        for message in desk::silence(tx, &self.desk, &silenced).await? {
            self.happened(EventKind::MessageFailed, json!({"messageId": message, "status": "failed"}));
        }
        desk::save(tx, &self.desk, &self.changes, self.now).await
    }
}
