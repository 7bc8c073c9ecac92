//! One answer, read no further than its limit.

use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap};
use reqwest::{StatusCode, Url};

use super::guard::Refusal;
use crate::{Error, Result};

/// An answer whose head has come; its body is read in pieces or at once, up to the limit of the request.
#[derive(Debug)]
pub struct Response {
    answer: reqwest::Response,
    limit: u64,
    read: u64,
}

impl Response {
    pub(super) fn new(answer: reqwest::Response, limit: u64) -> Result<Self> {
        if answer.content_length().is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { limit });
        }
        Ok(Self { answer, limit, read: 0 })
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// Where the answer came from, after redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.answer.url()
    }

    /// The announced length in bytes, where it is announced.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The announced type.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers().get(header::CONTENT_TYPE)?.to_str().ok()
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the limit, [`Error::Interrupted`] where the rest does not come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let Some(chunk) = self.answer.chunk().await.map_err(|error| failure(&error))? else { return Ok(None) };
        self.read = self.read.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.read > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        Ok(Some(chunk))
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Where the answer sends us, if it does.
    pub(super) fn redirect(&self) -> Option<&str> {
        let redirects = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::SEE_OTHER,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        redirects.contains(&self.status()).then(|| self.headers().get(header::LOCATION)?.to_str().ok())?
    }
}

/// What a failed call means: refused by the resolver's guard, never connected, or broken off.
pub(super) fn failure(error: &reqwest::Error) -> Error {
    if let Some(refusal) = causes(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
        return Error::Blocked(*refusal);
    }
    if error.is_builder() {
        Error::Invalid(story(error))
    } else if error.is_connect() {
        Error::NotConnected(story(error))
    } else {
        Error::Interrupted(story(error))
    }
}

/// The causes' sentences, without the outermost: that one would show the address.
pub(super) fn story(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let sentences: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    if sentences.is_empty() { "the request could not be made".to_owned() } else { sentences.join(": ") }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}
