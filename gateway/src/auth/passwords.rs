//! Passwords: argon2id, off the async threads, so many at once and no more.

use std::sync::LazyLock;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

/// Each takes 19 MiB and tens of milliseconds of one core.
const AT_ONCE: usize = 2;
/// Whoever waits for longer is asked to come again.
const PATIENCE: Duration = Duration::from_secs(5);

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// What an unknown address is compared with, so that it takes as long as a known one.
static NOBODY: LazyLock<Option<PasswordHash>> =
    LazyLock::new(|| Argon2::default().hash_password(b"nobody has this password").ok());

/// Whether `password` is the one whose hash is `stored`; without a hash it takes as long and is not.
pub(crate) async fn is_right(password: SecretString, stored: Option<String>) -> Result<bool, Problem> {
    let place = tokio::time::timeout(PATIENCE, PLACES.acquire()).await;
    let Ok(Ok(place)) = place else {
        return Err(Problem::new(Code::Unavailable, "Too many log in at once; try again in a few seconds.").after(5));
    };
    let checked = tokio::task::spawn_blocking(move || {
        let known = stored.as_deref().and_then(|hash| PasswordHash::new(hash).ok());
        let is_known = known.is_some();
        let Some(hash) = known.or_else(|| NOBODY.clone()) else { return false };
        let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
        matches && is_known
    })
    .await;
    drop(place);
    checked.map_err(|_| Problem::new(Code::Internal, "It has been logged under the id in `instance`; try again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_somebody_known_is_right() {
        let stored = Argon2::default().hash_password(b"hilo-demo-2026").unwrap().to_string();
        assert!(is_right("hilo-demo-2026".into(), Some(stored.clone())).await.unwrap());
        assert!(!is_right("hilo-demo-2027".into(), Some(stored)).await.unwrap());
        assert!(!is_right("nobody has this password".into(), None).await.unwrap(), "nobody can log in as nobody");
        assert!(!is_right("x".into(), Some("no hash".into())).await.unwrap());
    }
}
