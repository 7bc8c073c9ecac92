//! The one client of the workspace that calls out.
//!
//! Every outgoing request is made under a [`Guard`]. [`Guard::Trusted`] is for an address that the operator set
//! (`HILO_META_BASE_URL`), which may be a private one; the request must stay on its origin. [`Guard::Public`] is for an
//! address that a client, a provider or a flow's author chose: its scheme, port, literal and name are checked before
//! anything is sent, the name's answers are *all* vetted, and the connection is made to the vetted address, so a second
//! look-up cannot rebind it. The client of its own follows no redirect, asks no proxy, keeps no cookie, unpacks no
//! compression and repeats nothing.
//!
//! A literal address never reaches a resolver, so it is checked apart, at the first address and at every hop.

mod address;
mod guard;
mod request;
mod resolve;
mod response;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use address::is_public;
pub use guard::{Guard, Refusal};
pub use request::Request;
pub use reqwest::{Method, StatusCode, header};
pub use response::Response;

use self::resolve::{Lookup, SystemLookup, Vetted};
use crate::{Error, Result};

/// Hops that a public fetch follows at most.
pub const MAX_REDIRECTS: usize = 3;

/// What holds for every call of a client, unless a request says less.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long a connection may take to come about, look-up and TLS included.
    pub connect_timeout: Duration,
    /// How long a call may take from the start to the answer's last byte.
    pub total_timeout: Duration,
    /// The same for a file, either way.
    pub transfer_timeout: Duration,
    /// How many bytes an answer may have.
    pub max_body: u64,
    /// Authorities (`host:port`) that the operator lets through [`Guard::Public`] although they are internal. They
    /// belong to the process's configuration; nothing that a flow or a client says can add one.
    pub allowed: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(10),
            transfer_timeout: Duration::from_secs(120),
            max_body: 1 << 20,
            allowed: Vec::new(),
        }
    }
}

/// The client. Cheap to clone; its clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    policy: Arc<Policy>,
    /// Asks the system's resolver and goes where it is told.
    trusted: reqwest::Client,
    /// Goes to public addresses only.
    vetted: reqwest::Client,
}

impl Http {
    /// A client under `policy`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where TLS cannot be set up.
    pub fn new(policy: Policy) -> Result<Self> {
        Self::build(policy, Arc::new(SystemLookup::default()), None)
    }

    fn build(policy: Policy, public: Arc<dyn Lookup>, trusted: Option<Arc<dyn Lookup>>) -> Result<Self> {
        let vetted = client(&policy).dns_resolver(Arc::new(Vetted(public)));
        let mut open = client(&policy);
        if let Some(lookup) = trusted {
            open = open.dns_resolver(Arc::new(resolve::Open(lookup)));
        }
        let built =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|error| Error::Invalid(response::story(&error)));
        Ok(Self { policy: Arc::new(policy), trusted: built(open)?, vetted: built(vetted)? })
    }

    /// What holds for its calls.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Makes one call, and for [`Request::follow`] up to [`MAX_REDIRECTS`] more; each hop passes the guard again, and
    /// one to another origin leaves credentials and headers behind.
    ///
    /// # Errors
    /// [`Error::Blocked`] before anything is sent; [`Error::NotConnected`], [`Error::Interrupted`] or
    /// [`Error::TooLarge`] afterwards. An answer of any status is no error here.
    pub async fn send(&self, guard: &Guard, request: Request) -> Result<Response> {
        let allowed = &self.policy.allowed;
        let mut guard = guard.clone();
        let mut url = guard.admit(&request.url, allowed)?;
        let mut request = request;
        for _ in 0..=MAX_REDIRECTS {
            let client = if guard.trusts(&url, allowed) { &self.trusted } else { &self.vetted };
            let (first, again) = request.split();
            let response = self.call(client, url.clone(), first).await?;
            let (Some(rest), Some(target)) = (again, response.redirect()) else { return Ok(response) };

            let target = url.join(target).map_err(|_| Refusal::Malformed)?;
            request = rest;
            if url.origin() != target.origin() {
                if url.scheme() == "https" && target.scheme() != "https" {
                    return Err(Refusal::Scheme.into());
                }
                // Whoever vouched for the origin did not vouch for where it sends us.
                guard = Guard::Public;
                request = request.without_credentials();
            }
            url = guard.admit(target.as_str(), allowed)?;
        }
        Err(Refusal::TooManyRedirects.into())
    }

    async fn call(&self, client: &reqwest::Client, url: Url, request: Request) -> Result<Response> {
        let limit = request.max_body.unwrap_or(self.policy.max_body);
        let call = request.onto(client, url)?;
        let answer = call.send().await.map_err(|error| response::failure(&error))?;
        Response::new(answer, limit)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the guarded client that everybody else has to use")]
fn client(policy: &Policy) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .connect_timeout(policy.connect_timeout)
        .timeout(policy.total_timeout)
        .user_agent(concat!("hilo/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests;
