//! One outgoing request.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::{Error, Result};

/// A request; where it may go is the guard's business. Its `Debug` shows neither headers nor body.
pub struct Request {
    pub(super) url: String,
    pub(super) max_body: Option<u64>,
    method: Method,
    headers: HeaderMap,
    bearer: Option<SecretString>,
    body: Body,
    timeout: Option<Duration>,
    follow: bool,
}

enum Body {
    Empty,
    Json(Value),
    Bytes(Bytes),
    Form(Form),
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Request {
    /// A request without body to `url`.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_body: None,
            method,
            headers: HeaderMap::new(),
            bearer: None,
            body: Body::Empty,
            timeout: None,
            follow: false,
        }
    }

    /// A `GET` of `url`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A `POST` of `body` to `url`.
    pub fn post(url: impl Into<String>, body: Value) -> Self {
        let mut request = Self::new(Method::POST, url);
        request.body = Body::Json(body);
        request
    }

    /// With `body` as it is.
    #[must_use]
    pub fn bytes(mut self, body: Bytes) -> Self {
        self.body = Body::Bytes(body);
        self
    }

    /// With a form of several parts.
    #[must_use]
    pub(crate) fn form(mut self, form: Form) -> Self {
        self.body = Body::Form(form);
        self
    }

    /// With one more header.
    ///
    /// # Errors
    /// [`Error::Invalid`] where name or value may not stand in a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let invalid = |_| Error::Invalid("a header's name or value".to_owned());
        let name = name.parse::<HeaderName>().map_err(|_| Error::Invalid("a header's name".to_owned()))?;
        self.headers.append(name, HeaderValue::from_str(value).map_err(invalid)?);
        Ok(self)
    }

    /// With `Authorization: Bearer …`; left behind at a redirect to another origin.
    #[must_use]
    pub fn bearer(mut self, token: &SecretString) -> Self {
        self.bearer = Some(token.clone());
        self
    }

    /// With its own total time-out instead of the client's.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With its own limit of the answer's size, in bytes, instead of the client's.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = Some(bytes);
        self
    }

    /// Follows redirects, each of them guarded; only for `GET` and `HEAD`.
    #[must_use]
    pub fn follow(mut self) -> Self {
        self.follow = matches!(self.method, Method::GET | Method::HEAD);
        self
    }

    /// This request, and the same once more if redirects may be followed.
    pub(super) fn split(self) -> (Self, Option<Self>) {
        let again = self.follow.then(|| Self {
            url: String::new(),
            max_body: self.max_body,
            method: self.method.clone(),
            headers: self.headers.clone(),
            bearer: self.bearer.clone(),
            body: Body::Empty,
            timeout: self.timeout,
            follow: true,
        });
        (self, again)
    }

    /// What may go to a stranger: the method and its limits.
    pub(super) fn without_credentials(mut self) -> Self {
        self.bearer = None;
        self.headers.clear();
        self
    }

    /// The call itself.
    pub(super) fn onto(self, client: &reqwest::Client, url: Url) -> Result<reqwest::RequestBuilder> {
        let mut call = client.request(self.method, url).headers(self.headers);
        if let Some(token) = self.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Error::Invalid("the access token may not stand in a header".to_owned()))?;
            value.set_sensitive(true);
            call = call.header(header::AUTHORIZATION, value);
        }
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        Ok(match self.body {
            Body::Empty => call,
            Body::Json(value) => call.json(&value),
            Body::Bytes(bytes) => call.body(bytes),
            Body::Form(form) => call.multipart(form),
        })
    }
}
