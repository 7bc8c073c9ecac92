//! Messages of ours on their way out (`turns.md` 13–17): claimed by compare and set just before the socket is written,
//! recorded with what the provider said.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hilo_domain::id::{ConversationId, MessageId};
use hilo_domain::message::Content;
use hilo_domain::receipt::MessageStatus;
use hilo_domain::timer::Timer;
use serde_json::{Value, json};

use crate::desk::{self, Changes, Entry};
use crate::seal::Keyring;
use crate::{Error, Pool, Result, Tx, conversations, messages};

/// An uncertain send is waited for so long before what comes after it goes on.
pub const UNCERTAIN_WAITS: Duration = Duration::from_secs(60);

/// A send that this performer may carry out.
#[derive(Debug)]
pub struct Claimed {
    /// The message.
    pub message: MessageId,
    /// Which attempt.
    pub attempt: i32,
    /// Refusals that asked to be tried again.
    pub refusals: i32,
    /// What it says.
    pub content: Content,
    /// To whom, verbatim.
    pub address: Option<String>,
    /// Whether others wait behind it.
    pub more: bool,
}

/// What the lowest open send asks for.
#[derive(Debug)]
pub enum Next {
    /// Nothing is open.
    Nothing,
    /// It is ours to send.
    Send(Box<Claimed>),
    /// It waits: for its time, for another performer, for a receipt.
    Wait(Duration),
    /// Something about it has been settled; look again.
    Again,
}

/// Takes the lowest open send of a conversation, if it may go out now; `lease` is how long the provider may take.
///
/// # Errors
/// When Postgres is away, or the text does not open.
pub async fn claim(
    pool: &Pool,
    ring: &Keyring,
    conversation: ConversationId,
    worker: &str,
    lease: Duration,
    now: DateTime<Utc>,
) -> Result<Next> {
    let claimed = sqlx::query!(
        r#"with lowest as (
            select message_id from sends where conversation_id = $1
              and (state in ('prepared', 'attempted') or (state = 'uncertain' and not passed))
            order by n limit 1
        ), mine as (
            update sends s set state = 'attempted', worker = $2,
                lease_until = clock_timestamp() + make_interval(secs => $3)
            from lowest l where s.message_id = l.message_id and s.state = 'prepared'
              and (s.not_before is null or s.not_before <= clock_timestamp())
              and not exists (select 1 from receipts r where r.message_id = s.message_id
                              and r.receipt in ('sent', 'delivered', 'read', 'played'))
              -- A turn decides first what becomes of the rest when nobody knows about the one before.
              and not exists (select 1 from inputs i where i.conversation_id = $1 and i.consumed_at is null
                              and i.kind = 'uncertain_send')
            returning s.message_id, s.attempt, s.refusals
        )
        select m.id, i.attempt, i.refusals, m.body, c.address, k.id as key_id, k.sealed,
               exists (select 1 from sends o where o.conversation_id = $1 and o.state = 'prepared'
                       and o.message_id <> i.message_id) as "more!"
        from mine i join messages m on m.id = i.message_id join conversations c on c.id = m.conversation_id
        join content_keys k on k.id = c.key_id"#,
        conversation.0,
        worker,
        lease.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    if let Some(row) = claimed {
        let key = ring.content_key(row.key_id.into(), &row.sealed)?;
        return Ok(Next::Send(Box::new(Claimed {
            message: row.id.into(),
            attempt: row.attempt,
            refusals: row.refusals,
            content: messages::open_content(&key, &row.body, row.id)?,
            address: row.address,
            more: row.more,
        })));
    }
    obstacle(pool, ring, conversation, now).await
}

/// Why nothing could be claimed; what can be settled is.
async fn obstacle(pool: &Pool, ring: &Keyring, conversation: ConversationId, now: DateTime<Utc>) -> Result<Next> {
    let Some(row) = sqlx::query!(
        r#"select s.message_id, s.state, s.attempt,
                  extract(epoch from s.not_before - clock_timestamp())::float8 as not_before,
                  extract(epoch from s.lease_until - clock_timestamp())::float8 as lease,
                  extract(epoch from clock_timestamp() - s.uncertain_at)::float8 as uncertain, m.status as "status!"
           from sends s join messages m on m.id = s.message_id
           where s.conversation_id = $1
             and (s.state in ('prepared', 'attempted') or (s.state = 'uncertain' and not s.passed))
           order by s.n limit 1"#,
        conversation.0,
    )
    .fetch_optional(pool)
    .await?
    else {
        return Ok(Next::Nothing);
    };
    let message = MessageId::from(row.message_id);
    // A receipt has said what became of it, whichever attempt it was.
    let arrived = matches!(row.status.as_str(), "sent" | "delivered" | "read");
    match row.state.as_str() {
        "prepared" | "uncertain" if arrived => {
            settle(pool, ring, conversation, message, row.attempt, &Outcome::Arrived, now).await
        }
        "uncertain" if row.status == "failed" => {
            settle(pool, ring, conversation, message, row.attempt, &Outcome::KnownToHaveFailed, now).await
        }
        "prepared" => Ok(Next::Wait(seconds(row.not_before))),
        "attempted" if row.lease.is_some_and(|lease| lease > 0.0) => {
            Ok(Next::Wait(seconds(row.lease).min(Duration::from_secs(1))))
        }
        "attempted" => {
            let outcome = Outcome::Uncertain { reason: "its performer did not come back".to_owned() };
            settle(pool, ring, conversation, message, row.attempt, &outcome, now).await
        }
        _ => {
            let left = UNCERTAIN_WAITS.as_secs_f64() - row.uncertain.unwrap_or_default();
            if left > 0.0 {
                return Ok(Next::Wait(seconds(Some(left)).min(Duration::from_secs(5))));
            }
            settle(pool, ring, conversation, message, row.attempt, &Outcome::WaitedLongEnough, now).await
        }
    }
}

async fn settle(
    pool: &Pool,
    ring: &Keyring,
    conversation: ConversationId,
    message: MessageId,
    attempt: i32,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<Next> {
    let mut tx = crate::begin(pool).await?;
    record(&mut tx, ring, conversation, message, attempt, outcome, now).await?;
    tx.commit().await?;
    Ok(Next::Again)
}

fn seconds(seconds: Option<f64>) -> Duration {
    Duration::try_from_secs_f64(seconds.unwrap_or_default().max(0.05)).unwrap_or(Duration::from_secs(1))
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The provider took it over.
    Accepted {
        /// Under which id.
        provider_id: String,
    },
    /// The provider said no, and says no again if it is asked again.
    Refused {
        /// The provider's code, and what it means.
        error: Value,
    },
    /// It was not sent; it may be tried again.
    Later {
        /// After how long.
        pause: Duration,
        /// Why.
        error: Value,
    },
    /// Nobody knows.
    Uncertain {
        /// Why.
        reason: String,
    },
    /// A receipt says that it arrived.
    Arrived,
    /// A receipt says that it failed.
    KnownToHaveFailed,
    /// Nobody knows, and it was waited for long enough.
    WaitedLongEnough,
}

/// What a record left.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Outbox rows to ring.
    pub outbox: Vec<i64>,
    /// Whether there is something to decide.
    pub news: bool,
    /// How long the send itself has to wait now.
    pub waits: Option<Duration>,
    /// What time will do, and how new that is; 0 when it was not read.
    pub timers: Vec<Timer>,
    /// See `timers`.
    pub rev: i64,
}

/// Records what became of an attempt, by compare and set on it: a late outcome of an older attempt changes nothing but
/// what it knows better. A question whose last send this was counts as accepted.
///
/// # Errors
/// When Postgres refuses.
pub async fn record(
    tx: &mut Tx,
    ring: &Keyring,
    conversation: ConversationId,
    message: MessageId,
    attempt: i32,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<Recorded> {
    let mut done = Recorded::default();
    if let Outcome::Accepted { provider_id } = outcome {
        let number = sqlx::query_scalar!("select number_id from conversations where id = $1", conversation.0)
            .fetch_one(&mut **tx)
            .await?;
        // Takes the receipt's lock, then the conversation's.
        done.outbox = messages::accepted(tx, number.into(), message, provider_id, now).await?;
    } else {
        conversations::lock(tx, conversation).await?;
    }
    let (state, from): (&str, &[&str]) = match outcome {
        Outcome::Accepted { .. } | Outcome::Arrived => ("sent", &["attempted", "uncertain", "prepared"]),
        Outcome::Refused { .. } | Outcome::KnownToHaveFailed => ("failed", &["attempted", "uncertain"]),
        Outcome::Later { .. } => ("prepared", &["attempted"]),
        Outcome::Uncertain { .. } => ("uncertain", &["attempted"]),
        Outcome::WaitedLongEnough => ("uncertain", &["uncertain"]),
    };
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let pause = if let Outcome::Later { pause, .. } = outcome { Some(pause.as_secs_f64()) } else { None };
    let changed = sqlx::query!(
        r#"update sends set state = $4,
             attempt = case when $5::float8 is null then attempt else attempt + 1 end,
             refusals = case when $5 is null then refusals else refusals + 1 end,
             not_before = case when $5 is null then not_before else clock_timestamp() + make_interval(secs => $5) end,
             uncertain_at = case when $6 then clock_timestamp() else uncertain_at end,
             passed = passed or $7,
             settled_at = case when $4 in ('sent', 'failed') then $8 else settled_at end
         where message_id = $1 and attempt = $2 and state = any($3)"#,
        message.0,
        attempt,
        &from,
        state,
        pause,
        matches!(outcome, Outcome::Uncertain { .. }),
        matches!(outcome, Outcome::WaitedLongEnough),
        now,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if changed == 0 {
        // Somebody else has recorded this attempt; if it was accepted after all, that is known now.
        if matches!(outcome, Outcome::Accepted { .. }) {
            sqlx::query!(
                "update sends set state = 'sent', settled_at = $2
                 where message_id = $1 and state in ('uncertain', 'prepared')",
                message.0,
                now
            )
            .execute(&mut **tx)
            .await?;
        }
        return Ok(done);
    }
    let mut changes = Changes::default();
    match outcome {
        Outcome::Refused { error } => {
            // Failing makes an input of it.
            done.outbox.extend(messages::own(tx, message, MessageStatus::Failed, Some(error), now).await?);
            done.news = true;
            let detail = json!({"messageId": message, "attempt": attempt, "error": error});
            changes.ledger.push(entry("send_failed", detail));
        }
        Outcome::Uncertain { reason } => {
            done.outbox.extend(messages::own(tx, message, MessageStatus::Uncertain, None, now).await?);
            let detail = json!({"messageId": message, "attempt": attempt, "why": reason});
            changes.ledger.push(entry("send_uncertain", detail));
        }
        Outcome::Later { pause, error } => {
            done.outbox.extend(messages::tried_again(tx, message, attempt + 1, now).await?);
            let seconds = pause.as_secs_f64();
            let detail = json!({"messageId": message, "attempt": attempt, "seconds": seconds, "error": error});
            changes.ledger.push(entry("send_postponed", detail));
        }
        Outcome::WaitedLongEnough => {
            changes.ledger.push(entry("send_passed", json!({"messageId": message, "attempt": attempt})));
            ask_what_to_do(tx, conversation, message, attempt, now).await?;
            done.news = true;
        }
        Outcome::Accepted { .. } | Outcome::Arrived | Outcome::KnownToHaveFailed => {}
    }
    let Some(mut desk) = desk::open(tx, ring, conversation).await? else { return Ok(done) };
    accept_question(&mut desk, &mut changes, message, outcome, now);
    done.waits = match outcome {
        Outcome::Later { pause, .. } => Some(*pause),
        Outcome::Uncertain { .. } => Some(Duration::from_secs(1)),
        _ => None,
    };
    done.rev = desk.last_seq;
    done.timers = desk.chat.as_ref().map(|chat| chat.timers.clone()).unwrap_or_default();
    if !changes.events.is_empty() || !changes.chats.is_empty() || !changes.ledger.is_empty() {
        done.outbox.extend(desk::save(tx, &desk, &changes, now).await?);
    }
    Ok(done)
}

/// A question counts as accepted at its last send's acceptance, failure or end of uncertainty (`turns.md` 18).
fn accept_question(
    desk: &mut desk::Desk,
    changes: &mut Changes,
    message: MessageId,
    outcome: &Outcome,
    now: DateTime<Utc>,
) {
    if matches!(outcome, Outcome::Later { .. } | Outcome::Uncertain { .. }) {
        return;
    }
    let (promises, seq) = (desk.promises(), desk.last_seq);
    let Some(chat) = desk.chat.as_mut().filter(|chat| chat.question == Some(message) && chat.question_seq.is_none())
    else {
        return;
    };
    chat.accept_question(seq, now);
    chat.set_timers(&promises);
    changes.chats.push(chat.clone());
}

fn entry(kind: &str, detail: Value) -> Entry {
    Entry { kind: kind.to_owned(), detail }
}

/// Nobody knows what became of a send, and it was waited for long enough: a turn decides.
async fn ask_what_to_do(
    tx: &mut Tx,
    conversation: ConversationId,
    message: MessageId,
    attempt: i32,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into inputs (conversation_id, kind, key, message_id, at) values ($1, 'uncertain_send', $2, $3, $4)
         on conflict do nothing",
        conversation.0,
        format!("{message}:{attempt}"),
        message.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is open in a conversation, read live: whether inputs wait; the timers, and how new they are.
///
/// # Errors
/// When Postgres is away.
pub async fn left(pool: &Pool, conversation: ConversationId) -> Result<(bool, i64, Vec<Timer>)> {
    let row = sqlx::query!(
        r#"select c.last_seq, coalesce(h.timers, '[]') as "timers!",
                  exists (select 1 from inputs i where i.conversation_id = c.id and i.consumed_at is null) as "inputs!"
           from conversations c left join chats h on h.id = c.open_chat_id where c.id = $1"#,
        conversation.0
    )
    .fetch_one(pool)
    .await?;
    let timers = serde_json::from_value(row.timers);
    Ok((row.inputs, row.last_seq, timers.map_err(|_| Error::inconsistent("chats", "timers", conversation.0))?))
}

/// One send, for people and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// The message.
    pub message: MessageId,
    /// Where it stands.
    pub state: String,
    /// Which attempt.
    pub attempt: i32,
}

/// The sends of a conversation in order; 1,000 at most.
///
/// # Errors
/// When Postgres is away.
pub async fn list(pool: &Pool, conversation: ConversationId) -> Result<Vec<Send>> {
    let rows = sqlx::query!(
        "select message_id, state, attempt from sends where conversation_id = $1 order by n limit 1000",
        conversation.0
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Send { message: row.message_id.into(), state: row.state, attempt: row.attempt })
        .collect())
}
