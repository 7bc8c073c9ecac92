//! News about an account or a number rather than a conversation: quality, templates, limits, calls.

use chrono::{DateTime, Utc};
use hilo_domain::id::{NumberId, uuid_at};
use uuid::Uuid;

use crate::dead_letters::digest;
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
    /// The bytes that came.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Keeps news; the same piece about the same number or account, delivered again, is kept once. Returns how many are
/// new.
///
/// # Errors
/// When Postgres refuses.
pub async fn keep(tx: &mut Tx, ring: &Keyring, news: &[News<'_>]) -> Result<u64> {
    if news.is_empty() {
        return Ok(0);
    }
    let digest = |n: &News<'_>| {
        let number = n.number.map(|id| id.to_string()).unwrap_or_default();
        digest(&[&number, n.waba_id.unwrap_or_default(), n.field], n.body)
    };
    let bodies = news.iter().map(|news| ring.seal(BODY, news.body)).collect::<Result<Vec<_>>>()?;
    let inserted = sqlx::query!(
        "insert into account_news (id, digest, number_id, waba_id, field, body, at)
         select * from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[], $5::text[], $6::bytea[],
                              $7::timestamptz[])
         on conflict (digest) do nothing",
        &news.iter().map(|n| uuid_at(n.at)).collect::<Vec<_>>(),
        &news.iter().map(digest).collect::<Vec<_>>(),
        &news.iter().map(|n| n.number.map(|id| id.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &news.iter().map(|n| n.waba_id).collect::<Vec<_>>() as &[Option<&str>],
        &news.iter().map(|n| n.field).collect::<Vec<_>>() as &[&str],
        &bodies,
        &news.iter().map(|n| n.at).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}
