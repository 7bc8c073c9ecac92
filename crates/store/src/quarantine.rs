//! Elements for numbers that are not ours, or not of the app whose secret signed them: kept, assigned to nobody.

use chrono::{DateTime, Utc};
use hilo_domain::id::uuid_at;

use crate::dead_letters::digest;
use crate::seal::Keyring;
use crate::{Pool, Result, Tx};

const BODY: &str = "quarantine.body";

/// An element to set aside.
#[derive(Debug)]
pub struct NewQuarantined<'a> {
    /// Where in the body it stood: a JSON pointer (RFC 6901).
    pub pointer: &'a str,
    /// The number that it names.
    pub phone_number_id: Option<&'a str>,
    /// The account that it names.
    pub waba_id: Option<&'a str>,
    /// The provider's name of the news.
    pub field: &'a str,
    /// Why it is here, for people.
    pub reason: &'a str,
    /// The bytes that came.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Sets elements aside; the same one for the same number at the same place, delivered again, is kept once. Returns how
/// many are new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, elements: &[NewQuarantined<'_>]) -> Result<u64> {
    if elements.is_empty() {
        return Ok(0);
    }
    let digest = |e: &NewQuarantined<'_>| digest(&[e.pointer, e.phone_number_id.unwrap_or_default()], e.body);
    let bodies = elements.iter().map(|element| ring.seal(BODY, element.body)).collect::<Result<Vec<_>>>()?;
    let inserted = sqlx::query!(
        "insert into quarantine (id, digest, pointer, phone_number_id, waba_id, field, reason, body, at)
         select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                              $8::bytea[], $9::timestamptz[])
         on conflict (digest) do nothing",
        &elements.iter().map(|e| uuid_at(e.at)).collect::<Vec<_>>(),
        &elements.iter().map(digest).collect::<Vec<_>>(),
        &elements.iter().map(|e| e.pointer).collect::<Vec<_>>() as &[&str],
        &elements.iter().map(|e| e.phone_number_id).collect::<Vec<_>>() as &[Option<&str>],
        &elements.iter().map(|e| e.waba_id).collect::<Vec<_>>() as &[Option<&str>],
        &elements.iter().map(|e| e.field).collect::<Vec<_>>() as &[&str],
        &elements.iter().map(|e| e.reason).collect::<Vec<_>>() as &[&str],
        &bodies,
        &elements.iter().map(|e| e.at).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

/// A quarantined element.
#[derive(Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where in the body it stood.
    pub pointer: String,
    /// The number that it names.
    pub phone_number_id: Option<String>,
    /// Why it is here.
    pub reason: String,
    /// The bytes that came.
    pub body: Vec<u8>,
}

/// The newest quarantined elements; `limit` at most (200 in any case).
///
/// # Errors
/// When Postgres is away, or one does not open.
pub async fn newest(pool: &Pool, ring: &Keyring, limit: i64) -> Result<Vec<Quarantined>> {
    let rows = sqlx::query!(
        "select pointer, phone_number_id, reason, body from quarantine
         order by at desc, id desc limit least($1::bigint, 200)",
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Quarantined {
                pointer: row.pointer,
                phone_number_id: row.phone_number_id,
                reason: row.reason,
                body: ring.open(BODY, &row.body)?,
            })
        })
        .collect()
}
