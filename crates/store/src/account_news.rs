//! News about an account or a number rather than a conversation: quality, templates, limits, calls.

use chrono::{DateTime, Utc};
use hilo_domain::id::{NumberId, uuid_at};
use sha2::{Digest, Sha256};

use crate::seal::Keyring;
use crate::{Result, Tx};

const BODY: &str = "account_news.body";

/// A piece of news to keep.
#[derive(Debug)]
pub struct News<'a> {
    /// About which of our numbers, where it names one.
    pub number: Option<NumberId>,
    /// About which account.
    pub waba_id: Option<&'a str>,
    /// The provider's name of the news.
    pub field: &'a str,
    /// The element as it came.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Keeps a piece of news; the same one, delivered again, is kept once. Returns whether it is new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, news: &News<'_>) -> Result<bool> {
    let digest = Sha256::digest(news.body).to_vec();
    let inserted = sqlx::query!(
        "insert into account_news (id, digest, number_id, waba_id, field, body, at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (digest) do nothing",
        uuid_at(news.at),
        digest,
        news.number.map(|id| id.0),
        news.waba_id,
        news.field,
        ring.seal(BODY, news.body)?,
        news.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}
