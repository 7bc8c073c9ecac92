//! Files: where they are, fetching them, handing them over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use url::Url;

use super::{CloudApi, Credentials, refusal, retry_after};
use crate::http::{Guard, Method, Request, Response};
use crate::{Error, Result};

/// The hosts besides the API's own that get the token when a file is fetched. Others are fetched without it.
pub const MEDIA_HOSTS: [&str; 1] = ["lookaside.fbsbx.com"];

/// Bytes of an answer that explains a refused download.
const EXPLANATION: u64 = 64 * 1024;

/// Where a file is, and what it is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// Its address, valid for five minutes.
    pub url: String,
    /// Its declared type.
    pub mime_type: Option<String>,
    /// Its declared digest, as it came; see [`digest`].
    pub sha256: Option<String>,
    /// Its declared size in bytes.
    pub file_size: Option<u64>,
}

/// A file on its way. Whoever reads it decides where it goes; no more than the limit comes.
#[derive(Debug)]
pub struct Download(Response);

impl Download {
    /// The type that the host announces.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.0.content_type()
    }

    /// The size in bytes that the host announces.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.0.content_length()
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the limit, [`Error::Interrupted`] where the rest does not come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.0.chunk().await
    }

    /// The whole file, in memory.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn bytes(self) -> Result<Bytes> {
        self.0.bytes().await
    }
}

impl CloudApi {
    /// Asks where the file `media_id` is.
    ///
    /// # Errors
    /// As every call; [`Error::Unreadable`] where the answer has no address.
    pub async fn media_url(&self, credentials: &Credentials, media_id: &str) -> Result<MediaInfo> {
        let mut url = self.url(&[media_id])?;
        url.query_pairs_mut().append_pair("phone_number_id", &credentials.phone_number_id);
        let answer = self.json(credentials, Request::get(url)).await?;
        let text = |key| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let size = match answer.get("file_size") {
            Some(Value::String(digits)) => digits.trim().parse().ok(),
            other => other.and_then(Value::as_u64),
        };
        Ok(MediaInfo {
            url: text("url").ok_or_else(|| Error::Unreadable("a file without an address".to_owned()))?,
            mime_type: text("mime_type"),
            sha256: text("sha256"),
            file_size: size,
        })
    }

    /// Fetches the file at `info`, at most `limit` bytes of it.
    ///
    /// The token goes to the API's own origin and to [`MEDIA_HOSTS`] over TLS; a redirect to anywhere else is followed
    /// without it. A web page where a file was promised is an error, whatever its status.
    ///
    /// # Errors
    /// [`Error::Refused`] with HTTP 404 where the address has expired (ask again for a new one); [`Error::TooLarge`]
    /// before or during the transfer; [`Error::Unreadable`] for a page instead of a file; as every call.
    pub async fn download(&self, credentials: &Credentials, info: &MediaInfo, limit: u64) -> Result<Download> {
        if info.file_size.is_some_and(|size| size > limit) {
            return Err(Error::TooLarge { limit });
        }
        let request = Request::get(&*info.url).max_body(limit).timeout(self.http.policy().transfer_timeout).follow();
        let (guard, request) = match Url::parse(&info.url) {
            Ok(url) if url.origin() == self.base.origin() => (self.guard(), request.bearer(&credentials.access_token)),
            Ok(url) if is_media_host(&url) => (Guard::Public, request.bearer(&credentials.access_token)),
            _ => (Guard::Public, request),
        };
        let response = self.http.send(&guard, request).await?;
        let (status, wait) = (response.status().as_u16(), retry_after(&response));
        if status != 200 {
            let body = if response.content_length().is_some_and(|length| length > EXPLANATION) {
                Bytes::new()
            } else {
                response.bytes().await.unwrap_or_default()
            };
            return Err(Error::Refused(refusal(status, wait, &body)));
        }
        if is_page(response.content_type()) && !is_page(info.mime_type.as_deref()) {
            return Err(Error::Unreadable("a page instead of a file".to_owned()));
        }
        Ok(Download(response))
    }

    /// Hands a file over, for messages that name it by its id. The id is valid for 30 days and this number.
    ///
    /// # Errors
    /// As every call; [`Error::Invalid`] where `mime_type` is none; [`Error::Unreadable`] where the answer has no id.
    pub async fn upload(
        &self,
        credentials: &Credentials,
        file: Bytes,
        filename: &str,
        mime_type: &str,
    ) -> Result<String> {
        let part = Part::stream(file).file_name(filename.to_owned());
        let part = part.mime_str(mime_type).map_err(|_| Error::Invalid("a file's type".to_owned()))?;
        let form =
            Form::new().text("messaging_product", "whatsapp").text("type", mime_type.to_owned()).part("file", part);
        let url = self.url(&[&credentials.phone_number_id, "media"])?;
        let request = Request::new(Method::POST, url).form(form).timeout(self.http.policy().transfer_timeout);
        let answer = self.json(credentials, request).await?;
        let id = answer.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| Error::Unreadable("an upload without an id".to_owned()))
    }
}

/// The digest that Meta writes in hexadecimal here and in base64 there.
#[must_use]
pub fn digest(sha256: &str) -> Option<[u8; 32]> {
    let bytes = if sha256.len() == 64 { hex::decode(sha256).ok() } else { STANDARD.decode(sha256).ok() };
    bytes?.try_into().ok()
}

/// One of [`MEDIA_HOSTS`], over TLS, at the port of the web.
fn is_media_host(url: &Url) -> bool {
    let known = url.host_str().is_some_and(|host| MEDIA_HOSTS.contains(&host));
    known && url.scheme() == "https" && url.port().is_none()
}

fn is_page(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["text/html", "application/json", "application/xhtml+xml"].iter().any(|page| kind.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_meta_s_media_hosts_over_tls_alone() {
        let goes = |url: &str| is_media_host(&Url::parse(url).unwrap());
        assert!(goes("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"));
        for url in [
            "http://lookaside.fbsbx.com/",
            "https://lookaside.fbsbx.com:8443/",
            "https://lookaside.fbsbx.com.evil.example/",
            "https://x.lookaside.fbsbx.com/",
            "https://evil.example/?lookaside.fbsbx.com",
        ] {
            assert!(!goes(url), "{url}");
        }
    }

    #[test]
    fn a_digest_is_the_same_in_both_spellings() {
        let hex = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        let base64 = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";
        assert_eq!(digest(hex).unwrap(), digest(base64).unwrap());
        assert_eq!(digest("hash"), None);
        assert_eq!(digest(&hex[2..]), None);
    }
}
