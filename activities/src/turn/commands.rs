//! What people ask of a chat, carried out where it is decided: once, by whoever comes first (`turns.md` 19).

use hilo_domain::chat::ChatStatus;
use hilo_domain::command::{Answer, Command, Refusal};
use hilo_domain::event::EventKind;
use hilo_domain::id::{AgentId, CommandId};
use hilo_domain::message::{Author, Content};
use hilo_engine::Input;
use hilo_store::commands::{self, Stored};
use hilo_store::desk::NewAudit;
use hilo_store::{agents, chats, flows};
use serde_json::{Map, json};

use super::{Holder, Turn};

/// A close that finds mail waits for it so often; then whoever asked is told.
const GIVES_WAY: i16 = 3;

/// What a command comes to: done, refused, or not yet.
enum Verdict {
    Answered(Answer),
    /// Mail has come first; it is looked at, and then the command again.
    AfterTheMail,
}

impl Turn<'_> {
    /// Carries out a stored command; false when it has to wait for mail that came before it was looked at.
    pub(super) async fn command(&mut self, id: CommandId, tries: i16) -> hilo_store::Result<bool> {
        let Some(stored) = commands::read(self.tx, &self.case.desk, id).await? else {
            self.case.note("command_missing", json!({"commandId": id}));
            let answer = Answer::refused(Refusal::NotFound);
            self.case.changes.answered.push((id.0, answer.state(), serde_json::to_value(answer)?));
            return Ok(true);
        };
        if stored.answer.is_some() {
            return Ok(true);
        }
        let verdict = if stored.command.has_expired(stored.requested_at, self.case.now) {
            Verdict::Answered(Answer::Expired {})
        } else {
            self.obey(&stored, tries).await?
        };
        let Verdict::Answered(answer) = verdict else { return Ok(false) };
        self.case.note(
            "command",
            json!({"commandId": id, "kind": stored.command.kind(), "by": stored.actor.user_id, "answer": answer}),
        );
        if matches!(answer, Answer::Done {}) {
            self.audit(&stored);
        }
        self.case.changes.answered.push((id.0, answer.state(), serde_json::to_value(answer)?));
        Ok(true)
    }

    fn audit(&mut self, stored: &Stored) {
        // What was said, and what is noted about the client, stands under the client's key alone.
        let mut detail = serde_json::to_value(&stored.command).unwrap_or_default();
        if let Some(fields) = detail.as_object_mut() {
            fields.remove("text");
            fields.remove("note");
        }
        let Some(chat) = stored.chat else { return };
        self.case.changes.audit.push(NewAudit {
            actor: stored.actor.clone(),
            action: format!("chat.{}", stored.command.kind()),
            entity: "chat",
            entity_id: chat.0,
            detail,
        });
    }

    async fn obey(&mut self, stored: &Stored, tries: i16) -> hilo_store::Result<Verdict> {
        let is_open = self.case.chat().is_some_and(|chat| Some(chat.id) == stored.chat);
        if let Command::Reopen {} = stored.command {
            return self.reopen(stored, is_open).await.map(Verdict::Answered);
        }
        if !is_open {
            return Ok(Verdict::Answered(Answer::refused(Refusal::ChatClosed)));
        }
        let me = stored.actor.user_id.map(|user| AgentId(user.0));
        let answer = match &stored.command {
            Command::Take { over, force } => self.take(me, *over, *force).await?,
            Command::Assign { agent, force } => self.give(*agent, "assign", *force).await?,
            Command::Reply { message, text, over } => {
                self.reply(me, *over, *message, text, stored.requested_at).await?
            }
            Command::Transfer { queue, agent, note, over } => match self.may(me, *over) {
                Ok(()) => {
                    self.cancel_bot("transfer").await?;
                    self.hand_over(*queue, *agent, note.clone()).await?
                }
                Err(refused) => refused,
            },
            Command::Close { reason, over, .. } => match self.may(me, *over) {
                // Hilo itself has reasons that are on nobody's list: two clients turned out to be one.
                Ok(()) if me.is_some() && !agents::is_close_reason(self.tx, reason).await? => {
                    Answer::refused(Refusal::NotFound)
                }
                Ok(()) if self.mail_waits().await? => {
                    if tries < GIVES_WAY {
                        return Ok(Verdict::AfterTheMail);
                    }
                    Answer::refused(Refusal::NewMail)
                }
                Ok(()) => {
                    self.cancel_bot("close").await?;
                    self.done(|case| case.close(reason))
                }
                Err(refused) => refused,
            },
            Command::Snooze { until } => match self.may(me, false) {
                Ok(()) => {
                    self.case.free_place();
                    self.done(|case| {
                        case.go(ChatStatus::Pending)?;
                        if let Some(chat) = case.change() {
                            chat.wake_at = Some(*until);
                        }
                        case.happened(EventKind::ChatUpdated, json!({"status": "pending", "until": until}));
                        Ok(())
                    })
                }
                Err(refused) => refused,
            },
            Command::Priority { priority } => {
                if let Some(chat) = self.case.change() {
                    chat.priority = (*priority).clamp(0, 2);
                }
                self.case.happened(EventKind::ChatUpdated, json!({"priority": priority}));
                Answer::Done {}
            }
            Command::Hold {} | Command::Resume {} => {
                let held = matches!(stored.command, Command::Hold {});
                let now = self.case.now;
                if let Some(chat) = self.case.change() {
                    chat.held = held;
                    // While it stood still nobody was silent.
                    if !held && chat.status == ChatStatus::Active {
                        chat.wake_at = Some(now);
                    }
                }
                self.case.happened(EventKind::ChatUpdated, json!({"held": held}));
                Answer::Done {}
            }
            Command::ReturnToBot { node } => self.return_to_bot(node.clone()).await?,
            Command::MoveToNode { node } => self.move_to_node(node.clone()).await?,
            // Looked at above.
            Command::Reopen {} => Answer::refused(Refusal::ChatOpen),
        };
        Ok(Verdict::Answered(answer))
    }

    fn holder(&self) -> Holder {
        self.case.chat().and_then(|chat| chat.agent)
    }

    /// Whether `me` may act on the chat: who has it may, and who may act over them.
    fn may(&self, me: Holder, over: bool) -> Result<(), Answer> {
        let holder = self.holder();
        // Hilo itself, and whoever may act over everybody.
        if me.is_none() || over || (holder == me && self.is_with_people()) {
            Ok(())
        } else {
            Err(Answer::Refused { code: Refusal::NotHolder, holder })
        }
    }

    /// A move, or the refusal that it is none.
    fn done(
        &mut self,
        go: impl FnOnce(&mut crate::case::Case) -> Result<(), hilo_domain::chat::IllegalMove>,
    ) -> Answer {
        match go(&mut self.case) {
            Ok(()) => Answer::Done {},
            Err(_) => Answer::refused(Refusal::IllegalMove),
        }
    }

    async fn take(&mut self, me: Holder, over: bool, force: bool) -> hilo_store::Result<Answer> {
        let Some(me) = me else { return Ok(Answer::refused(Refusal::NotFound)) };
        let (holder, status) = (self.holder(), self.case.status());
        if holder == Some(me) && matches!(status, Some(ChatStatus::Assigned | ChatStatus::Active)) {
            return Ok(Answer::Done {});
        }
        if holder == Some(me) && status == Some(ChatStatus::Pending) {
            return self.wake_mine(me, force).await;
        }
        if holder.is_some() && !over {
            return Ok(Answer::Refused { code: Refusal::NotHolder, holder });
        }
        self.give(me, "take", force).await
    }

    /// An agent takes their own snoozed chat up again.
    async fn wake_mine(&mut self, me: AgentId, force: bool) -> hilo_store::Result<Answer> {
        if let Some(refused) = self.no_room(me, force).await? {
            return Ok(refused);
        }
        Ok(self.done(|case| {
            case.go(ChatStatus::Active)?;
            let now = case.now;
            if let Some(chat) = case.change() {
                chat.wake_at = Some(now);
            }
            case.happened(EventKind::ChatUpdated, json!({"status": "active"}));
            Ok(())
        }))
    }

    async fn no_room(&mut self, agent: AgentId, force: bool) -> hilo_store::Result<Option<Answer>> {
        let Some(chat) = self.case.chat().map(|chat| chat.id) else {
            return Ok(Some(Answer::refused(Refusal::ChatClosed)));
        };
        let Some(candidate) = agents::candidate(self.tx, agent, chat, self.capacity()).await? else {
            return Ok(Some(Answer::refused(Refusal::NotFound)));
        };
        let full = candidate.load >= candidate.capacity && !force;
        Ok(full.then(|| Answer::Refused { code: Refusal::AgentAtCapacity, holder: self.holder() }))
    }

    /// Gives the chat to an agent, whatever their state: a person has decided it. Room is counted under their lock.
    async fn give(&mut self, agent: AgentId, how: &'static str, force: bool) -> hilo_store::Result<Answer> {
        let takes_a_place = self.case.status().is_some_and(ChatStatus::takes_a_place);
        if !(self.holder() == Some(agent) && takes_a_place)
            && let Some(refused) = self.no_room(agent, force).await?
        {
            return Ok(refused);
        }
        self.cancel_bot(how).await?;
        Ok(self.done(|case| {
            // The table has no way from a snoozed chat to another agent but a transfer.
            if case.status() == Some(ChatStatus::Pending) {
                case.go(ChatStatus::Transferred)?;
            }
            case.assign(agent, how, json!([]))
        }))
    }

    async fn reply(
        &mut self,
        me: Holder,
        over: bool,
        message: hilo_domain::id::MessageId,
        text: &str,
        asked: chrono::DateTime<chrono::Utc>,
    ) -> hilo_store::Result<Answer> {
        if let Err(refused) = self.may(me, over) {
            return Ok(refused);
        }
        if !self.case.desk.window_is_open(self.case.now) {
            return Ok(Answer::refused(Refusal::WindowClosed));
        }
        match self.case.status() {
            Some(ChatStatus::Assigned) => {
                if self.case.go(ChatStatus::Active).is_err() {
                    return Ok(Answer::refused(Refusal::IllegalMove));
                }
                self.case.happened(EventKind::ChatUpdated, json!({"status": "active"}));
            }
            Some(ChatStatus::Pending) => {
                // A snoozed chat takes no place; answering it does.
                let refused = match me {
                    Some(me) => self.wake_mine(me, over).await?,
                    None => Answer::refused(Refusal::IllegalMove),
                };
                if !matches!(refused, Answer::Done {}) {
                    return Ok(refused);
                }
            }
            Some(ChatStatus::Active) => {}
            _ => return Ok(Answer::Refused { code: Refusal::NotHolder, holder: self.holder() }),
        }
        if let Some(chat) = self.case.change() {
            chat.first_reply_at.get_or_insert(asked);
            chat.last_agent_at = chat.last_agent_at.max(Some(asked));
        }
        self.case.say(message, Author::Agent, Content::Text { text: text.to_owned() }, None, asked);
        Ok(Answer::Done {})
    }

    /// A transfer: `transferred`, and in the same transaction where it goes.
    async fn hand_over(
        &mut self,
        queue: Option<hilo_domain::id::QueueId>,
        agent: Holder,
        note: Option<String>,
    ) -> hilo_store::Result<Answer> {
        if let Some(agent) = agent
            && let Some(refused) = self.no_room(agent, false).await?
        {
            return Ok(refused);
        }
        let note = note.map(|note| self.case.desk.seal_note(&note)).transpose()?;
        let answer = self.done(|case| {
            case.go(ChatStatus::Transferred)?;
            if let Some(chat) = case.change() {
                chat.note = note;
            }
            case.happened(EventKind::ChatTransferred, json!({"queueId": queue, "agentId": agent}));
            match agent {
                Some(agent) => case.assign(agent, "transfer", json!([])),
                None => case.enqueue(queue, false, "transfer"),
            }
        });
        Ok(answer)
    }

    async fn return_to_bot(&mut self, node: Option<String>) -> hilo_store::Result<Answer> {
        let pinned = self.case.chat().and_then(|chat| chat.flow_hash.clone());
        let hash = match (pinned, self.case.desk.campaign.as_ref().map(|campaign| campaign.id)) {
            (Some(hash), _) => Some(hash),
            (None, Some(campaign)) => flows::newest(self.tx, campaign).await?.into_iter().next(),
            (None, None) => None,
        };
        let flow = match hash {
            Some(hash) => self.world.flows.get(self.tx, &hash).await?,
            None => None,
        };
        let Some(flow) = flow else { return Ok(Answer::refused(Refusal::NotFound)) };
        if self.case.status().is_none_or(|status| status.go(ChatStatus::Bot).is_err()) {
            return Ok(Answer::refused(Refusal::IllegalMove));
        }
        self.case.leave_agent("ended", "returned_to_bot");
        self.moved(|case| case.go(ChatStatus::Bot))?;
        self.case.happened(EventKind::ChatUpdated, json!({"status": "bot"}));
        let input =
            Input::Start { trigger: "manual".to_owned(), message: None, consume: false, vars: Map::new(), at: node };
        self.begin(flow, input).await?;
        Ok(Answer::Done {})
    }

    async fn move_to_node(&mut self, node: String) -> hilo_store::Result<Answer> {
        if self.case.status() != Some(ChatStatus::Bot) {
            return Ok(Answer::refused(Refusal::IllegalMove));
        }
        if !self.resume().await? {
            return Ok(Answer::refused(Refusal::NotFound));
        }
        self.step(Input::Jump { node, vars: Map::new(), reason: "move_to_node".to_owned() }).await?;
        Ok(Answer::Done {})
    }

    /// A closed chat begins again: with the agent who had it if they can, else in its queue.
    async fn reopen(&mut self, stored: &Stored, is_open: bool) -> hilo_store::Result<Answer> {
        if is_open || self.case.chat().is_some() {
            return Ok(Answer::refused(Refusal::ChatOpen));
        }
        let Some(chat) = (match stored.chat {
            Some(id) => chats::get(self.tx, id).await?,
            None => None,
        }) else {
            return Ok(Answer::refused(Refusal::NotFound));
        };
        let (id, agent, queue) = (chat.id, chat.agent, chat.queue);
        let room = match agent {
            Some(agent) => agents::candidate(self.tx, agent, id, self.capacity()).await?.is_some_and(|candidate| {
                candidate.state == hilo_domain::agent::AgentState::Available && candidate.load < candidate.capacity
            }),
            None => false,
        };
        self.case.reopen(chat);
        self.case.happened(EventKind::ChatReopened, json!({"by": stored.actor.user_id}));
        Ok(match agent.filter(|_| room) {
            Some(agent) => self.done(|case| case.assign(agent, "reopen", json!([]))),
            None => self.done(|case| case.enqueue(queue, false, "reopen")),
        })
    }
}
