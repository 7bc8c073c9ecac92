//! What stands sealed in Postgres, and the keys that open it.
//!
//! Two layers, both AES-256-GCM with random nonces:
//! - the [`Keyring`] of `HILO_SECRET_KEY` (`kid:base64`, several; the first seals, all open) for secrets, dead letters
//!   and the clients' keys;
//! - one [`ContentKey`] per client for what that client said. Delete the row that holds it, and the texts are gone.
//!
//! A sealed value is bound to its place: it opens nowhere else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hilo_domain::id::KeyId;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// The first byte of everything sealed; another layout gets another number.
const LAYOUT: u8 = 1;
const NONCE: usize = 12;
/// So many clients' keys are kept open in memory.
const OPEN_KEYS: usize = 50_000;

/// Why `HILO_SECRET_KEY` cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyringError {
    /// There is no key at all.
    #[error("it holds no key; write `kid:base64`, with 32 random bytes in base64")]
    Empty,
    /// One entry is not `kid:base64`.
    #[error("entry {position} is not `kid:base64` (a name of 1 to 32 letters, digits, `-` or `_`, a colon, base64)")]
    Malformed {
        /// Which entry, from 1.
        position: usize,
    },
    /// One key is not 32 bytes long.
    #[error("the key `{kid}` has {length} bytes; it must have 32")]
    Length {
        /// The key's name.
        kid: String,
        /// Its length in bytes.
        length: usize,
    },
}

/// The installation's keys; clones share what they have opened.
#[derive(Clone)]
pub struct Keyring(Arc<Keys>);

struct Keys {
    keys: Vec<(String, RandomizedNonceKey)>,
    open: Mutex<HashMap<KeyId, ContentKey>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.0.keys.iter().map(|(kid, _)| kid).collect();
        f.debug_struct("Keyring").field("kids", &kids).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads `kid:base64[,kid:base64…]`.
    ///
    /// # Errors
    /// [`KeyringError`], which names the entry and never shows a key.
    pub fn parse(text: &SecretString) -> Result<Self, KeyringError> {
        let entries = text.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys = Vec::new();
        for (index, entry) in entries.enumerate() {
            let malformed = KeyringError::Malformed { position: index + 1 };
            let Some((kid, encoded)) = entry.split_once(':') else { return Err(malformed) };
            let named = (1..=32).contains(&kid.len())
                && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            let Ok(bytes) = STANDARD.decode(encoded) else { return Err(malformed) };
            if !named {
                return Err(malformed);
            }
            let length = bytes.len();
            let Ok(key) = RandomizedNonceKey::new(&AES_256_GCM, &bytes) else {
                return Err(KeyringError::Length { kid: kid.to_owned(), length });
            };
            keys.push((kid.to_owned(), key));
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self(Arc::new(Keys { keys, open: Mutex::default() })))
    }

    /// Seals `plain` for `place` under the first key.
    ///
    /// # Errors
    /// Never for values that fit into memory; the cipher alone could refuse.
    pub fn seal(&self, place: &'static str, plain: &[u8]) -> Result<Vec<u8>> {
        let (kid, key) = self.0.keys.first().ok_or(Error::Sealed { place })?;
        let mut sealed = vec![LAYOUT, u8::try_from(kid.len()).map_err(|_| Error::Sealed { place })?];
        sealed.extend_from_slice(kid.as_bytes());
        encrypt(key, place, plain, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what [`Keyring::seal`] sealed for the same place, under whichever key it was.
    ///
    /// # Errors
    /// [`Error::Sealed`] for another place, an unknown key or altered bytes.
    pub fn open(&self, place: &'static str, sealed: &[u8]) -> Result<Vec<u8>> {
        let error = || Error::Sealed { place };
        let rest = sealed.strip_prefix(&[LAYOUT]).ok_or_else(error)?;
        let (length, rest) = rest.split_first().ok_or_else(error)?;
        let (kid, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(error)?;
        let (_, key) = self.0.keys.iter().find(|(known, _)| known.as_bytes() == kid).ok_or_else(error)?;
        decrypt(key, place, rest)
    }

    /// Makes a fresh key for one client, and the sealed form in which Postgres keeps it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new_content_key(&self, id: KeyId) -> Result<(ContentKey, Vec<u8>)> {
        let place = "content_keys.sealed";
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Sealed { place })?;
        let key = ContentKey::new(&bytes)?;
        let sealed = self.seal(place, &bytes)?;
        self.remember(id, &key);
        Ok((key, sealed))
    }

    /// Opens one client's key; opened ones are remembered.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed under a key that is no longer configured.
    pub fn content_key(&self, id: KeyId, sealed: &[u8]) -> Result<ContentKey> {
        if let Some(key) = self.0.open.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(key.clone());
        }
        let key = ContentKey::new(&self.open("content_keys.sealed", sealed)?)?;
        self.remember(id, &key);
        Ok(key)
    }

    fn remember(&self, id: KeyId, key: &ContentKey) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_KEYS {
            open.clear();
        }
        open.insert(id, key.clone());
    }
}

/// The key of one client's texts.
#[derive(Clone)]
pub struct ContentKey(Arc<RandomizedNonceKey>);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

impl ContentKey {
    fn new(bytes: &[u8]) -> Result<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes)
            .map(|key| Self(Arc::new(key)))
            .map_err(|_| Error::Sealed { place: "content_keys.sealed" })
    }

    /// Seals `plain` for `place`.
    ///
    /// # Errors
    /// Never for values that fit into memory; the cipher alone could refuse.
    pub fn seal(&self, place: &'static str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = vec![LAYOUT];
        encrypt(&self.0, place, plain, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what [`ContentKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Sealed`] for another place, another client's key or altered bytes.
    pub fn open(&self, place: &'static str, sealed: &[u8]) -> Result<Vec<u8>> {
        decrypt(&self.0, place, sealed.strip_prefix(&[LAYOUT]).ok_or(Error::Sealed { place })?)
    }
}

/// Appends nonce, ciphertext and tag to `out`.
fn encrypt(key: &RandomizedNonceKey, place: &'static str, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut text = plain.to_vec();
    let nonce =
        key.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut text).map_err(|_| Error::Sealed { place })?;
    out.extend_from_slice(nonce.as_ref());
    out.append(&mut text);
    Ok(())
}

fn decrypt(key: &RandomizedNonceKey, place: &'static str, sealed: &[u8]) -> Result<Vec<u8>> {
    let error = || Error::Sealed { place };
    let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(error)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| error())?;
    let mut text = text.to_vec();
    let length = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).map_err(|_| error())?.len();
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilo_domain::clock::{Clock, SystemClock};

    fn ring(text: &str) -> Result<Keyring, KeyringError> {
        Keyring::parse(&text.into())
    }

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let ring = ring(&format!("a:{}", key(1))).unwrap();
        let sealed = ring.seal("numbers.app_secret", b"hola").unwrap();
        assert_eq!(ring.open("numbers.app_secret", &sealed).unwrap(), b"hola");
        assert!(ring.open("numbers.verify_token", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(ring.open("numbers.app_secret", &altered).is_err(), "byte {i}");
            assert!(ring.open("numbers.app_secret", &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let old = ring(&format!("a:{}", key(1))).unwrap();
        let sealed = old.seal("x", b"hola").unwrap();
        let new = ring(&format!("b:{},a:{}", key(2), key(1))).unwrap();
        assert_eq!(new.open("x", &sealed).unwrap(), b"hola");
        assert!(old.open("x", &new.seal("x", b"hola").unwrap()).is_err());
    }

    #[test]
    fn a_client_s_key_survives_the_change_of_the_installation_s_key() {
        let old = ring(&format!("a:{}", key(1))).unwrap();
        let id = KeyId::new(SystemClock.now());
        let (mine, stored) = old.new_content_key(id).unwrap();
        let sealed = mine.seal("messages.body", b"hola").unwrap();
        let new = ring(&format!("b:{},a:{}", key(2), key(1))).unwrap();
        assert_eq!(new.content_key(id, &stored).unwrap().open("messages.body", &sealed).unwrap(), b"hola");
        let (other, _) = new.new_content_key(KeyId::new(SystemClock.now())).unwrap();
        assert!(other.open("messages.body", &sealed).is_err());
    }

    #[test]
    fn a_malformed_ring_says_which_entry_and_shows_no_key() {
        assert_eq!(ring("").unwrap_err(), KeyringError::Empty);
        assert_eq!(ring("nokid").unwrap_err(), KeyringError::Malformed { position: 1 });
        assert_eq!(ring(&format!("a:{},b:%%%", key(1))).unwrap_err(), KeyringError::Malformed { position: 2 });
        let short = ring(&format!("a:{}", STANDARD.encode([7; 16]))).unwrap_err();
        assert_eq!(short.to_string(), "the key `a` has 16 bytes; it must have 32");
        let debug = format!("{:?}", ring(&format!("a:{}", key(1))).unwrap());
        assert!(!debug.contains(&key(1)), "{debug}");
    }
}
