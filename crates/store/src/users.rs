//! Who logs in.

use chrono::{DateTime, Utc};
use hilo_domain::id::UserId;
use hilo_domain::permission::Role;

use crate::{Result, Tx};

/// A person to let in.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// In lower case; unique.
    pub email: &'a str,
    /// As colleagues and clients see it.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// The password's hash, as a PHC string.
    pub password_hash: &'a str,
}

/// Lets a person in, unless one with this address is known; nothing of a known one is changed. Gives a new one's id.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_if_absent(tx: &mut Tx, user: &NewUser<'_>, now: DateTime<Utc>) -> Result<Option<UserId>> {
    let id = sqlx::query_scalar!(
        "insert into users (id, email, name, role, password_hash, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (email) do nothing returning id",
        UserId::new(now).0,
        user.email,
        user.name,
        user.role.as_str(),
        user.password_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(Into::into))
}

/// Whether a person with this address is known.
///
/// # Errors
/// When Postgres is away.
pub async fn exists(tx: &mut Tx, email: &str) -> Result<bool> {
    let found = sqlx::query_scalar!(r#"select exists (select 1 from users where email = $1) as "is!""#, email)
        .fetch_one(&mut **tx)
        .await?;
    Ok(found)
}
