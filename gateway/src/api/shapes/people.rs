//! People: who logs in, what they are ready for, what they are told.

use chrono::{DateTime, Utc};
use hilo_domain::agent::AgentState;
use hilo_domain::permission::{Role as Built, Scope as Reach};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Runs the floor of a team.
    Supervisor,
    /// Talks to clients.
    Agente,
    /// Reads and scores conversations.
    Calidad,
    /// Reads what was done.
    Auditoria,
}

impl From<Built> for Role {
    fn from(role: Built) -> Self {
        match role {
            Built::SuperAdmin => Self::SuperAdmin,
            Built::Supervisor => Self::Supervisor,
            Built::Agente => Self::Agente,
            Built::Calidad => Self::Calidad,
            Built::Auditoria => Self::Auditoria,
        }
    }
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One's own.
    Own,
    /// One's campaigns.
    Team,
    /// Everything.
    All,
}

impl From<Reach> for Scope {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Own => Self::Own,
            Reach::Team => Self::Team,
            Reach::All => Self::All,
        }
    }
}

/// A permission, and how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Grant {
    /// The permission's word, `chats.read`.
    pub permission: String,
    /// How far.
    pub scope: Scope,
}

/// What an agent is ready for. Full is no state: it follows from load and capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateWord {
    /// Gets chats.
    Available,
    /// Gets none for a while.
    Paused,
    /// Gets none; works on what they have.
    Busy,
    /// Is not there.
    Offline,
}

impl From<AgentState> for StateWord {
    fn from(state: AgentState) -> Self {
        match state {
            AgentState::Available => Self::Available,
            AgentState::Paused => Self::Paused,
            AgentState::Busy => Self::Busy,
            AgentState::Offline => Self::Offline,
        }
    }
}

impl From<StateWord> for AgentState {
    fn from(word: StateWord) -> Self {
        match word {
            StateWord::Available => Self::Available,
            StateWord::Paused => Self::Paused,
            StateWord::Busy => Self::Busy,
            StateWord::Offline => Self::Offline,
        }
    }
}

/// An agent's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserState {
    /// What they are ready for.
    pub state: StateWord,
    /// Key of the reason, of a pause.
    #[schema(required)]
    pub reason_id: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A state to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetState {
    /// What they are ready for.
    pub state: StateWord,
    /// Key of a reason for a pause.
    #[serde(default)]
    pub reason_id: Option<String>,
}

/// Why agents pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseReason {
    /// Its key.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Somebody who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Their id.
    pub id: Uuid,
    /// Their address.
    pub email: String,
    /// As colleagues and clients see them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language of their screens: `es`, `en`, `pt`.
    pub locale: String,
    /// What they are ready for; null for whoever is no agent.
    #[schema(required)]
    pub state: Option<UserState>,
    /// How many chats take a place of theirs.
    pub load: i64,
    /// The campaigns that they serve or supervise.
    pub campaign_ids: Vec<Uuid>,
}

/// Whoever asks, with what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Who.
    #[serde(flatten)]
    pub user: User,
    /// What they may do.
    pub permissions: Vec<Grant>,
    /// The session that the token belongs to.
    pub session_id: Uuid,
}

/// A log-in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginRequest {
    /// The address; upper and lower case are one.
    #[schema(max_length = 320)]
    pub email: String,
    /// The password; 1,024 bytes at most.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    pub password: SecretString,
    /// Whether the refresh token comes in the body rather than in a cookie.
    #[serde(default)]
    #[schema(required = false)]
    pub refresh_in_body: bool,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(Into::into)
}

fn maybe_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Into::into))
}

/// Tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// For `Authorization: Bearer` and the socket's `auth.token`.
    pub access_token: String,
    /// For so many seconds.
    pub expires_in: i64,
    /// For `auth/refresh`, once; only when it was asked for in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub refresh_token: Option<String>,
    /// Who has logged in.
    pub user: Me,
}

/// A refresh: with the cookie, or with the token in the body.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token; without it the cookie's is taken.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schema(value_type = Option<String>)]
    pub refresh_token: Option<SecretString>,
    /// Whether the next one comes in the body.
    #[serde(default)]
    #[schema(required = false)]
    pub refresh_in_body: bool,
}

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its id.
    pub id: Uuid,
    /// A stable word, `sla.first_reply`.
    pub kind: String,
    /// The same as a sentence, in the reader's language.
    pub text: String,
    /// About which chat.
    #[schema(required)]
    pub chat_id: Option<Uuid>,
    /// More about it; its keys depend on the kind.
    pub data: serde_json::Value,
    /// When.
    pub at: DateTime<Utc>,
    /// When the reader read it.
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
}
