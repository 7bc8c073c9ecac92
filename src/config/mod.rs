//! Configuration: the environment, and `hilo.toml` beside it with the same keys. The environment wins.
//!
//! A missing or malformed value stops the start with one sentence that names it and shows no value.

mod file;
mod keys;

use std::collections::HashMap;
use std::env::{self, VarError};
use std::path::Path;

use anyhow::{Context, bail};
use hilo_gateway::Proxies;
use hilo_relay::temporal::Address;
use hilo_store::seal::Keyring;
use secrecy::SecretString;
use url::Url;

use self::keys::KEYS;

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
    /// `HILO_JWT_KEY`: signs access tokens. The gateway does not start without it.
    pub(crate) jwt_key: Option<SecretString>,
    /// `HILO_TRUSTED_PROXIES`: whose word about addresses is believed.
    pub(crate) proxies: Proxies,
    /// `HILO_PUBLIC_URL`: where people reach us.
    pub(crate) public_url: Option<Url>,
    /// `HILO_TEMPORAL_UI_URL`: Temporal's own UI.
    pub(crate) temporal_ui: Option<Url>,
    /// `HILO_META_BASE_URL`: where the Graph API is.
    pub(crate) meta_base_url: Url,
    /// `HILO_META_GRAPH_VERSION`.
    pub(crate) meta_version: String,
    /// `HILO_LOG`: what is logged, as `tracing` filters.
    pub(crate) log: String,
}

impl Config {
    /// Reads the environment and, where there is one, `hilo.toml` in the working directory.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let mut values = file::read(Path::new("hilo.toml"))?;
        for key in &KEYS {
            match env::var(key.name) {
                Ok(value) => {
                    values.insert(key.name.to_owned(), value);
                }
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => bail!("{} is malformed; it must be UTF-8", key.name),
            }
        }
        Self::read(&values)
    }

    fn read(values: &HashMap<String, String>) -> anyhow::Result<Self> {
        let optional = |key: &str| values.get(key).filter(|value| !value.trim().is_empty()).cloned();
        let needed = |key: &str, example: &str| {
            optional(key).with_context(|| format!("{key} is not set; set it, for example to {example}"))
        };
        for key in &KEYS {
            if let Some(fault) = optional(key.name).and_then(|value| (key.fault)(&value)) {
                bail!("{} is malformed; {fault}", key.name);
            }
        }
        let ring = needed("HILO_SECRET_KEY", "`k1:` and 32 random bytes in base64")?;
        Ok(Self {
            http_addr: optional("HILO_HTTP_ADDR").unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            database_url: needed("DATABASE_URL", "postgres://hilo:…@127.0.0.1:5432/hilo")?.into(),
            redis_url: needed("REDIS_URL", "redis://127.0.0.1:6379")?.into(),
            temporal: Address {
                address: needed("TEMPORAL_ADDRESS", "127.0.0.1:7233")?,
                namespace: optional("TEMPORAL_NAMESPACE").unwrap_or_else(|| "default".to_owned()),
                task_queue: optional("HILO_TASK_QUEUE").unwrap_or_else(|| "hilo".to_owned()),
            },
            ring: Keyring::parse(&ring.into()).context("HILO_SECRET_KEY is malformed")?,
            jwt_key: optional("HILO_JWT_KEY").map(Into::into),
            proxies: Proxies::parse(&optional("HILO_TRUSTED_PROXIES").unwrap_or_default())
                .context("HILO_TRUSTED_PROXIES is malformed")?,
            public_url: optional("HILO_PUBLIC_URL").and_then(|url| url.parse().ok()),
            temporal_ui: optional("HILO_TEMPORAL_UI_URL").and_then(|url| url.parse().ok()),
            meta_base_url: optional("HILO_META_BASE_URL")
                .unwrap_or_else(|| "https://graph.facebook.com".to_owned())
                .parse()
                .context("HILO_META_BASE_URL is malformed")?,
            meta_version: optional("HILO_META_GRAPH_VERSION").unwrap_or_else(|| "v25.0".to_owned()),
            log: optional("HILO_LOG").unwrap_or_else(|| "info".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn read(changes: &[(&str, Option<&str>)]) -> anyhow::Result<Config> {
        let mut values: HashMap<_, _> = [
            ("DATABASE_URL", "postgres://hilo:geheim@127.0.0.1/hilo"),
            ("REDIS_URL", "redis://127.0.0.1"),
            ("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
            ("HILO_SECRET_KEY", KEY),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        for (key, value) in changes {
            match value {
                Some(value) => values.insert((*key).to_owned(), (*value).to_owned()),
                None => values.remove(*key),
            };
        }
        Config::read(&values)
    }

    #[test]
    fn what_is_set_well_is_read() {
        let config = read(&[("HILO_TASK_QUEUE", Some("otra"))]).unwrap();
        assert_eq!(config.http_addr, "127.0.0.1:8080");
        assert_eq!(config.temporal.task_queue, "otra");
        assert_eq!(config.temporal.namespace, "default");
    }

    #[test]
    fn every_key_takes_what_the_documentation_shows() {
        let two_keys = format!("{KEY},k2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        for (key, value) in [
            ("HILO_HTTP_ADDR", "0.0.0.0:8080"),
            ("HILO_HTTP_ADDR", "[::1]:8080"),
            ("HILO_PUBLIC_URL", "https://chat.example.com"),
            ("DATABASE_URL", "postgresql://hilo@postgres:5432/hilo?sslmode=require"),
            ("REDIS_URL", "rediss://:geheim@redis:6379"),
            ("TEMPORAL_ADDRESS", "temporal:7233"),
            ("TEMPORAL_NAMESPACE", "hilo.a1b2c"),
            ("HILO_TEMPORAL_UI_URL", "http://127.0.0.1:8233"),
            ("HILO_TASK_QUEUE", "hilo"),
            ("HILO_SECRET_KEY", &two_keys),
            ("HILO_JWT_KEY", &two_keys),
            ("HILO_META_BASE_URL", "https://graph.facebook.com"),
            ("HILO_META_GRAPH_VERSION", "v25.0"),
            ("HILO_MEDIA_URL", "file:///var/lib/hilo/media"),
            ("HILO_MEDIA_URL", "s3://bucket/prefix"),
            ("HILO_SMTP_URL", "smtps://user:geheim@mail.example.com:465"),
            ("HILO_SMTP_URL", ""),
            ("HILO_TRUSTED_PROXIES", "172.16.0.0/12"),
            ("HILO_TRUSTED_PROXIES", "10.0.0.1, fd00::/8"),
            ("HILO_LOG", "info,hilo_gateway=debug"),
        ] {
            read(&[(key, Some(value))]).unwrap_or_else(|error| panic!("{key}={value}: {error:#}"));
        }
    }

    #[test]
    fn each_missing_or_malformed_value_is_named_in_one_sentence() {
        let faults = [
            ("DATABASE_URL", None),
            ("DATABASE_URL", Some("mysql://hilo:geheim@x")),
            ("DATABASE_URL", Some("geheim")),
            ("REDIS_URL", None),
            ("REDIS_URL", Some("127.0.0.1:6379")),
            ("TEMPORAL_ADDRESS", None),
            ("TEMPORAL_ADDRESS", Some("http://127.0.0.1")),
            ("TEMPORAL_ADDRESS", Some("geheim@127.0.0.1:7233")),
            ("TEMPORAL_NAMESPACE", Some("geheim geheim")),
            ("HILO_TEMPORAL_UI_URL", Some("http://admin:geheim@127.0.0.1:8233")),
            ("HILO_TASK_QUEUE", Some("geheim\n")),
            ("HILO_SECRET_KEY", None),
            ("HILO_SECRET_KEY", Some("k1:geheim")),
            ("HILO_SECRET_KEY", Some("k1:Z2VoZWlt")),
            ("HILO_JWT_KEY", Some("geheim")),
            ("HILO_JWT_KEY", Some("k1:Z2VoZWlt")),
            ("HILO_HTTP_ADDR", Some("8080")),
            ("HILO_PUBLIC_URL", Some("chat.example.com")),
            ("HILO_PUBLIC_URL", Some("https://chat.example.com/?key=geheim")),
            ("HILO_META_BASE_URL", Some("graph.facebook.com/geheim")),
            ("HILO_META_GRAPH_VERSION", Some("25")),
            ("HILO_META_GRAPH_VERSION", Some("v25.geheim")),
            ("HILO_MEDIA_URL", Some("/var/lib/geheim")),
            ("HILO_MEDIA_URL", Some("file:geheim")),
            ("HILO_MEDIA_URL", Some("s3:///geheim")),
            ("HILO_SMTP_URL", Some("mail.example.com:geheim")),
            ("HILO_SMTP_URL", Some("https://user:geheim@mail.example.com")),
            ("HILO_TRUSTED_PROXIES", Some("172.16.0.0/33")),
            ("HILO_TRUSTED_PROXIES", Some("10.0.0.1,geheim")),
            ("HILO_LOG", Some("geheim=chatty")),
        ];
        for (key, value) in faults {
            let sentence = format!("{:#}", read(&[(key, value)]).unwrap_err());
            assert!(sentence.contains(key), "{sentence}");
            assert!(!sentence.contains("geheim"), "a secret is shown: {sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
        for key in &KEYS {
            assert!(faults.iter().any(|(name, _)| *name == key.name), "{} is never tried", key.name);
        }
    }
}
