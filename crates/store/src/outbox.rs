//! What must be rung once its transaction has committed.
//!
//! A claim is a lease: the row's `due_at` moves into the future, by the database's clock, and the transaction ends;
//! then the relay rings and tells what became of it. A relay that dies leaves rows that are due again after the lease.

use std::time::Duration;

use hilo_domain::outbox::Bell;
use uuid::Uuid;

use crate::{Pool, Result};

/// A claimed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The row.
    pub id: i64,
    /// Whom to ring.
    pub bell: Option<Bell>,
    /// Which event to publish.
    pub event: Option<Uuid>,
    /// How often it was claimed before.
    pub tries: i32,
}

/// Claims up to `limit` rows that are due, oldest first; no two relays get the same one.
///
/// # Errors
/// When Postgres is away.
pub async fn claim_due(pool: &Pool, limit: i64, lease: Duration) -> Result<Vec<Due>> {
    let rows = sqlx::query!(
        r#"with due as (
            select id from outbox where due_at <= clock_timestamp() order by due_at limit $1 for update skip locked
        )
        update outbox o set due_at = clock_timestamp() + $2::interval, tries = o.tries + 1
        from due where o.id = due.id
        returning o.id, o.bell, o.target, o.event_id, o.tries - 1 as "tries!""#,
        limit,
        interval(lease) as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(sorted(rows.into_iter().map(|r| due(r.id, r.bell, r.target, r.event_id, r.tries)).collect()))
}

/// Claims these rows, which this process has just written, before they are due; rows that another relay has taken
/// meanwhile are left to it.
///
/// # Errors
/// When Postgres is away.
pub async fn claim(pool: &Pool, ids: &[i64], lease: Duration) -> Result<Vec<Due>> {
    let rows = sqlx::query!(
        r#"with mine as (
            select id from outbox where id = any($1) and tries = 0 order by id for update skip locked
        )
        update outbox o set due_at = clock_timestamp() + $2::interval, tries = o.tries + 1
        from mine where o.id = mine.id
        returning o.id, o.bell, o.target, o.event_id, o.tries - 1 as "tries!""#,
        ids,
        interval(lease) as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(sorted(rows.into_iter().map(|r| due(r.id, r.bell, r.target, r.event_id, r.tries)).collect()))
}

fn due(id: i64, bell: Option<String>, target: Option<Uuid>, event: Option<Uuid>, tries: i32) -> Due {
    Due { id, bell: bell.zip(target).and_then(|(kind, target)| Bell::from_parts(&kind, target)), event, tries }
}

fn sorted(mut rows: Vec<Due>) -> Vec<Due> {
    rows.sort_by_key(|row| row.id);
    rows
}

/// What became of claimed rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// Everybody has heard: the rows go.
    pub done: Vec<i64>,
    /// The workflow has heard, the stream has not.
    pub only_event_left: Vec<i64>,
    /// The stream has heard, the workflow has not.
    pub only_bell_left: Vec<i64>,
    /// Rows that are tried again, each after its pause; also the half-done ones.
    pub again: Vec<(i64, Duration)>,
}

/// Records what became of claimed rows, in one statement.
///
/// # Errors
/// When Postgres is away; the rows are then due again after their lease, and rung twice, which is harmless.
pub async fn record(pool: &Pool, rung: &Rung) -> Result<()> {
    let (again, pauses): (Vec<i64>, Vec<f64>) = rung.again.iter().map(|(id, pause)| (*id, pause.as_secs_f64())).unzip();
    sqlx::query!(
        "with gone as (delete from outbox where id = any($1))
         update outbox o set
             bell = case when o.id = any($2) then null else o.bell end,
             target = case when o.id = any($2) then null else o.target end,
             event_id = case when o.id = any($3) then null else o.event_id end,
             due_at = clock_timestamp() + make_interval(secs => a.pause)
         from unnest($4::bigint[], $5::float8[]) as a (id, pause)
         where o.id = a.id",
        &rung.done,
        &rung.only_event_left,
        &rung.only_bell_left,
        &again,
        &pauses,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Makes every postponed row due now: who was away is back.
///
/// # Errors
/// When Postgres is away.
pub async fn hasten(pool: &Pool) -> Result<()> {
    sqlx::query!(
        "update outbox set due_at = clock_timestamp()
         where id in (select id from outbox where tries > 0 and bell is distinct from 'ghost' order by id for update skip locked)"
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// How many rows wait, and since how many seconds the oldest, for metrics and readiness.
///
/// # Errors
/// When Postgres is away.
pub async fn backlog(pool: &Pool) -> Result<(i64, f64)> {
    let row = sqlx::query!(
        r#"select count(*) as "rows!",
                  coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::float8 as "age!" from outbox"#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.rows, row.age.max(0.0)))
}

fn interval(duration: Duration) -> sqlx::postgres::types::PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}
