//! Meta's Cloud API, called.
//!
//! One call is one try: what to do with an outcome is the caller's business. `send.rs` knows sending, which has
//! outcomes of its own because nobody may send twice; `media.rs` files; `account.rs` numbers and templates.
//! The base address and the version are configuration; the token goes to that base and to Meta's media hosts only.

mod account;
mod media;
mod send;

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

pub use account::{NumberHealth, Template, Templates};
pub use media::{Download, MEDIA_HOSTS, MediaInfo, digest};
pub use send::SendOutcome;

use super::error::GraphFailure;
use crate::http::{Guard, Http, Request, Response};
use crate::{Error, Result};

/// Whose number calls, and with what. `Debug` does not show the token.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// The access token.
    pub access_token: SecretString,
}

/// The API at one base address and in one version. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudApi {
    http: Http,
    base: Url,
    version: String,
}

impl CloudApi {
    /// The API at `base_url` (Meta's is `https://graph.facebook.com`) in `version` (`v23.0`).
    ///
    /// # Errors
    /// [`Error::Invalid`] where the address cannot have a path, or the version is not `v` and two numbers.
    pub fn new(http: Http, base_url: &Url, version: &str) -> Result<Self> {
        if !matches!(base_url.scheme(), "http" | "https") || base_url.cannot_be_a_base() {
            return Err(Error::Invalid("the base address of the Graph API".to_owned()));
        }
        let numbers = version.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
        let number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !numbers.is_some_and(|(major, minor)| number(major) && number(minor)) {
            return Err(Error::Invalid(format!("`{version}` is no version of the Graph API")));
        }
        Ok(Self { http, base: base_url.clone(), version: version.to_owned() })
    }

    /// How long one call may take: whoever leases a send has to hold it longer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.http.policy().total_timeout
    }

    /// The address of `path` under base and version; a segment that is no id of Meta's is refused, so that no id can
    /// lead anywhere else.
    fn url(&self, path: &[&str]) -> Result<Url> {
        let is_id = |segment: &&str| {
            !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !path.iter().all(is_id) {
            return Err(Error::Invalid("an id of the Graph API".to_owned()));
        }
        let mut url = self.base.clone();
        url.set_query(None);
        url.path_segments_mut()
            .map_err(|()| Error::Invalid("the base address of the Graph API".to_owned()))?
            .pop_if_empty()
            .push(&self.version)
            .extend(path);
        Ok(url)
    }

    fn guard(&self) -> Guard {
        Guard::Trusted { base: self.base.clone() }
    }

    async fn call(&self, credentials: &Credentials, request: Request) -> Result<Response> {
        self.http.send(&self.guard(), request.bearer(&credentials.access_token)).await
    }

    /// A call whose success is JSON.
    async fn json(&self, credentials: &Credentials, request: Request) -> Result<Value> {
        let response = self.call(credentials, request).await?;
        let (status, wait) = (response.status().as_u16(), retry_after(&response));
        let body = response.bytes().await?;
        if !(200..300).contains(&status) {
            return Err(Error::Refused(refusal(status, wait, &body)));
        }
        serde_json::from_slice(&body).map_err(|_| Error::Unreadable("success without JSON".to_owned()))
    }
}

/// The failure that an answer tells, error object or not.
fn refusal(status: u16, wait: Option<Duration>, body: &[u8]) -> GraphFailure {
    let mut failure = GraphFailure::parse(status, body).unwrap_or_else(|| GraphFailure::bare(status));
    failure.retry_after = wait;
    failure
}

/// How long the answer asks to wait: `Retry-After` in seconds, or the minutes until the account's quota is back
/// (`X-Business-Use-Case-Usage`), whichever is longer.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    let seconds = header("retry-after").and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
    let minutes = header("x-business-use-case-usage").and_then(regained_after);
    seconds.max(minutes)
}

fn regained_after(usage: &str) -> Option<Duration> {
    let usage: Value = serde_json::from_str(usage).ok()?;
    let accounts = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = accounts.filter_map(|account| account.get("estimated_time_to_regain_access")?.as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}
