//! Meta's signature of webhooks: `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256(app secret, raw body)>`.
//!
//! The bytes are signed as they were sent, so they are checked before anything parses them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the signature.
pub const HEADER: &str = "x-hub-signature-256";

/// The header's value for `body` under `app_secret`.
#[must_use]
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(app_secret, body).finalize().into_bytes()))
}

/// Whether `header` is the signature of `body` under `app_secret`; compared in constant time.
#[must_use]
pub fn verify(app_secret: &str, body: &[u8], header: &str) -> bool {
    let Some(digits) = header.strip_prefix("sha256=") else { return false };
    let Ok(claimed) = hex::decode(digits) else { return false };
    mac(app_secret, body).verify_slice(&claimed).is_ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(app_secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_rfc_4231_case_2_is_found() {
        let header = sign("Jefe", b"what do ya want for nothing?");
        assert_eq!(header, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(verify("Jefe", b"what do ya want for nothing?", &header));
    }

    #[test]
    fn anything_else_is_refused() {
        let header = sign("secret", b"{}");
        for (secret, body, header) in [
            ("other", &b"{}"[..], header.as_str()),
            ("secret", b"{} ", &header),
            ("secret", b"{}", "sha256="),
            ("secret", b"{}", "sha256=zz"),
            ("secret", b"{}", header.trim_start_matches("sha256=")),
            ("secret", b"{}", &header[..header.len() - 2]),
        ] {
            assert!(!verify(secret, body, header));
        }
    }
}
