//! Reads the database and says everything that is wrong with it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt as _;
use hilo_domain::agent::AgentState;
use hilo_domain::clock::{Clock as _, SystemClock};
use hilo_domain::command::Actor;
use hilo_domain::id::AgentId;
use hilo_domain::message::Direction;
use hilo_domain::receipt::MessageStatus;
use hilo_relay::temporal::{Address, Temporal};
use hilo_store::seal::Keyring;
use hilo_store::testing::Database;
use hilo_store::{PoolOptions, agents, chats, conversations, messages, numbers};
use hilo_workflows::activities::ChatView;

use crate::common::{Dev, get};
use crate::load::Plan;
use crate::truth::untrue;

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits for a condition; the time is a guard against waiting for ever, not a measure.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub(crate) struct Checker {
    db: Database,
    temporal: Address,
}

impl Checker {
    pub(crate) async fn connect(system: &Dev) -> Self {
        let url = system.env("DATABASE_URL").to_owned().into();
        let ring = Keyring::parse(&system.env("HILO_SECRET_KEY").to_owned().into()).unwrap();
        let pool = hilo_store::open(&url, PoolOptions::default()).unwrap();
        let number = numbers::enabled(&pool, &ring).await.unwrap()[0].id;
        let temporal = Address {
            address: system.env("TEMPORAL_ADDRESS").to_owned(),
            namespace: "default".to_owned(),
            task_queue: "hilo".to_owned(),
        };
        Self { db: Database { pool, url, ring, number }, temporal }
    }

    pub(crate) async fn count(&self) -> i64 {
        self.db.count("select count(*) from messages where direction = 'inbound'").await
    }

    /// Everything that is wrong with what the plan's people said (I1 to I3 of the catalogue of checks).
    pub(crate) async fn faults(&self, plan: Plan) -> Vec<String> {
        let mut faults = Vec::new();
        for person in 0..plan.people {
            let phone = plan.phone(person);
            let found = conversations::of_phone(&self.db.pool, &phone).await.unwrap();
            let [conversation] = &found[..] else {
                faults.push(format!("{phone} has {} conversations", found.len()));
                continue;
            };
            let all = messages::list(&self.db.pool, &self.db.ring, conversation.id, 0, 500).await.unwrap();
            // What the bot answers stands among what the people said.
            let theirs = all.iter().filter(|m| m.direction == Direction::Inbound);
            let said: Vec<usize> = theirs.map(|m| m.content.text().unwrap().parse().unwrap()).collect();
            let mut seen: HashMap<usize, usize> = HashMap::new();
            for n in &said {
                *seen.entry(*n).or_default() += 1;
            }
            faults.extend(
                seen.iter()
                    .filter(|(_, times)| **times > 1)
                    .map(|(n, times)| format!("{phone}: message {n} stands twice or more ({times})")),
            );
            faults.extend(
                (0..plan.each).filter(|n| !seen.contains_key(n)).map(|n| format!("{phone}: message {n} is lost")),
            );
            if !said.is_sorted() {
                faults.push(format!("{phone}: out of order: {said:?}"));
            }
        }
        for (what, sql) in [
            (
                "messages without their event",
                "select count(*) from messages m where not exists (select 1 from events e where e.conversation_id = m.conversation_id and e.seq = m.seq and e.data->>'messageId' = m.id::text)",
            ),
            (
                "conversations whose numbers have gaps",
                "select count(*) from conversations c where c.last_seq <> (select count(*) from events e where e.conversation_id = c.id)",
            ),
            (
                "messages without their input",
                "select count(*) from messages m where m.direction = 'inbound' and not exists (select 1 from inputs i where i.message_id = m.id and i.kind = 'mail')",
            ),
            (
                "messages without their key",
                "select count(*) from messages m where m.direction = 'inbound' and not exists (select 1 from inbound_keys k where k.message_id = m.id)",
            ),
            ("elements that were given up", "select count(*) from dead_letters"),
        ] {
            let rows = self.db.count(sql).await;
            if rows > 0 {
                faults.push(format!("{rows} {what}"));
            }
        }
        faults
    }

    /// Every bell is rung in the end: the outbox empties, and every conversation's workflow has been started.
    pub(crate) async fn wait_until_everybody_is_rung(&self, plan: Plan) {
        until("the outbox is empty", async || self.db.count("select count(*) from outbox").await == 0).await;
        let temporal = Temporal::connect(&self.temporal).await.unwrap();
        for person in 0..plan.people {
            let conversation = &conversations::of_phone(&self.db.pool, &plan.phone(person)).await.unwrap()[0];
            let query = format!("WorkflowId = '{}'", hilo_workflows::conversation::workflow_id(conversation.id));
            until("the conversation's workflow was started", async || {
                let counted = temporal.client().count_workflows(&query, Default::default()).await;
                counted.is_ok_and(|counted| counted.count() > 0)
            })
            .await;
        }
    }

    /// Ana and Luis take what comes.
    pub(crate) async fn agents_are_available(&self) {
        let now = SystemClock.now();
        for agent in self.db.texts("select distinct user_id::text from campaign_agents").await {
            let agent = AgentId(agent.parse().unwrap());
            let mut tx = self.db.begin().await;
            let actor = Actor::user(agent.0.into());
            agents::set_state(&mut tx, agent, AgentState::Available, None, &actor, now).await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    /// Whatever was killed, everything is true in the end, and no chat is stuck.
    pub(crate) async fn wait_until_it_is_true(&self) {
        let said = Mutex::new(Vec::new());
        let waiting = until("everything is true", async || {
            let untrue = untrue(&self.db).await;
            let done = untrue.is_empty();
            *said.lock().unwrap() = untrue;
            done
        });
        let waited = AssertUnwindSafe(waiting).catch_unwind().await;
        assert!(waited.is_ok(), "{:#?}", said.lock().unwrap());
    }

    /// Every person's workflow and Postgres say the same of their chat; how many are open.
    pub(crate) async fn wait_until_workflows_agree(&self, plan: Plan) -> usize {
        let temporal = Temporal::connect(&self.temporal).await.unwrap();
        let mut open = 0;
        for person in 0..plan.people {
            let conversation = conversations::of_phone(&self.db.pool, &plan.phone(person)).await.unwrap()[0].id;
            until("the workflow and Postgres agree", async || {
                let chats = chats::of_conversation(&self.db.pool, conversation).await.unwrap();
                let row = chats.into_iter().find(|chat| chat.status.is_open());
                let row = row.map(|chat| ChatView { id: chat.id, status: chat.status, generation: chat.generation });
                temporal.snapshot(conversation).await.is_ok_and(|snapshot| snapshot.and_then(|s| s.chat) == row)
            })
            .await;
            let chats = chats::of_conversation(&self.db.pool, conversation).await.unwrap();
            open += usize::from(chats.iter().any(|chat| chat.status.is_open()));
        }
        open
    }

    /// What WhatsApp has taken: each message of ours once and in its order, or it is shown as uncertain or failed.
    pub(crate) async fn answers_are_sent_once(&self, system: &Dev, plan: Plan) -> String {
        let simulator = system.said["urls"]["simulator"].as_str().unwrap();
        let (mut sent, mut unknown, mut faults) = (0, 0, Vec::new());
        for person in 0..plan.people {
            let phone = plan.phone(person);
            let (status, body) = get(&format!("{simulator}/sim/customers/{phone}/messages")).unwrap();
            assert_eq!(status, 200, "{body}");
            let page: serde_json::Value = serde_json::from_str(&body).unwrap();
            let accepted: Vec<String> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| {
                    let callback = item["request"]["biz_opaque_callback_data"].as_str().unwrap();
                    callback.split(':').next().unwrap().to_owned()
                })
                .collect();
            let conversation = conversations::of_phone(&self.db.pool, &phone).await.unwrap()[0].id;
            let all = messages::list(&self.db.pool, &self.db.ring, conversation, 0, 500).await.unwrap();
            let ours = all.iter().filter(|m| m.direction == Direction::Outbound);
            let mut told = Vec::new();
            for message in ours {
                match message.status {
                    Some(MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read) => {
                        told.push(message.id.to_string());
                    }
                    _ => unknown += 1,
                }
            }
            // What is uncertain may have been taken all the same.
            let taken: Vec<_> = accepted.iter().filter(|id| told.contains(id)).cloned().collect();
            if taken != told {
                faults.push(format!("{phone}: we say {told:?}, WhatsApp has taken {accepted:?}"));
            }
            sent += told.len();
        }
        assert_eq!(faults, Vec::<String>::new());
        format!("{sent} answers sent, each once and in order, {unknown} shown as failed or uncertain")
    }

    pub(crate) async fn drop_the_key(&self) {
        self.db.execute("alter table inbound_keys drop constraint inbound_keys_pkey").await;
    }
}
