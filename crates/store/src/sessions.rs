//! Who is logged in: sessions, and the refresh tokens that keep them going.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::id::{CampaignId, UserId};
use hilo_domain::permission::Role;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Error, Pool, Result, Tx};

/// A refresh token that is not used for so long is worth nothing.
pub const LIFE: TimeDelta = TimeDelta::days(30);

/// From where and with what somebody logs in.
#[derive(Debug, Clone, Default)]
pub struct Origin<'a> {
    /// The address.
    pub ip: Option<&'a str>,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
}

/// Whoever has a session, as they stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// As colleagues see them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language of their screens.
    pub locale: String,
    /// The campaigns that they serve or supervise.
    pub campaigns: Vec<CampaignId>,
}

/// Begins a session; gives its id and its first refresh token.
///
/// # Errors
/// When Postgres refuses, or the system has no randomness to give.
pub async fn begin(tx: &mut Tx, user: UserId, origin: &Origin<'_>, now: DateTime<Utc>) -> Result<(Uuid, SecretString)> {
    let id = hilo_domain::id::uuid_at(now);
    sqlx::query!(
        "insert into sessions (id, user_id, ip, user_agent, created_at, seen_at) values ($1, $2, $3, $4, $5, $5)",
        id,
        user.0,
        origin.ip,
        origin.user_agent,
        now,
    )
    .execute(&mut **tx)
    .await?;
    let token = issue(tx, id, now).await?;
    Ok((id, token))
}

async fn issue(tx: &mut Tx, session: Uuid, now: DateTime<Utc>) -> Result<SecretString> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Error::Sealed { place: "refresh_tokens.digest" })?;
    let token = SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
    sqlx::query!(
        "insert into refresh_tokens (digest, session_id, issued_at, expires_at) values ($1, $2, $3, $4)",
        digest(&token),
        session,
        now,
        now + LIFE,
    )
    .execute(&mut **tx)
    .await?;
    Ok(token)
}

fn digest(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

/// What became of a refresh token.
#[derive(Debug)]
pub enum Turned {
    /// It was good; here is the next one.
    Fresh {
        /// Whose session it is.
        user: UserId,
        /// Which session.
        session: Uuid,
        /// The next token.
        token: SecretString,
    },
    /// It is none of ours, too old, or of a session that is over.
    Worthless,
    /// It was used before: somebody else has it, and its session is over now.
    Stolen {
        /// Whose session it was.
        user: UserId,
        /// Which session.
        session: Uuid,
    },
}

/// Turns a refresh token into the next one. A token that comes twice ends its session; commit in either case.
///
/// # Errors
/// When Postgres refuses.
pub async fn turn(tx: &mut Tx, token: &SecretString, now: DateTime<Utc>) -> Result<Turned> {
    let row = sqlx::query!(
        r#"select s.id, s.user_id, s.ended_at, r.used_at, r.expires_at
           from refresh_tokens r join sessions s on s.id = r.session_id where r.digest = $1 for update of s"#,
        digest(token)
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row.filter(|row| row.ended_at.is_none()) else { return Ok(Turned::Worthless) };
    // Only now: a statement that waited for the lock has read the token as it was before.
    let used = sqlx::query_scalar!(
        r#"with now as (
            update refresh_tokens set used_at = $2 where digest = $1 and used_at is null returning 1 as one
        ) select count(*) as "n!" from now"#,
        digest(token),
        now
    )
    .fetch_one(&mut **tx)
    .await?;
    let (user, session) = (UserId(row.user_id), row.id);
    if used == 0 {
        end(tx, session, "refresh token used twice", now).await?;
        return Ok(Turned::Stolen { user, session });
    }
    if row.expires_at <= now {
        return Ok(Turned::Worthless);
    }
    // What was used long ago can betray nobody any more.
    sqlx::query!(
        "with old as (delete from refresh_tokens where session_id = $1 and expires_at < $2)
         update sessions set seen_at = $2 where id = $1",
        session,
        now
    )
    .execute(&mut **tx)
    .await?;
    let token = issue(tx, session, now).await?;
    Ok(Turned::Fresh { user, session, token })
}

/// Ends a session, for good.
///
/// # Errors
/// When Postgres refuses.
pub async fn end(tx: &mut Tx, session: Uuid, reason: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update sessions set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        session,
        now,
        reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whoever has a session that is not over; `None` for every other.
///
/// # Errors
/// When Postgres is away, or a role cannot be read.
pub async fn holder(pool: &Pool, session: Uuid, user: UserId) -> Result<Option<Holder>> {
    let row = sqlx::query!(
        r#"select u.name, u.role, u.locale,
                  array(select campaign_id from campaign_agents where user_id = u.id
                        union select campaign_id from campaign_supervisors where user_id = u.id) as "campaigns!"
           from sessions s join users u on u.id = s.user_id
           where s.id = $1 and s.user_id = $2 and s.ended_at is null"#,
        session,
        user.0,
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Holder {
            name: row.name,
            role: Role::from_name(&row.role).ok_or(Error::inconsistent("users", "role", user.0))?,
            locale: row.locale,
            campaigns: row.campaigns.into_iter().map(Into::into).collect(),
        })
    })
    .transpose()
}

/// Which of these sessions are over.
///
/// # Errors
/// When Postgres is away.
pub async fn over(pool: &Pool, sessions: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select id from sessions where id = any($1) and ended_at is not null", sessions)
        .fetch_all(pool)
        .await?)
}

/// What a log-in needs to know about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user: UserId,
    /// The password's hash, as a PHC string.
    pub password_hash: String,
}

/// The account of an address, in lower case.
///
/// # Errors
/// When Postgres is away.
pub async fn account(pool: &Pool, email: &str) -> Result<Option<Account>> {
    let row = sqlx::query!("select id, password_hash from users where email = $1", email).fetch_optional(pool).await?;
    Ok(row.map(|row| Account { user: row.id.into(), password_hash: row.password_hash }))
}
