//! Access tokens: JWT, signed with the first key of `HILO_JWT_KEY`, verified with all, valid for 15 minutes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hilo_domain::id::UserId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// An access token is valid for so many seconds.
pub(crate) const LIFE: i64 = 15 * 60;
const ISSUER: &str = "hilo";

/// Why `HILO_JWT_KEY` cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenKeysError {
    /// There is no key at all.
    #[error("it holds no key; write `kid:base64`, with 32 random bytes in base64")]
    Empty,
    /// One entry is not `kid:base64` with 32 bytes at least.
    #[error("entry {position} is not `kid:base64` with 32 bytes or more")]
    Malformed {
        /// Which entry, from 1.
        position: usize,
    },
}

struct Key {
    kid: String,
    signs: EncodingKey,
    verifies: DecodingKey,
}

/// The keys of access tokens; clones share them.
#[derive(Clone)]
pub struct TokenKeys(Arc<Vec<Key>>);

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Who.
    pub(crate) user: UserId,
    /// The session that it belongs to.
    pub(crate) session: Uuid,
    /// Until when it counts.
    pub(crate) until: DateTime<Utc>,
}

impl TokenKeys {
    /// Reads `kid:base64[,kid:base64…]`.
    ///
    /// # Errors
    /// [`TokenKeysError`], which names the entry and never shows a key.
    pub fn parse(text: &SecretString) -> Result<Self, TokenKeysError> {
        let entries = text.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys = Vec::new();
        for (index, entry) in entries.enumerate() {
            let malformed = TokenKeysError::Malformed { position: index + 1 };
            let Some((kid, encoded)) = entry.split_once(':') else { return Err(malformed) };
            match STANDARD.decode(encoded) {
                Ok(bytes) if bytes.len() >= 32 && !kid.is_empty() => keys.push(Key {
                    kid: kid.to_owned(),
                    signs: EncodingKey::from_secret(&bytes),
                    verifies: DecodingKey::from_secret(&bytes),
                }),
                _ => return Err(malformed),
            }
        }
        if keys.is_empty() { Err(TokenKeysError::Empty) } else { Ok(Self(Arc::new(keys))) }
    }

    /// Signs a token for a session.
    pub(crate) fn sign(&self, user: UserId, session: Uuid, now: DateTime<Utc>) -> Result<String, Problem> {
        let broken = || Problem::new(Code::Internal, "It has been logged under the id in `instance`; try again.");
        let key = self.0.first().ok_or_else(broken)?;
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
        let iat = now.timestamp();
        let payload = Payload { iss: ISSUER.to_owned(), sub: user.0, sid: session, iat, exp: iat + LIFE };
        jsonwebtoken::encode(&header, &payload, &key.signs).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            broken()
        })
    }

    /// Reads a token of ours that still counts.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Problem> {
        let invalid = || Problem::new(Code::TokenInvalid, "Log in again: the token is none of ours.");
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let kid = header.kid.ok_or_else(invalid)?;
        let key = self.0.iter().find(|key| key.kid == kid).ok_or_else(invalid)?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["iss", "sub", "exp"]);
        // By our own clock, below.
        rules.validate_exp = false;
        let payload = jsonwebtoken::decode::<Payload>(token, &key.verifies, &rules).map_err(|_| invalid())?.claims;
        let until = DateTime::from_timestamp(payload.exp, 0).ok_or_else(invalid)?;
        if until <= now {
            return Err(Problem::new(Code::TokenExpired, "`POST auth/refresh`, then the same again."));
        }
        Ok(Claims { user: payload.sub.into(), session: payload.sid, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn keys(text: &str) -> TokenKeys {
        TokenKeys::parse(&text.into()).unwrap()
    }

    fn key(kid: &str, byte: u8) -> String {
        format!("{kid}:{}", STANDARD.encode([byte; 32]))
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    #[test]
    fn the_first_key_signs_and_every_key_verifies() {
        let (user, session) = (Uuid::from_u128(1).into(), Uuid::from_u128(2));
        let old = keys(&key("a", 1)).sign(user, session, now()).unwrap();
        let both = keys(&format!("{},{}", key("b", 2), key("a", 1)));
        let claims = both.verify(&old, now()).unwrap();
        assert_eq!((claims.user, claims.session), (user, session));
        let fresh = both.sign(user, session, now()).unwrap();
        assert_eq!(keys(&key("a", 1)).verify(&fresh, now()).unwrap_err().code(), Code::TokenInvalid);
        // The same name with another key is no key of ours.
        assert_eq!(keys(&key("b", 9)).verify(&fresh, now()).unwrap_err().code(), Code::TokenInvalid);
    }

    #[test]
    fn a_token_counts_for_a_quarter_of_an_hour_and_says_so_afterwards() {
        let keys = keys(&key("a", 1));
        let token = keys.sign(Uuid::from_u128(1).into(), Uuid::from_u128(2), now()).unwrap();
        assert!(keys.verify(&token, now() + TimeDelta::seconds(LIFE - 1)).is_ok());
        let late = keys.verify(&token, now() + TimeDelta::seconds(LIFE)).unwrap_err();
        assert_eq!(late.code(), Code::TokenExpired);
    }

    #[test]
    fn an_altered_or_unsigned_token_is_none_of_ours() {
        let keys = keys(&key("a", 1));
        let token = keys.sign(Uuid::from_u128(1).into(), Uuid::from_u128(2), now()).unwrap();
        let mut parts: Vec<&str> = token.split('.').collect();
        let other = keys.sign(Uuid::from_u128(3).into(), Uuid::from_u128(2), now()).unwrap();
        parts[1] = other.split('.').nth(1).unwrap();
        // Header {"alg":"none","kid":"a"}, and no signature.
        let none = format!("eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.{}.", parts[1]);
        for token in [parts.join("."), none, String::new(), "x.y.z".to_owned()] {
            assert_eq!(keys.verify(&token, now()).unwrap_err().code(), Code::TokenInvalid, "{token}");
        }
    }

    #[test]
    fn malformed_keys_are_named_and_not_shown() {
        assert_eq!(TokenKeys::parse(&"".into()).unwrap_err(), TokenKeysError::Empty);
        let short = format!("{},b:{}", key("a", 1), STANDARD.encode([7; 16]));
        assert_eq!(TokenKeys::parse(&short.into()).unwrap_err(), TokenKeysError::Malformed { position: 2 });
        assert_eq!(format!("{:?}", keys(&key("a", 1))), r#"["a"]"#);
    }
}
