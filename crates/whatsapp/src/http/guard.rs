//! Where a request may go, decided before anything is sent.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;

/// Who vouches for an address.
#[derive(Debug, Clone)]
pub enum Guard {
    /// The operator: the request stays on the origin of this base, which may be internal.
    Trusted {
        /// The configured base.
        base: Url,
    },
    /// Nobody: only what is public.
    Public,
}

/// Why an address is refused. It never repeats the address: that is somebody's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no absolute address, or holds spaces, control characters or backslashes, which programs read differently.
    #[error("the address is malformed")]
    Malformed,
    /// Neither `http` nor `https`, or a redirect from `https` to `http`.
    #[error("the scheme is not allowed")]
    Scheme,
    /// A user name or a password stands in it.
    #[error("the address holds credentials")]
    Credentials,
    /// The port is not one of the web's.
    #[error("the port is not allowed")]
    Port,
    /// The host is a name of local networks.
    #[error("the host's name is internal")]
    Name,
    /// The host is, or resolves to, an address that is not public.
    #[error("the host's address is not public")]
    Address,
    /// It leaves the origin that the operator configured.
    #[error("the address leaves the configured origin")]
    Origin,
    /// One redirect too many.
    #[error("too many redirects")]
    TooManyRedirects,
}

/// The ports of the web and its usual alternatives.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// Names of local networks (RFC 6761, 6762, 8375, and what clouds use).
const INTERNAL_NAMES: [&str; 7] = ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain"];

impl Guard {
    /// Reads `address` and lets it through, or not.
    pub(super) fn admit(&self, address: &str, allowed: &[String]) -> Result<Url, Refusal> {
        // The parser drops tabs and line feeds and turns backslashes into slashes: whoever writes those means to be
        // read in two ways.
        if address.chars().any(|c| c == '\\' || c.is_whitespace() || c.is_control()) {
            return Err(Refusal::Malformed);
        }
        let url = Url::parse(address).map_err(|_| Refusal::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        match self {
            Self::Trusted { base } if base.origin() == url.origin() => Ok(url),
            Self::Trusted { .. } => Err(Refusal::Origin),
            Self::Public if is_allowed(&url, allowed) => Ok(url),
            Self::Public => is_public_web(&url).map(|()| url),
        }
    }

    /// Whether the operator vouches for `url`, so that the system's resolver may be believed.
    pub(super) fn trusts(&self, url: &Url, allowed: &[String]) -> bool {
        match self {
            Self::Trusted { base } if base.origin() == url.origin() => true,
            Self::Trusted { .. } | Self::Public => is_allowed(url, allowed),
        }
    }
}

/// Whether the operator's list has `url`'s authority, port included.
fn is_allowed(url: &Url, allowed: &[String]) -> bool {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
    let authority = format!("{host}:{port}");
    allowed.iter().any(|one| one.eq_ignore_ascii_case(&authority))
}

/// The parser has put every notation of an IPv4 address (octal, hexadecimal, short, full-width) into one form.
fn is_public_web(url: &Url) -> Result<(), Refusal> {
    if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err(Refusal::Port);
    }
    let literal = |address: IpAddr| if is_public(address) { Ok(()) } else { Err(Refusal::Address) };
    match url.host() {
        Some(Host::Ipv4(address)) => literal(address.into()),
        Some(Host::Ipv6(address)) => literal(address.into()),
        Some(Host::Domain(name)) => is_public_name(name),
        None => Err(Refusal::Malformed),
    }
}

/// A name of at least two labels, none of the local ones.
fn is_public_name(name: &str) -> Result<(), Refusal> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let internal =
        |suffix: &&str| name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !name.contains('.') || INTERNAL_NAMES.iter().any(internal) {
        return Err(Refusal::Name);
    }
    Ok(())
}
