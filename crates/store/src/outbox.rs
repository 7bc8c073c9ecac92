//! What must be rung once its transaction has committed.
//!
//! A row is an event to publish, a bell to ring, or both; then the event goes first and the bell stays. A claim is a
//! lease: `leased_until` moves into the future, by the database's clock, and the transaction ends; then the relay does
//! its part and tells what became of it. A relay that dies leaves rows that are free again after the lease.
//!
//! A fresh row needs no claim: until it is due, a second after it was written, it is in its writer's hand (`tries` is 0).
//!
//! INVARIANT: only the holder of the latest claim changes a claimed row. Each claim raises `tries`, and whoever tells
//! what became of a row names the claim that it speaks of; a relay that woke after its lease changes nothing.
//!
//! INVARIANT: a bell is given up in favor of another of the same target only if that one is rung later than this one
//! was written: it is in nobody's hand, or was taken together with this one. It must also be the older of the two, so
//! that no two are given up for each other. A fresh row stands for none, for its writer may be ringing it.

use std::time::Duration;

use hilo_domain::outbox::Bell;
use uuid::Uuid;

use crate::events::Event;
use crate::{Pool, Result};

/// What stands for the claims of a row that nobody has claimed: the next, the first, is 0.
const UNCLAIMED: i32 = -1;

/// A row in somebody's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The row.
    pub id: i64,
    /// Whom to ring; `None` also for a kind that this version does not know.
    pub bell: Option<Bell>,
    /// Which event to publish.
    pub event: Option<Uuid>,
    /// How often it was claimed before; -1 of a fresh row, which is its writer's without a claim.
    pub tries: i32,
}

struct Row {
    id: i64,
    bell: Option<String>,
    target: Option<Uuid>,
    event_id: Option<Uuid>,
    tries: i32,
}

fn due(rows: Vec<Row>) -> Vec<Due> {
    let mut rows: Vec<Due> = rows
        .into_iter()
        .map(|row| Due {
            id: row.id,
            bell: row.bell.zip(row.target).and_then(|(kind, target)| Bell::from_parts(&kind, target)),
            event: row.event_id,
            tries: row.tries,
        })
        .collect();
    rows.sort_by_key(|row| row.id);
    rows
}

/// What this process has just written, with the events, while it is in its writer's hand; rows that another relay has
/// taken meanwhile are left to it. Nothing is written: a row is its writer's from birth until it is due.
///
/// # Errors
/// When Postgres is away.
pub async fn fresh(pool: &Pool, ids: &[i64]) -> Result<(Vec<Due>, Vec<Event>)> {
    let rows = sqlx::query!(
        r#"select o.id, o.bell, o.target, o.event_id, e.id as "known?", e.conversation_id, e.seq, e.chat_id,
                  e.kind as "kind?", e.data as "data?", e.at as "at?"
           from outbox o left join events e on e.id = o.event_id
           where o.id = any($1) and o.tries = 0 and o.due_at > clock_timestamp()
           order by e.conversation_id, e.seq, o.id"#,
        ids,
    )
    .fetch_all(pool)
    .await?;
    let (mut fresh, mut events) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let (conversation, seq, chat) = (row.conversation_id.map(Into::into), row.seq, row.chat_id.map(Into::into));
        if let (Some(id), Some(kind), Some(data), Some(at)) = (row.known, row.kind, row.data, row.at) {
            events.push(Event { id: id.into(), conversation, seq, chat, kind, data, at });
        }
        fresh.push(Row { id: row.id, bell: row.bell, target: row.target, event_id: row.event_id, tries: UNCLAIMED });
    }
    Ok((due(fresh), events))
}

/// Claims up to `limit` rows whose event is due, those first that are due the longest; no two relays get the same one.
///
/// # Errors
/// When Postgres is away.
pub async fn claim_events(pool: &Pool, limit: i64, lease: Duration) -> Result<Vec<Due>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with due as (
            select id from outbox
            where event_id is not null and due_at <= clock_timestamp()
              and (leased_until is null or leased_until <= clock_timestamp())
            order by due_at, id limit $1 for update skip locked
        )
        update outbox o set leased_until = clock_timestamp() + $2::interval, tries = o.tries + 1
        from due where o.id = due.id
        returning o.id, o.bell, o.target, o.event_id, o.tries - 1 as "tries!""#,
        limit,
        interval(lease) as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(due(rows))
}

/// Claims up to `limit` rows whose bell is due and whose event, if there was one, is out; and, since one ring serves
/// them all, the other rows that wait for the same bell. Placeholders are not among them.
///
/// # Errors
/// When Postgres is away.
pub async fn claim_bells(pool: &Pool, limit: i64, lease: Duration) -> Result<Vec<Due>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with due as (
            select id, bell, target from outbox
            where event_id is null and bell <> 'ghost' and due_at <= clock_timestamp()
              and (leased_until is null or leased_until <= clock_timestamp())
            order by due_at, id limit $1 for update skip locked
        ), alike as (
            select o.id from outbox o join due d on d.target = o.target and d.bell = o.bell
            where o.event_id is null and (o.leased_until is null or o.leased_until <= clock_timestamp())
            for update of o skip locked
        )
        update outbox o set leased_until = clock_timestamp() + $2::interval, tries = o.tries + 1
        where o.id in (select id from due union select id from alike)
        returning o.id, o.bell, o.target, o.event_id, o.tries - 1 as "tries!""#,
        limit,
        interval(lease) as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(due(rows))
}

/// Claims up to `limit` placeholders that have waited long enough for their real message.
///
/// # Errors
/// When Postgres is away.
pub async fn claim_ghosts(pool: &Pool, limit: i64, lease: Duration) -> Result<Vec<Due>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with due as (
            select id from outbox
            where bell = 'ghost' and due_at <= clock_timestamp()
              and (leased_until is null or leased_until <= clock_timestamp())
            order by due_at, id limit $1 for update skip locked
        )
        update outbox o set leased_until = clock_timestamp() + $2::interval, tries = o.tries + 1
        from due where o.id = due.id
        returning o.id, o.bell, o.target, o.event_id, o.tries - 1 as "tries!""#,
        limit,
        interval(lease) as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(due(rows))
}

/// These rows' events are out (or they had none): what is left is to be rung at once, and goes if another row that is
/// about to be rung stands for it. Returns how many rows were still in the caller's hand.
///
/// # Errors
/// When Postgres is away; the rows are then free after their lease, and published twice, which screens notice by the id.
pub async fn published(pool: &Pool, rows: &[Due]) -> Result<u64> {
    let (ids, tries) = claims(rows);
    let told = sqlx::query_scalar!(
        r#"with told as (
            select o.id, o.tries, o.bell is null or exists (
                select 1 from outbox e
                where e.target = o.target and e.bell = o.bell and e.id < o.id
                  and (e.id = any($1) or e.tries > 0 and e.leased_until is null and e.due_at <= clock_timestamp())
            ) as moot
            from unnest($1::bigint[], $2::integer[]) as t (id, tries)
            join outbox o on o.id = t.id and o.tries = t.tries + 1
        ), gone as (
            delete from outbox o using told t where o.id = t.id and o.tries = t.tries and t.moot returning o.id
        ), left_over as (
            update outbox o
            set event_id = null, leased_until = null, due_at = o.created_at, tries = greatest(o.tries, 1)
            from told t where o.id = t.id and o.tries = t.tries and not t.moot returning o.id
        )
        select (select count(*) from gone) + (select count(*) from left_over) as "told!""#,
        &ids,
        &tries,
    )
    .fetch_one(pool)
    .await?;
    Ok(told.unsigned_abs())
}

/// These rows' events could not be published: each is tried again after its pause. The bells do not wait for that;
/// each gets a row of its own, unless one that is in nobody's hand stands for it. Returns as [`published`] does.
///
/// # Errors
/// When Postgres is away; the rows are then free after their lease.
pub async fn unpublished(pool: &Pool, rows: &[(Due, Duration)]) -> Result<u64> {
    let (ids, tries, pauses) = postponed(rows);
    let told = sqlx::query_scalar!(
        r#"with told as (
            select o.id, o.tries, o.bell, o.target, o.at, o.created_at, t.pause
            from unnest($1::bigint[], $2::integer[], $3::float8[]) as t (id, tries, pause)
            join outbox o on o.id = t.id and o.tries = t.tries + 1
        ), apart as (
            insert into outbox (bell, target, at, created_at, due_at, tries)
            select t.bell, t.target, min(t.at), min(t.created_at), min(t.created_at), 1 from told t
            where t.bell is not null and not exists (
                select 1 from outbox e
                where e.target = t.target and e.bell = t.bell
                  and e.tries > 0 and e.leased_until is null and e.due_at <= clock_timestamp()
            )
            group by t.bell, t.target order by min(t.id)
        ), again as (
            update outbox o set bell = null, target = null, leased_until = null, tries = greatest(o.tries, 1),
                due_at = clock_timestamp() + make_interval(secs => t.pause)
            from told t where o.id = t.id and o.tries = t.tries returning o.id
        )
        select count(*) as "told!" from again"#,
        &ids,
        &tries,
        &pauses,
    )
    .fetch_one(pool)
    .await?;
    Ok(told.unsigned_abs())
}

/// These rows' bells were heard, and their events are out: the rows go. Returns as [`published`] does.
///
/// # Errors
/// When Postgres is away; the rows are then free after their lease, and rung twice, which is harmless.
pub async fn heard(pool: &Pool, rows: &[Due]) -> Result<u64> {
    let (ids, tries) = claims(rows);
    let gone = sqlx::query!(
        "delete from outbox o using unnest($1::bigint[], $2::integer[]) as t (id, tries)
         where o.id = t.id and o.tries = t.tries + 1",
        &ids,
        &tries,
    )
    .execute(pool)
    .await?;
    Ok(gone.rows_affected())
}

/// These rows' bells were not heard, and their events are out: one row a bell is tried again after its pause, the others go. Returns as
/// [`published`] does.
///
/// # Errors
/// When Postgres is away; the rows are then free after their lease.
pub async fn unheard(pool: &Pool, rows: &[(Due, Duration)]) -> Result<u64> {
    let (ids, tries, pauses) = postponed(rows);
    let told = sqlx::query_scalar!(
        r#"with told as (
            select o.id, o.tries, t.pause, exists (
                select 1 from outbox e
                where e.target = o.target and e.bell = o.bell and e.id < o.id
                  and (e.id = any($1) or e.tries > 0 and e.leased_until is null)
            ) as moot
            from unnest($1::bigint[], $2::integer[], $3::float8[]) as t (id, tries, pause)
            join outbox o on o.id = t.id and o.tries = t.tries + 1
        ), gone as (
            delete from outbox o using told t where o.id = t.id and o.tries = t.tries and t.moot returning o.id
        ), again as (
            update outbox o set event_id = null, leased_until = null, tries = greatest(o.tries, 1),
                due_at = clock_timestamp() + make_interval(secs => t.pause)
            from told t where o.id = t.id and o.tries = t.tries and not t.moot returning o.id
        )
        select (select count(*) from gone) + (select count(*) from again) as "told!""#,
        &ids,
        &tries,
        &pauses,
    )
    .fetch_one(pool)
    .await?;
    Ok(told.unsigned_abs())
}

fn claims(rows: &[Due]) -> (Vec<i64>, Vec<i32>) {
    rows.iter().map(|row| (row.id, row.tries)).unzip()
}

fn postponed(rows: &[(Due, Duration)]) -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let (ids, tries) = rows.iter().map(|(row, _)| (row.id, row.tries)).unzip();
    (ids, tries, rows.iter().map(|(_, pause)| pause.as_secs_f64()).collect())
}

/// So many rows are hastened in one statement; none may take longer than a statement may.
const HASTENED: i64 = 5_000;

/// Makes every postponed event due, as since it was written: the stream is back. What somebody has in hand stays.
///
/// # Errors
/// When Postgres is away.
pub async fn hasten_events(pool: &Pool) -> Result<u64> {
    let mut all = 0;
    loop {
        let some = sqlx::query!(
            "update outbox set due_at = created_at where id in (
                select id from outbox
                where event_id is not null and tries > 0 and due_at <> created_at and leased_until is null
                limit $1 for update skip locked)",
            HASTENED,
        )
        .execute(pool)
        .await?
        .rows_affected();
        all += some;
        if some < HASTENED.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// Makes every postponed bell due, as since it was written: Temporal is back, and who has waited the longest is rung
/// first. What somebody has in hand stays; placeholders keep their time.
///
/// # Errors
/// When Postgres is away.
pub async fn hasten_bells(pool: &Pool) -> Result<u64> {
    let mut all = 0;
    loop {
        let some = sqlx::query!(
            "update outbox set due_at = created_at where id in (
                select id from outbox
                where event_id is null and bell <> 'ghost' and tries > 0 and due_at <> created_at
                  and leased_until is null
                limit $1 for update skip locked)",
            HASTENED,
        )
        .execute(pool)
        .await?
        .rows_affected();
        all += some;
        if some < HASTENED.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// How many rows wait, and since how many seconds the oldest, for metrics and readiness. A placeholder that still has
/// time waits for its real message, not for us, and does not count as old.
///
/// # Errors
/// When Postgres is away.
pub async fn backlog(pool: &Pool) -> Result<(i64, f64)> {
    let row = sqlx::query!(
        r#"select count(*) as "rows!",
                  coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (
                      where bell is distinct from 'ghost' or tries > 0 or due_at <= clock_timestamp()
                  )), 0)::float8 as "age!"
           from outbox"#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.rows, row.age.max(0.0)))
}

pub(crate) fn interval(duration: Duration) -> sqlx::postgres::types::PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}
