//! What WhatsApp reports about a message of ours, and what a set of such reports means.
//!
//! A message's status is a function of the *set* of its receipts, so order and copies do not matter:
//! read > delivered > failed > sent > uncertain > pending. `failed` after `sent` is normal; `delivered` after
//! `failed` means that it arrived after all; `read` without `delivered` is accepted (Meta may skip it).

use serde::{Deserialize, Serialize};

/// One report. Unknown words are kept as facts and mean nothing to the status.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// It left the provider for the device.
    Sent,
    /// It is on the device.
    Delivered,
    /// The client has read it (never reported by clients who switched receipts off).
    Read,
    /// The client has listened to a voice note; as good as read.
    Played,
    /// It was not delivered; the reasons stand beside it.
    Failed,
    /// A word that this version does not know.
    Other(String),
}

impl Receipt {
    /// Reads the provider's word.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The provider's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }
}

/// Where an outbound message stands, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Not yet accepted by the provider.
    Pending,
    /// Sent without an answer: perhaps accepted, perhaps not; never sent again by itself.
    Uncertain,
    /// Accepted by the provider.
    Sent,
    /// It will not arrive.
    Failed,
    /// It is on the client's device.
    Delivered,
    /// The client has read it.
    Read,
}

impl MessageStatus {
    /// What our own record of the send and the receipts say together.
    ///
    /// `own` is what the send record alone says (`pending`, `uncertain`, `sent` or `failed`).
    #[must_use]
    pub fn of<'a>(own: Self, receipts: impl IntoIterator<Item = &'a Receipt>) -> Self {
        receipts.into_iter().map(Self::meaning).fold(own, |status, other| status.strongest(other))
    }

    fn meaning(receipt: &Receipt) -> Self {
        match receipt {
            Receipt::Read | Receipt::Played => Self::Read,
            Receipt::Delivered => Self::Delivered,
            Receipt::Failed => Self::Failed,
            Receipt::Sent => Self::Sent,
            Receipt::Other(_) => Self::Pending,
        }
    }

    fn strongest(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Uncertain => 1,
            Self::Sent => 2,
            Self::Failed => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }

    /// The name that stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Uncertain => "uncertain",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    /// Reads the name back; `None` for a word that is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Uncertain, Self::Sent, Self::Failed, Self::Delivered, Self::Read]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn receipt() -> impl Strategy<Value = Receipt> {
        prop_oneof![
            Just(Receipt::Sent),
            Just(Receipt::Delivered),
            Just(Receipt::Read),
            Just(Receipt::Played),
            Just(Receipt::Failed),
            "[a-z]{3,8}".prop_map(|word| Receipt::from_word(&word)),
        ]
    }

    /// A test that would miss a wrong order would accept this fold, which lets the last receipt win.
    fn last_wins(receipts: &[Receipt]) -> MessageStatus {
        receipts.last().map_or(MessageStatus::Pending, MessageStatus::meaning)
    }

    #[test]
    fn every_subset_in_every_order_gives_the_contract_s_answer() {
        let all = [Receipt::Sent, Receipt::Delivered, Receipt::Read, Receipt::Failed];
        let mut planted_bug_seen = false;
        for orders in permutations(&all) {
            for length in 0..=orders.len() {
                let some = &orders[..length];
                let expected = if some.contains(&Receipt::Read) {
                    MessageStatus::Read
                } else if some.contains(&Receipt::Delivered) {
                    MessageStatus::Delivered
                } else if some.contains(&Receipt::Failed) {
                    MessageStatus::Failed
                } else if some.contains(&Receipt::Sent) {
                    MessageStatus::Sent
                } else {
                    MessageStatus::Pending
                };
                assert_eq!(MessageStatus::of(MessageStatus::Pending, some), expected, "{some:?}");
                planted_bug_seen |= last_wins(some) != expected;
            }
        }
        assert!(planted_bug_seen, "the table must tell a fold in order of arrival from the lattice");
    }

    fn permutations(items: &[Receipt]) -> Vec<Vec<Receipt>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for (i, first) in items.iter().enumerate() {
            let rest: Vec<_> = items.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, r)| r.clone()).collect();
            for mut tail in permutations(&rest) {
                tail.insert(0, first.clone());
                all.push(tail);
            }
        }
        all
    }

    proptest! {
        #[test]
        fn copies_and_order_change_nothing(mut receipts in proptest::collection::vec(receipt(), 0..12), seed in any::<u64>()) {
            let once = MessageStatus::of(MessageStatus::Uncertain, &receipts);
            let mut more = receipts.clone();
            more.extend(receipts.iter().take(usize::try_from(seed % 5).unwrap()).cloned().collect::<Vec<_>>());
            let turn = if more.is_empty() { 0 } else { usize::try_from(seed).unwrap_or(0) % more.len() };
            more.rotate_left(turn);
            receipts.reverse();
            prop_assert_eq!(MessageStatus::of(MessageStatus::Uncertain, &more), once);
            prop_assert_eq!(MessageStatus::of(MessageStatus::Uncertain, &receipts), once);
        }
    }
}
