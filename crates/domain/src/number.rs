//! The WhatsApp numbers that are ours.

use serde::{Deserialize, Serialize};

/// Through whom a number speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Meta's Cloud API.
    Meta,
    /// A WPPConnect server.
    Wppconnect,
}

impl Provider {
    /// The name that stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Wppconnect => "wppconnect",
        }
    }
}
