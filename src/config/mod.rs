//! Configuration: the environment, and `hilo.toml` beside it with the same keys. The environment wins.
//!
//! A missing or malformed value stops the start with one sentence that names it.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};
use hilo_relay::temporal::Address;
use hilo_store::seal::Keyring;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Everything that a process is told.
#[derive(Debug)]
pub(crate) struct Config {
    /// `HILO_HTTP_ADDR`: where the gateway listens.
    pub(crate) http_addr: String,
    /// `DATABASE_URL`.
    pub(crate) database_url: SecretString,
    /// `REDIS_URL`.
    pub(crate) redis_url: SecretString,
    /// `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `HILO_TASK_QUEUE`.
    pub(crate) temporal: Address,
    /// `HILO_SECRET_KEY`: seals what stands in Postgres.
    pub(crate) ring: Keyring,
    /// `HILO_LOG`: what is logged, as `tracing` filters.
    pub(crate) log: String,
}

impl Config {
    /// Reads the environment and, where there is one, `hilo.toml` in the working directory.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let file = read_file(Path::new("hilo.toml"))?;
        Self::read(|key| std::env::var(key).ok().or_else(|| file.get(key).cloned()))
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let optional = |key: &str| get(key).filter(|value| !value.trim().is_empty());
        let needed = |key: &str, example: &str| {
            optional(key).with_context(|| format!("{key} is not set; set it, for example to {example}"))
        };
        let http_addr = optional("HILO_HTTP_ADDR").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        http_addr.parse::<std::net::SocketAddr>().with_context(|| {
            format!("HILO_HTTP_ADDR is `{http_addr}`; it must be address:port, like 127.0.0.1:8080")
        })?;
        let ring = needed("HILO_SECRET_KEY", "`k1:` and 32 random bytes in base64")?;
        let ring = Keyring::parse(&ring.into()).context("HILO_SECRET_KEY cannot be used")?;
        Ok(Self {
            http_addr,
            database_url: address(
                needed("DATABASE_URL", "postgres://hilo:…@127.0.0.1:5432/hilo")?,
                "DATABASE_URL",
                &["postgres", "postgresql"],
            )?,
            redis_url: address(needed("REDIS_URL", "redis://127.0.0.1:6379")?, "REDIS_URL", &["redis", "rediss"])?,
            temporal: Address {
                address: host_and_port(needed("TEMPORAL_ADDRESS", "127.0.0.1:7233")?)?,
                namespace: optional("TEMPORAL_NAMESPACE").unwrap_or_else(|| "default".to_owned()),
                task_queue: optional("HILO_TASK_QUEUE").unwrap_or_else(|| "hilo".to_owned()),
            },
            ring,
            log: optional("HILO_LOG").unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// A secret address is never repeated in the message, since it may hold a password.
fn address(text: String, key: &str, schemes: &[&str]) -> anyhow::Result<SecretString> {
    let secret = SecretString::from(text);
    let scheme = Url::parse(secret.expose_secret()).ok().map(|url| url.scheme().to_owned());
    if scheme.is_none_or(|scheme| !schemes.contains(&scheme.as_str())) {
        bail!("{key} is malformed; it must be an address that begins with {}://", schemes.join(":// or "));
    }
    Ok(secret)
}

fn host_and_port(text: String) -> anyhow::Result<String> {
    let well_formed = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok());
    if !well_formed {
        bail!("TEMPORAL_ADDRESS is `{text}`; it must be host:port, like 127.0.0.1:7233");
    }
    Ok(text)
}

fn read_file(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error).context("hilo.toml cannot be read"),
    };
    toml::from_str(&text).context("hilo.toml is malformed; it holds lines like DATABASE_URL = \"postgres://…\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn read(changes: &[(&str, Option<&str>)]) -> anyhow::Result<Config> {
        let mut values: HashMap<&str, &str> = HashMap::from([
            ("DATABASE_URL", "postgres://hilo:geheim@127.0.0.1/hilo"),
            ("REDIS_URL", "redis://127.0.0.1"),
            ("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
            ("HILO_SECRET_KEY", KEY),
        ]);
        for (key, value) in changes {
            match value {
                Some(value) => values.insert(key, value),
                None => values.remove(key),
            };
        }
        Config::read(|key| values.get(key).map(|value| (*value).to_owned()))
    }

    #[test]
    fn what_is_set_well_is_read() {
        let config = read(&[("HILO_TASK_QUEUE", Some("otra"))]).unwrap();
        assert_eq!(config.http_addr, "127.0.0.1:8080");
        assert_eq!(config.temporal.task_queue, "otra");
        assert_eq!(config.temporal.namespace, "default");
    }

    #[test]
    fn each_missing_or_malformed_value_is_named_in_one_sentence() {
        for (key, value) in [
            ("DATABASE_URL", None),
            ("DATABASE_URL", Some("mysql://hilo:geheim@x")),
            ("DATABASE_URL", Some("geheim")),
            ("REDIS_URL", None),
            ("REDIS_URL", Some("127.0.0.1:6379")),
            ("TEMPORAL_ADDRESS", None),
            ("TEMPORAL_ADDRESS", Some("http://127.0.0.1")),
            ("HILO_SECRET_KEY", None),
            ("HILO_SECRET_KEY", Some("k1:geheim")),
            ("HILO_SECRET_KEY", Some("k1:Z2VoZWlt")),
            ("HILO_HTTP_ADDR", Some("8080")),
        ] {
            let sentence = format!("{:#}", read(&[(key, value)]).unwrap_err());
            assert!(sentence.contains(key), "{sentence}");
            assert!(!sentence.contains("geheim"), "a secret is shown: {sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
    }
}
