//! Where a request really comes from: the peer, or what trusted proxies say about it.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The networks whose `X-Forwarded-For` is believed (`HILO_TRUSTED_PROXIES`).
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

/// An entry is neither an address nor a network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("entry {position} is neither an address nor a network")]
pub struct ProxiesError {
    /// Which entry, from 1.
    pub position: usize,
}

impl Proxies {
    /// Reads `10.0.0.1,172.16.0.0/12`.
    ///
    /// # Errors
    /// [`ProxiesError`], which names the entry.
    pub fn parse(text: &str) -> Result<Self, ProxiesError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let read = |(index, entry): (usize, &str)| {
            let net = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| ProxiesError { position: index + 1 })
        };
        entries.enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The nearest address that is no trusted proxy's: from the peer backwards through `X-Forwarded-For`.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.map(|peer| peer.to_canonical())?;
        if !self.trusts(peer) {
            return Some(peer);
        }
        let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let told: Vec<&str> = told.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut nearest = peer;
        for entry in told.into_iter().rev() {
            let Ok(address) = entry.parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
            if !self.trusts(nearest) {
                break;
            }
        }
        Some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(proxies: &str, peer: &str, told: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let proxies = Proxies::parse(proxies).unwrap();
        proxies.client(Some(peer.parse().unwrap()), &headers).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "a stranger claims");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("", "127.0.0.1", &["198.51.100.1"]), "127.0.0.1");
    }

    #[test]
    fn what_a_client_puts_before_the_proxy_s_own_entry_is_not_believed() {
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["1.1.1.1", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["198.51.100.7, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn a_malformed_entry_is_named() {
        assert_eq!(Proxies::parse("10.0.0.1, x").unwrap_err(), ProxiesError { position: 2 });
    }
}
