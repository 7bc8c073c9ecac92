//! Every key there is, and what its value must be. A value is never repeated, since it may be a secret.
//!
//! To add a key: an entry here, and its line in `docs/operator.md`.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use hilo_store::seal::Keyring;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

/// A key of the configuration.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What is wrong with a value, as what follows `KEY is malformed; `.
    pub(super) fault: fn(&str) -> Option<Cow<'static, str>>,
}

/// All of them, those included that nothing uses yet: what is set is checked at the start, not at its first use.
pub(super) const KEYS: [Key; 16] = [
    Key {
        name: "HILO_HTTP_ADDR",
        fault: |value| unless(value.parse::<SocketAddr>().is_ok(), "it must be address:port, like 127.0.0.1:8080"),
    },
    Key {
        name: "HILO_PUBLIC_URL",
        fault: |value| unless(is_site(value), "it must be an address like https://chat.example.com"),
    },
    Key {
        name: "DATABASE_URL",
        fault: |value| {
            let ours = has_scheme(value, &["postgres", "postgresql"]);
            unless(ours, "it must be an address that begins with postgres:// or postgresql://")
        },
    },
    Key {
        name: "REDIS_URL",
        fault: |value| {
            let ours = has_scheme(value, &["redis", "rediss"]);
            unless(ours, "it must be an address that begins with redis:// or rediss://")
        },
    },
    Key {
        name: "TEMPORAL_ADDRESS",
        fault: |value| unless(is_host_and_port(value), "it must be host:port, like 127.0.0.1:7233"),
    },
    Key { name: "TEMPORAL_NAMESPACE", fault: |value| unless(is_name(value), "it must be a name without spaces") },
    Key {
        name: "HILO_TEMPORAL_UI_URL",
        fault: |value| unless(is_site(value), "it must be an address like http://127.0.0.1:8233"),
    },
    Key { name: "HILO_TASK_QUEUE", fault: |value| unless(is_name(value), "it must be a name without spaces") },
    Key { name: "HILO_SECRET_KEY", fault: keyring },
    Key { name: "HILO_JWT_KEY", fault: keyring },
    Key {
        name: "HILO_META_BASE_URL",
        fault: |value| unless(is_site(value), "it must be an address like https://graph.facebook.com"),
    },
    Key {
        name: "HILO_META_GRAPH_VERSION",
        fault: |value| unless(is_graph_version(value), "it must be a version like v25.0"),
    },
    Key {
        name: "HILO_MEDIA_URL",
        fault: |value| unless(is_media(value), "it must be file:///an/absolute/path or s3://bucket/prefix"),
    },
    Key {
        name: "HILO_SMTP_URL",
        fault: |value| {
            let ours = has_scheme(value, &["smtp", "smtps"]) && has_host(value);
            unless(ours, "it must be an address like smtps://user:password@mail.example.com")
        },
    },
    Key {
        name: "HILO_TRUSTED_PROXIES",
        fault: |value| {
            let all = value.split(',').all(|entry| is_network(entry.trim()));
            unless(all, "it must be addresses or networks like 10.0.0.1,172.16.0.0/12")
        },
    },
    Key {
        name: "HILO_LOG",
        fault: |value| {
            unless(EnvFilter::try_new(value).is_ok(), "it must be a filter like info or info,hilo_gateway=debug")
        },
    },
];

fn unless(well_formed: bool, sentence: &'static str) -> Option<Cow<'static, str>> {
    (!well_formed).then_some(Cow::Borrowed(sentence))
}

fn keyring(value: &str) -> Option<Cow<'static, str>> {
    Keyring::parse(&value.into()).err().map(|error| error.to_string().into())
}

fn has_scheme(value: &str, schemes: &[&str]) -> bool {
    Url::parse(value).is_ok_and(|url| schemes.contains(&url.scheme()))
}

fn has_host(value: &str) -> bool {
    Url::parse(value).is_ok_and(|url| url.host_str().is_some_and(|host| !host.is_empty()))
}

/// An address to which paths are appended, so that nothing may stand behind its own.
fn is_site(value: &str) -> bool {
    let bare = |url: Url| {
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
    };
    has_scheme(value, &["http", "https"]) && has_host(value) && Url::parse(value).is_ok_and(bare)
}

fn is_host_and_port(value: &str) -> bool {
    value.rsplit_once(':').is_some_and(|(host, port)| {
        let named = !host.is_empty() && !host.contains(|c: char| c == '/' || c == '@' || c.is_whitespace());
        named && port.parse::<u16>().is_ok()
    })
}

fn is_name(value: &str) -> bool {
    !value.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_graph_version(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| digits(a) && digits(b))
}

fn is_media(value: &str) -> bool {
    match Url::parse(value) {
        Ok(url) if url.scheme() == "file" => value.starts_with("file:///") && url.to_file_path().is_ok(),
        Ok(url) => url.scheme() == "s3" && has_host(value),
        Err(_) => false,
    }
}

fn is_network(entry: &str) -> bool {
    entry.parse::<IpNet>().is_ok() || entry.parse::<IpAddr>().is_ok()
}
