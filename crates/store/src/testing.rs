//! Builders for tests: a database of one's own, a number, messages and receipts.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test whose ground is missing stops and says so"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::chat::ChatStatus;
use hilo_domain::clock::{Clock, SystemClock};
use hilo_domain::event::EventKind;
use hilo_domain::id::{ChatId, ConversationId, MessageId, NumberId};
use hilo_domain::inbound::{InboundMessage, InboundReceipt, Meaning, Sender};
use hilo_domain::message::{Author, Content, Direction};
use hilo_domain::receipt::Receipt;
use secrecy::SecretString;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::chats::Chat;
use crate::desk::{self, Changes, Happened, NewSend};
use crate::numbers::NewNumber;
use crate::seal::Keyring;
use crate::{MIGRATIONS, Pool, PoolOptions, Tx, mail, numbers, receipts};

/// A database of one's own, with the schema, on the server of `DATABASE_URL`.
pub struct Database {
    /// Its pool.
    pub pool: Pool,
    /// Its address.
    pub url: SecretString,
    /// The keys that seal what stands in it.
    pub ring: Keyring,
    /// A Meta number: `phone_number_id` `100000000000001`, app secret `demo-app-secret`.
    pub number: NumberId,
}

/// Makes one: a copy of a template that the first caller migrates.
pub async fn database() -> Database {
    let server = std::env::var("DATABASE_URL").expect("DATABASE_URL is set by `cargo xtask test`");
    let (base, _) = server.rsplit_once('/').expect("DATABASE_URL ends with a database");
    let version: i64 = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    let digest: u64 =
        MIGRATIONS.iter().flat_map(|m| m.checksum.iter()).fold(5381, |h: u64, b| h.wrapping_mul(33) ^ u64::from(*b));
    let template = format!("hilo_template_{version}_{digest:x}");
    let name = fresh_name();
    let mut admin = PgConnection::connect(&server).await.expect("the test server answers");
    // One at a time: a template that somebody is connected to cannot be copied.
    run(&mut admin, "select pg_advisory_lock(7145)".to_owned()).await;
    let known: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
        .bind(&template)
        .fetch_one(&mut admin)
        .await
        .expect("the server lists its databases");
    if !known {
        let making = format!("{template}_making");
        run(&mut admin, format!("drop database if exists {making}")).await;
        run(&mut admin, format!("create database {making}")).await;
        let mut connection = PgConnection::connect(&format!("{base}/{making}")).await.expect("the template opens");
        MIGRATIONS.run(&mut connection).await.expect("the migrations run");
        connection.close().await.expect("the template closes");
        run(&mut admin, format!("alter database {making} rename to {template}")).await;
    }
    run(&mut admin, format!("create database {name} template {template}")).await;
    run(&mut admin, "select pg_advisory_unlock(7145)".to_owned()).await;
    let url = SecretString::from(format!("{base}/{name}"));
    let pool =
        crate::open(&url, PoolOptions { statement: std::time::Duration::from_secs(30), ..PoolOptions::default() })
            .expect("the address is well-formed");
    let ring = ring();
    let number = number(&pool, &ring, "demo", "100000000000001", "demo-app-secret").await;
    Database { pool, url, ring, number }
}

async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql.clone())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("hilo_test_{}_{}_{n}", std::process::id(), SystemClock.now().timestamp_micros())
}

/// Keys for tests.
#[must_use]
pub fn ring() -> Keyring {
    let key: SecretString = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
    Keyring::parse(&key).expect("the test key is well-formed")
}

/// Registers a Meta number of the account `200000000000001`.
pub async fn number(pool: &Pool, ring: &Keyring, key: &str, phone_number_id: &str, app_secret: &str) -> NumberId {
    let mut tx = crate::begin(pool).await.expect("a transaction begins");
    let new = NewNumber {
        key,
        phone: "+525500000001",
        name: "Demo",
        phone_number_id,
        waba_id: "200000000000001",
        app_secret: &app_secret.into(),
        verify_token: &"demo-verify-token".into(),
        access_token: &"demo-access-token".into(),
    };
    let id = numbers::put_meta(&mut tx, ring, &new, at(0)).await.expect("the number is registered");
    tx.commit().await.expect("the number is committed");
    id
}

/// A time `seconds` after the tests' beginning.
#[must_use]
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).expect("a time") + TimeDelta::seconds(seconds)
}

/// A text from a phone.
#[must_use]
pub fn text(number: NumberId, from: &str, provider_id: &str, text: &str, seconds: i64) -> mail::Arrival {
    mail::Arrival {
        number,
        waba_id: Some("200000000000001".to_owned()),
        at: at(seconds),
        direction: Direction::Inbound,
        message: InboundMessage {
            provider_id: provider_id.to_owned(),
            sender: Sender {
                address: Some(from.to_owned()),
                phone: Some(from.to_owned()),
                name: Some("Ana".to_owned()),
                ..Sender::default()
            },
            meaning: Meaning::Answer,
            content: Content::Text { text: text.to_owned() },
            provider_at: Some(at(seconds)),
            reply_to: None,
            raw: json!({"type": "text", "text": {"body": text}}),
        },
    }
}

/// A receipt for a message of ours.
#[must_use]
pub fn receipt(number: NumberId, provider_id: &str, receipt: Receipt, seconds: i64) -> receipts::Arrival {
    receipts::Arrival {
        number,
        at: at(seconds),
        receipt: InboundReceipt {
            provider_id: provider_id.to_owned(),
            receipt,
            provider_at: None,
            callback: None,
            participant: String::new(),
            errors: Vec::new(),
            raw: json!({}),
        },
    }
}

impl Database {
    /// The same database over a pool of its own, as another process has it.
    #[must_use]
    pub fn again(&self) -> Self {
        let pool = crate::open(&self.url, PoolOptions::default()).expect("the address is well-formed");
        Self { pool, url: self.url.clone(), ring: ring(), number: self.number }
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> Tx {
        crate::begin(&self.pool).await.expect("a transaction begins")
    }

    /// Stores an arrival as the gateway does: as a known client's, else introducing its sender.
    pub async fn arrive(&self, arrival: &mail::Arrival) -> mail::Stored {
        loop {
            let mut tx = self.begin().await;
            let known = mail::store(&mut tx, &self.ring, std::slice::from_ref(arrival)).await.expect("it is stored");
            if known.outcomes != [mail::Stored::Unknown] {
                tx.commit().await.expect("it is committed");
                return known.outcomes.first().copied().expect("one outcome");
            }
            drop(tx);
            let mut tx = self.begin().await;
            match mail::introduce(&mut tx, &self.ring, arrival).await {
                Ok(batch) => {
                    tx.commit().await.expect("it is committed");
                    return batch.outcomes.first().copied().expect("one outcome");
                }
                Err(error) if error.is_retryable() => {}
                Err(error) => panic!("it is not stored: {error:?}"),
            }
        }
    }

    /// Stores receipts and commits; returns the rows to ring.
    pub async fn receive(&self, arrivals: &[receipts::Arrival]) -> Vec<i64> {
        let mut tx = self.begin().await;
        let rung = receipts::store(&mut tx, arrivals, at(100)).await.expect("they are stored");
        tx.commit().await.expect("they are committed");
        rung
    }

    /// Does what `sql` says in a transaction that stays open, with everything that it has locked.
    pub async fn hold(&self, sql: &'static str) -> Tx {
        let mut tx = self.begin().await;
        tx.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        tx
    }

    /// Waits until `count` connections to this database wait for somebody's lock.
    pub async fn until_blocked(&self, count: i64) {
        let blocked = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while self.count(blocked).await < count {}
    }

    /// The one number that `sql` answers with.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The strings that `sql` answers with.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Opens a chat that the bot leads.
    pub async fn begin_chat(&self, conversation: ConversationId) -> ChatId {
        let mut tx = self.begin().await;
        let desk = desk::open(&mut tx, &self.ring, conversation).await.expect("the conversation is read");
        let desk = desk.expect("there is such a conversation");
        let id = ChatId::new(at(1));
        let chat = Chat { status: ChatStatus::Bot, ..Chat::new(id, conversation, None, at(1)) };
        let changes = Changes { open_chat: Some(Some(id)), chats: vec![chat], ..Changes::default() };
        desk::save(&mut tx, &desk, &changes, at(1)).await.expect("the chat begins");
        tx.commit().await.expect("it is committed");
        id
    }

    /// Prepares messages of the bot, in this order; gives their ids.
    pub async fn prepare(&self, conversation: ConversationId, texts: &[&str]) -> Vec<MessageId> {
        let mut tx = self.begin().await;
        let opened = desk::open(&mut tx, &self.ring, conversation).await.expect("the conversation is read");
        let mut desk = opened.expect("there is such a conversation");
        let mut changes = Changes::default();
        for text in texts {
            desk.last_seq += 1;
            let (message, seq) = (MessageId::new(at(1)), desk.last_seq);
            let data = json!({"messageId": message});
            changes.events.push(Happened { seq, chat: None, kind: EventKind::MessagePrepared, data });
            changes.sends.push(NewSend {
                message,
                chat: None,
                seq,
                author: Author::Bot,
                content: Content::Text { text: (*text).to_owned() },
                token: None,
                at: at(1),
            });
        }
        desk::save(&mut tx, &desk, &changes, at(1)).await.expect("they are prepared");
        tx.commit().await.expect("they are committed");
        changes.sends.iter().map(|send| send.message).collect()
    }

    /// The tables that hold a word in plain, wherever in a row, byte columns included.
    pub async fn tables_with(&self, word: &str) -> Vec<String> {
        let tables = self
            .texts(
                "select table_name::text from information_schema.tables
                 where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
            )
            .await;
        let mut found = Vec::new();
        for table in tables {
            let sql = format!(
                "select exists (select 1 from {table} t where position($1 in t::text) > 0
                                or position(encode(convert_to($1, 'UTF8'), 'hex') in t::text) > 0)"
            );
            let has: bool = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(word)
                .fetch_one(&self.pool)
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
            if has {
                found.push(table);
            }
        }
        found
    }

    /// Everybody has this password from now on.
    pub async fn set_passwords(&self, hash: &str) {
        let set = sqlx::query("update users set password_hash = $1").bind(hash).execute(&self.pool).await;
        set.expect("the passwords are set");
    }

    /// Does what `sql` says.
    pub async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.pool).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
