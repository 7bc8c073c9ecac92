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
    /// The number that it names.
    pub phone_number_id: Option<&'a str>,
    /// The account that it names.
    pub waba_id: Option<&'a str>,
    /// The provider's name of the news.
    pub field: &'a str,
    /// Why it could not be read or stored, for people.
    pub reason: &'a str,
    /// The bytes that came.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Keeps elements; the same one for the same number at the same place, delivered again, is kept once. Returns how many
/// are new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, letters: &[NewDeadLetter<'_>]) -> Result<u64> {
    if letters.is_empty() {
        return Ok(0);
    }
    let digest = |l: &NewDeadLetter<'_>| digest(&[l.pointer, l.phone_number_id.unwrap_or_default()], l.body);
    let bodies = letters.iter().map(|letter| ring.seal(BODY, letter.body)).collect::<Result<Vec<_>>>()?;
    let inserted = sqlx::query!(
        "insert into dead_letters (id, digest, source, pointer, phone_number_id, waba_id, field, reason, body, at)
         select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                              $8::text[], $9::bytea[], $10::timestamptz[])
         on conflict (digest) do nothing",
        &letters.iter().map(|l| uuid_at(l.at)).collect::<Vec<_>>(),
        &letters.iter().map(digest).collect::<Vec<_>>(),
        &letters.iter().map(|l| l.source).collect::<Vec<_>>() as &[&str],
        &letters.iter().map(|l| l.pointer).collect::<Vec<_>>() as &[&str],
        &letters.iter().map(|l| l.phone_number_id).collect::<Vec<_>>() as &[Option<&str>],
        &letters.iter().map(|l| l.waba_id).collect::<Vec<_>>() as &[Option<&str>],
        &letters.iter().map(|l| l.field).collect::<Vec<_>>() as &[&str],
        &letters.iter().map(|l| l.reason).collect::<Vec<_>>() as &[&str],
        &bodies,
        &letters.iter().map(|l| l.at).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

/// What tells an element from another: where it stood, whose it was, and its bytes.
pub(crate) fn digest(place: &[&str], body: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in place {
        // The length keeps neighbours apart.
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    digest.update(body);
    digest.finalize().to_vec()
}

/// A kept element.
#[derive(Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where in the body it stood.
    pub pointer: String,
    /// The number that it names.
    pub phone_number_id: Option<String>,
    /// The account that it names.
    pub waba_id: Option<String>,
    /// The provider's name of the news.
    pub field: String,
    /// Why it is here.
    pub reason: String,
    /// The bytes that came.
    pub body: Vec<u8>,
}

/// The newest kept elements; `limit` at most (200 in any case).
///
/// # Errors
/// When Postgres is away, or one does not open.
pub async fn newest(pool: &Pool, ring: &Keyring, limit: i64) -> Result<Vec<DeadLetter>> {
    let rows = sqlx::query!(
        "select pointer, phone_number_id, waba_id, field, reason, body from dead_letters
         order by at desc, id desc limit least($1::bigint, 200)",
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(DeadLetter {
                pointer: row.pointer,
                phone_number_id: row.phone_number_id,
                waba_id: row.waba_id,
                field: row.field,
                reason: row.reason,
                body: ring.open(BODY, &row.body)?,
            })
        })
        .collect()
}
