//! Ids in the providers' forms: message ids, media ids and business-scoped user ids.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use sha2::{Digest, Sha256};

/// Who wrote a message; part of its id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Writer {
    Business,
    Customer,
}

/// The source of everything random here.
pub(crate) struct Dice(Mutex<StdRng>);

impl Dice {
    /// Seeded by the system.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// Seeded by the caller, for tests.
    #[cfg(test)]
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(rand::SeedableRng::seed_from_u64(seed)))
    }

    /// `wamid.` and base64 of what Meta's hold too: the customer's id, the direction and a random part of 80 bits.
    pub(crate) fn wamid(&self, wa_id: &str, writer: Writer) -> String {
        let mut bytes = vec![0x1c, 0x18, u8::try_from(wa_id.len()).unwrap_or(u8::MAX)];
        bytes.extend_from_slice(wa_id.as_bytes());
        let direction = match writer {
            Writer::Business => 0x11,
            Writer::Customer => 0x12,
        };
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, direction, 0x18, 0x14]);
        bytes.extend_from_slice(hex::encode_upper(self.bytes::<10>()).as_bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }

    /// Sixteen digits, as media and templates have them.
    pub(crate) fn digits(&self) -> String {
        self.lock().random_range(1_000_000_000_000_000_u64..10_000_000_000_000_000).to_string()
    }

    /// A duration below `limit`.
    pub(crate) fn below(&self, limit: std::time::Duration) -> std::time::Duration {
        limit.mul_f64(self.lock().random_range(0.0..1.0))
    }

    /// Any order of `items` but the present one, as long as there are two.
    pub(crate) fn disorder<T>(&self, items: &mut [T]) {
        if items.len() > 1 {
            let by = self.lock().random_range(1..items.len());
            items.rotate_left(by);
        }
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.lock().fill_bytes(&mut bytes);
        bytes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The business-scoped user id of a customer: always the same one for the same `wa_id`.
pub(crate) fn user_id(wa_id: &str) -> String {
    let digest = Sha256::digest(format!("bsuid:{wa_id}"));
    let digits = digest.iter().take(17).map(|byte| char::from(b'0' + byte % 10)).collect::<String>();
    format!("{}.1{digits}", country(wa_id))
}

fn country(wa_id: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 16] = [
        ("598", "UY"),
        ("595", "PY"),
        ("593", "EC"),
        ("591", "BO"),
        ("506", "CR"),
        ("502", "GT"),
        ("351", "PT"),
        ("58", "VE"),
        ("57", "CO"),
        ("56", "CL"),
        ("55", "BR"),
        ("54", "AR"),
        ("52", "MX"),
        ("51", "PE"),
        ("34", "ES"),
        ("1", "US"),
    ];
    PREFIXES.iter().find(|(prefix, _)| wa_id.starts_with(prefix)).map_or("ZZ", |(_, country)| country)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ten_thousand_message_ids_are_ten_thousand() {
        let dice = Dice::seeded(1);
        let ids = (0..10_000).map(|_| dice.wamid("5215512345678", Writer::Business)).collect::<HashSet<_>>();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.starts_with("wamid.HBg") && id.len() < 512));
    }

    #[test]
    fn a_user_id_belongs_to_its_customer() {
        assert_eq!(user_id("51987654321"), user_id("51987654321"));
        assert_ne!(user_id("51987654321"), user_id("51987654322"));
        assert!(user_id("51987654321").starts_with("PE.1"));
    }

    #[test]
    fn a_disorder_is_never_the_order() {
        let dice = Dice::seeded(7);
        for length in 2..9 {
            let mut items = (0..length).collect::<Vec<_>>();
            dice.disorder(&mut items);
            assert_ne!(items, (0..length).collect::<Vec<_>>());
        }
    }
}
