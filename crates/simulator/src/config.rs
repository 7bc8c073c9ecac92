//! What a simulator is started with: where it listens and keeps its journal, which business numbers exist, and the
//! pace of receipts, retries and limits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::{Clock, SystemClock};

/// Everything a simulator needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one (see [`crate::Simulator::local_addr`]).
    pub listen: SocketAddr,
    /// The folder of the journal and the uploaded media; created when missing.
    pub data_dir: PathBuf,
    /// The business numbers that exist.
    pub numbers: Vec<NumberConfig>,
    /// People who have a phone from the first start on.
    pub customers: Vec<CustomerConfig>,
    /// How soon receipts follow an accepted message.
    pub receipts: Receipts,
    /// How webhooks are delivered and repeated.
    pub webhooks: Webhooks,
    /// How fast a number may send.
    pub limits: Limits,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// The demo: one number, `+52 55 0000 0001`, whose webhooks go to `webhook_url`, and three customers.
    #[must_use]
    pub fn demo(listen: SocketAddr, data_dir: PathBuf, webhook_url: Url) -> Self {
        Self {
            listen,
            data_dir,
            numbers: vec![NumberConfig::demo(webhook_url)],
            customers: [
                ("5215512345678", "Carolina Muñoz"),
                ("51987654321", "Beto Paz"),
                ("5511987654321", "Ana Souza"),
            ]
            .map(|(wa_id, name)| CustomerConfig { wa_id: wa_id.into(), name: name.into() })
            .into(),
            receipts: Receipts::default(),
            webhooks: Webhooks::default(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// A person with a phone.
#[derive(Clone, Debug)]
pub struct CustomerConfig {
    /// The phone's digits with the country code.
    pub wa_id: String,
    /// The profile name.
    pub name: String,
}

/// One business number, as its owner and Meta know it.
#[derive(Clone, Debug)]
pub struct NumberConfig {
    /// The id that addresses the number in the Graph API.
    pub phone_number_id: String,
    /// The number as people write it, `+52 55 0000 0001`.
    pub display_phone_number: String,
    /// The verified name that customers see.
    pub name: String,
    /// The WhatsApp Business Account that owns the number and its templates.
    pub waba_id: String,
    /// The bearer token that authorizes calls for this number and its account.
    pub access_token: String,
    /// The secret that signs its webhooks.
    pub app_secret: String,
    /// The token echoed when a callback is verified.
    pub verify_token: String,
    /// Where its webhooks go unless an override is set over the API.
    pub webhook_url: Url,
}

impl NumberConfig {
    /// The demo number of `hilo dev`.
    #[must_use]
    pub fn demo(webhook_url: Url) -> Self {
        Self {
            phone_number_id: "100000000000001".into(),
            display_phone_number: "+52 55 0000 0001".into(),
            name: "Demo Hilo".into(),
            waba_id: "200000000000001".into(),
            access_token: "demo-access-token".into(),
            app_secret: "demo-app-secret".into(),
            verify_token: "demo-verify-token".into(),
            webhook_url,
        }
    }

    /// The digits of the number, as webhooks show it.
    #[must_use]
    pub fn digits(&self) -> String {
        self.display_phone_number.chars().filter(char::is_ascii_digit).collect()
    }
}

/// How soon receipts follow an accepted message.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// From accepted to `sent`.
    pub sent_after: Duration,
    /// From `sent` to `delivered`.
    pub delivered_after: Duration,
}

impl Default for Receipts {
    fn default() -> Self {
        Self { sent_after: Duration::from_millis(150), delivered_after: Duration::from_millis(350) }
    }
}

/// How webhooks are delivered and repeated.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// The pause before the first repetition; it doubles with each one.
    pub retry_first: Duration,
    /// The longest pause between repetitions.
    pub retry_cap: Duration,
    /// How long one delivery may take.
    pub timeout: Duration,
    /// How many deliveries may be under way at once.
    pub concurrency: usize,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            retry_first: Duration::from_millis(100),
            retry_cap: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            concurrency: 64,
        }
    }
}

/// How fast a number may send; a fault can set either for a while.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The throughput of every number.
    pub throughput: Throughput,
    /// Messages that one customer may get at once before the pair's pace counts.
    pub pair_burst: u32,
    /// The pair's sustained pace: one message in this time.
    pub pair_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { throughput: Throughput::High, pair_burst: 45, pair_interval: Duration::from_secs(6) }
    }
}

/// A number's throughput level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Throughput {
    /// 20 messages a second, of numbers shared with the Business app; the API reports it as `STANDARD`.
    Shared,
    /// 80 messages a second.
    Standard,
    /// 1,000 messages a second.
    High,
    /// No limit, for load tests; the API reports it as `HIGH`.
    Unlimited,
}

impl Throughput {
    /// Messages a second, in and out; `None` without a limit.
    #[must_use]
    pub fn per_second(self) -> Option<u32> {
        match self {
            Self::Shared => Some(20),
            Self::Standard => Some(80),
            Self::High => Some(1_000),
            Self::Unlimited => None,
        }
    }

    /// The level as the API names it.
    #[must_use]
    pub fn level(self) -> &'static str {
        match self {
            Self::Shared | Self::Standard => "STANDARD",
            Self::High | Self::Unlimited => "HIGH",
        }
    }
}
