//! Published versions of flows. A version is never changed; what runs is pinned by its hash.

use chrono::{DateTime, Utc};
use hilo_domain::id::CampaignId;

use crate::{Result, Tx};

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// SHA-256 of the canonical document, in hexadecimal.
    pub hash: String,
    /// The flow's key.
    pub flow_key: String,
    /// Its number, from 1.
    pub version: i32,
    /// The document as it was received.
    pub document: String,
}

/// Publishes a document, unless this very document is the flow's newest version already; returns its version.
///
/// # Errors
/// When Postgres refuses.
pub async fn publish(
    tx: &mut Tx,
    flow_key: &str,
    hash: &str,
    document: &str,
    campaign: Option<CampaignId>,
    note: &str,
    now: DateTime<Utc>,
) -> Result<i32> {
    let version = sqlx::query_scalar!(
        r#"insert into flow_versions (hash, flow_key, version, campaign_id, document, note, published_at)
           select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 from flow_versions where flow_key = $2
           on conflict (hash) do update set hash = excluded.hash returning version"#,
        hash,
        flow_key,
        campaign.map(|id| id.0),
        document,
        note,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(version)
}

/// One version by its hash.
///
/// # Errors
/// When Postgres is away.
pub async fn by_hash(tx: &mut Tx, hash: &str) -> Result<Option<Version>> {
    Ok(sqlx::query_as!(Version, "select hash, flow_key, version, document from flow_versions where hash = $1", hash)
        .fetch_optional(&mut **tx)
        .await?)
}

/// The hashes of the newest versions of a campaign's flows: what a new chat may start. The campaign's own flow is among
/// them, whatever its document names.
///
/// # Errors
/// When Postgres is away.
pub async fn newest(tx: &mut Tx, campaign: CampaignId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select distinct on (v.flow_key) v.hash from flow_versions v
         where v.campaign_id = $1 or v.flow_key = (select flow_key from campaigns where id = $1)
         order by v.flow_key, v.version desc limit 200",
        campaign.0
    )
    .fetch_all(&mut **tx)
    .await?)
}
