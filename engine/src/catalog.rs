//! What exists around a flow: the names that it may refer to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The names by kind. A kind that is `None` is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Catalog {
    /// Queues of the campaign, by key or id.
    pub queues: Option<BTreeSet<String>>,
    /// Close reasons.
    pub reasons: Option<BTreeSet<String>>,
}
