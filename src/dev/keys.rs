//! The secrets that people would have to invent on a server: drawn once, kept for our eyes only, used ever after.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::private;

/// How many bytes a key has.
const KEY_BYTES: usize = 32;

/// What stands in the key file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Keys {
    /// `kid:base64`, as `HILO_SECRET_KEY` carries it.
    pub(super) secret_key: String,
    /// `kid:base64`, as `HILO_JWT_KEY` carries it.
    pub(super) jwt_key: String,
    /// The password of the role `hilo`.
    pub(super) postgres_password: String,
}

impl Keys {
    /// The keys in `path`, drawn from the system's generator when there are none yet.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or cannot be written. Keys are never replaced: what they encrypted
    /// would be lost.
    pub(super) fn load_or_make(path: &Path) -> anyhow::Result<Self> {
        match fs::read(path) {
            Ok(content) => serde_json::from_slice(&content).with_context(|| {
                format!("{} is damaged: restore it, or remove the whole data folder to begin anew", path.display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut source = File::open("/dev/urandom").context("failed to open /dev/urandom")?;
                let keys = Self::draw(&mut source)?;
                private::write(path, &serde_json::to_vec_pretty(&keys)?)?;
                Ok(keys)
            }
            Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
        }
    }

    fn draw(source: &mut impl Read) -> anyhow::Result<Self> {
        let mut bytes = || {
            let mut drawn = [0; KEY_BYTES];
            source.read_exact(&mut drawn).context("failed to draw a key").map(|()| drawn)
        };
        let key = |kid: &str, bytes: [u8; KEY_BYTES]| format!("{kid}:{}", STANDARD.encode(bytes));
        Ok(Self {
            secret_key: key("dev-1", bytes()?),
            jwt_key: key("dev-1", bytes()?),
            postgres_password: hex::encode(bytes()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::servers::random_hex;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_drawn_one_after_the_other_and_carry_their_id() {
        let bytes: Vec<u8> = (0..96).collect();
        let keys = Keys::draw(&mut bytes.as_slice()).unwrap();
        let (kid, key) = keys.secret_key.split_once(':').unwrap();
        assert_eq!(kid, "dev-1");
        assert_eq!(STANDARD.decode(key).unwrap(), (0..32).collect::<Vec<u8>>());
        let (_, key) = keys.jwt_key.split_once(':').unwrap();
        assert_eq!(STANDARD.decode(key).unwrap(), (32..64).collect::<Vec<u8>>());
        assert_eq!(keys.postgres_password, hex::encode((64..96).collect::<Vec<u8>>()));
    }

    #[test]
    fn a_generator_that_runs_dry_makes_no_key() {
        assert!(Keys::draw(&mut [0_u8; 95].as_slice()).is_err());
    }

    #[test]
    fn the_second_start_finds_the_keys_of_the_first() {
        let path = std::env::temp_dir().join(format!("hilo-keys-{}.json", random_hex(8).unwrap()));
        let first = Keys::load_or_make(&path).unwrap();
        assert!(first == Keys::load_or_make(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::write(&path, "{").unwrap();
        let error = Keys::load_or_make(&path).err().unwrap().to_string();
        assert!(error.contains("is damaged"), "{error}");
        fs::remove_file(path).unwrap();
    }
}
