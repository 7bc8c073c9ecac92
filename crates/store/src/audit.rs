//! Who did what, written in the transaction of what it reports.

use chrono::{DateTime, Utc};

use crate::desk::NewAudit;
use crate::{Result, Tx};

/// Writes one row.
///
/// # Errors
/// When Postgres refuses.
pub async fn record(tx: &mut Tx, row: &NewAudit, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into audit (id, at, user_id, actor, action, entity, entity_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hilo_domain::id::uuid_at(now),
        now,
        row.actor.user_id.map(|id| id.0),
        serde_json::to_value(&row.actor)?,
        row.action,
        row.entity,
        row.entity_id,
        row.detail,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
