//! Elements for numbers that are not ours, or not of the app whose secret signed them: kept, assigned to nobody.

use chrono::{DateTime, Utc};
use hilo_domain::id::uuid_at;
use sha2::{Digest, Sha256};

use crate::seal::Keyring;
use crate::{Result, Tx};

const BODY: &str = "quarantine.body";

/// An element to set aside.
#[derive(Debug)]
pub struct NewQuarantined<'a> {
    /// The number that it names.
    pub phone_number_id: Option<&'a str>,
    /// The account that it names.
    pub waba_id: Option<&'a str>,
    /// The provider's name of the news.
    pub field: &'a str,
    /// Why it is here, for people.
    pub reason: &'a str,
    /// The bytes.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Sets an element aside; the same one, delivered again, is kept once. Returns whether it is new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, element: &NewQuarantined<'_>) -> Result<bool> {
    let digest = Sha256::digest(element.body).to_vec();
    let inserted = sqlx::query!(
        "insert into quarantine (id, digest, phone_number_id, waba_id, field, reason, body, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (digest) do nothing",
        uuid_at(element.at),
        digest,
        element.phone_number_id,
        element.waba_id,
        element.field,
        element.reason,
        ring.seal(BODY, element.body)?,
        element.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}
