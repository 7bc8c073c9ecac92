//! Campaigns, their queues and numbers, and the reasons for closing a chat.

use chrono::{DateTime, Utc};
use hilo_domain::id::{CampaignId, NumberId, QueueId};

use crate::{Result, Tx};

/// A campaign to make.
#[derive(Debug)]
pub struct NewCampaign<'a> {
    /// Its key, unique in the installation.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The key of the flow that greets.
    pub flow_key: &'a str,
    /// Within how many seconds an agent's first reply is promised.
    pub first_reply_seconds: i32,
    /// After how many silent seconds a chat is closed.
    pub idle_seconds: i32,
    /// How many chats an agent carries at once.
    pub capacity: i32,
}

/// Makes a campaign, unless its key is taken; nothing of a known one is changed.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_if_absent(tx: &mut Tx, campaign: &NewCampaign<'_>, now: DateTime<Utc>) -> Result<CampaignId> {
    sqlx::query!(
        "insert into campaigns (id, key, name, flow_key, first_reply_seconds, idle_seconds, capacity,
                                created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (key) do nothing",
        CampaignId::new(now).0,
        campaign.key,
        campaign.name,
        campaign.flow_key,
        campaign.first_reply_seconds,
        campaign.idle_seconds,
        campaign.capacity,
        now,
    )
    .execute(&mut **tx)
    .await?;
    let id = sqlx::query_scalar!("select id from campaigns where key = $1", campaign.key).fetch_one(&mut **tx).await?;
    Ok(id.into())
}

/// Gives a number to a campaign; a number has one campaign.
///
/// # Errors
/// When Postgres refuses.
pub async fn give_number(tx: &mut Tx, campaign: CampaignId, number: NumberId) -> Result<()> {
    sqlx::query!(
        "insert into campaign_numbers (campaign_id, number_id) values ($1, $2)
         on conflict (number_id) do update set campaign_id = excluded.campaign_id",
        campaign.0,
        number.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a queue, unless its key is taken.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_queue_if_absent(
    tx: &mut Tx,
    campaign: CampaignId,
    key: &str,
    name: &str,
    is_default: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into queues (id, key, name, campaign_id, is_default, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (key) do nothing",
        QueueId::new(now).0,
        key,
        name,
        campaign.0,
        is_default,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a reason for closing a chat, unless its key is taken.
///
/// # Errors
/// When Postgres refuses.
pub async fn add_close_reason_if_absent(tx: &mut Tx, key: &str, name: &str, position: i32) -> Result<()> {
    sqlx::query!(
        "insert into close_reasons (key, name, position) values ($1, $2, $3) on conflict (key) do nothing",
        key,
        name,
        position,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
