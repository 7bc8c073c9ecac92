//! Elements that were signed but could not be read or stored: kept, sealed, for a person to look at.

use chrono::{DateTime, Utc};
use hilo_domain::id::uuid_at;
use sha2::{Digest, Sha256};

use crate::seal::Keyring;
use crate::{Pool, Result, Tx};

const BODY: &str = "dead_letters.body";

/// An element to keep.
#[derive(Debug)]
pub struct NewDeadLetter<'a> {
    /// Where it came in (`meta`).
    pub source: &'a str,
    /// Where in the body it stood: a JSON pointer (RFC 6901).
    pub pointer: &'a str,
    /// Why it could not be read or stored, for people.
    pub reason: &'a str,
    /// The bytes.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Keeps an element; the same one, delivered again, is kept once. Returns whether it is new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, letter: &NewDeadLetter<'_>) -> Result<bool> {
    let digest = Sha256::digest(letter.body).to_vec();
    let inserted = sqlx::query!(
        "insert into dead_letters (id, digest, source, pointer, reason, body, at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (digest) do nothing",
        uuid_at(letter.at),
        digest,
        letter.source,
        letter.pointer,
        letter.reason,
        ring.seal(BODY, letter.body)?,
        letter.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// A kept element.
#[derive(Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where in the body it stood.
    pub pointer: String,
    /// Why it is here.
    pub reason: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// The newest kept elements; `limit` at most (200 in any case).
///
/// # Errors
/// When Postgres is away, or one does not open.
pub async fn newest(pool: &Pool, ring: &Keyring, limit: i64) -> Result<Vec<DeadLetter>> {
    let rows = sqlx::query!(
        "select pointer, reason, body from dead_letters order by at desc, id desc limit least($1::bigint, 200)",
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| Ok(DeadLetter { pointer: row.pointer, reason: row.reason, body: ring.open(BODY, &row.body)? }))
        .collect()
}
