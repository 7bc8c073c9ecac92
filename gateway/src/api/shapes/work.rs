//! Campaigns, queues and what is chosen from lists.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::chat::Chat;

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// Its key, accepted wherever its id is.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `active`, `paused` or `finished`.
    pub status: String,
    /// Within how many seconds an agent's first reply is promised.
    pub first_reply_seconds: i32,
    /// After how many silent seconds a chat is closed.
    pub idle_seconds: i32,
    /// How many chats an agent carries at once.
    pub capacity: i32,
}

/// What to change of a campaign; what is missing stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CampaignChange {
    /// Its name; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Seconds, 1 to 604,800.
    #[schema(minimum = 1, maximum = 604800)]
    pub first_reply_seconds: Option<i32>,
    /// Seconds, 1 to 2,592,000.
    #[schema(minimum = 1, maximum = 2592000)]
    pub idle_seconds: Option<i32>,
    /// Chats, 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    pub capacity: Option<i32>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Its id.
    pub id: Uuid,
    /// Its key, accepted wherever its id is.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its campaign.
    pub campaign_id: Uuid,
    /// Whether chats go here when nobody says where.
    pub is_default: bool,
    /// How many chats wait in it.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    #[schema(required)]
    pub oldest_since: Option<DateTime<Utc>>,
    /// How many agents of its campaign are available.
    pub available_agents: i64,
}

/// A chat that waits, with its place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingChat {
    /// Its place in the order, from 1.
    pub position: i64,
    /// Which.
    pub chat: Chat,
}

/// Why a chat was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CloseReason {
    /// What `close` takes as `reason`.
    pub key: String,
    /// Its name.
    pub name: String,
}
