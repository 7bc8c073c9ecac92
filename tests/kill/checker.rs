//! Reads the database and says everything that is wrong with it.

use std::collections::HashMap;
use std::time::Duration;

use hilo_domain::message::Direction;
use hilo_relay::temporal::{Address, Temporal};
use hilo_store::seal::Keyring;
use hilo_store::testing::Database;
use hilo_store::{PoolOptions, conversations, messages, numbers};

use crate::common::Dev;
use crate::load::Plan;

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

    pub(crate) async fn drop_the_key(&self) {
        self.db.execute("alter table inbound_keys drop constraint inbound_keys_pkey").await;
    }
}
