//! What can go wrong on the way out.

use crate::http::Refusal;
use crate::meta::error::GraphFailure;

/// The result of an outgoing call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an outgoing call has no result. No variant holds a credential or a query string.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guard did not let the address through; nothing was sent.
    #[error("the address is refused")]
    Blocked(#[from] Refusal),
    /// The client could not be built, or a request is not one (a header's value, a version): a programming or
    /// configuration mistake. Nothing was sent.
    #[error("the request is not valid: {0}")]
    Invalid(String),
    /// No connection was made, so nothing was sent; safe to try again.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// The call broke off after bytes may have been written: nobody knows what the other side did.
    #[error("no complete answer: {0}")]
    Interrupted(String),
    /// The answer is larger than its limit in bytes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The other side answered, and said no.
    #[error("refused")]
    Refused(#[source] GraphFailure),
    /// The other side answered with success and something else than what is documented.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}
