//! Names to addresses, with every answer vetted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use reqwest::dns::{Name, Resolve, Resolving};

use super::address::is_public;
use super::guard::Refusal;

/// Whom to ask for a name's addresses; tests answer themselves.
pub(super) trait Lookup: Send + Sync {
    /// All addresses of `name`, of both families.
    fn addresses(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, String>>;
}

/// The name servers that the system is configured with.
pub(super) struct SystemLookup(Result<TokioResolver, String>);

impl Default for SystemLookup {
    fn default() -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            // One family alone would leave the other's answers unseen.
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
            builder.build()
        });
        Self(resolver.map_err(|error| error.to_string()))
    }
}

impl Lookup for SystemLookup {
    fn addresses(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, String>> {
        let resolver = self.0.clone();
        Box::pin(async move {
            // The final dot keeps the search list out: `example.com.corp.local` was not asked for.
            let name = if name.ends_with('.') { name } else { format!("{name}.") };
            let found = resolver?.lookup_ip(name).await.map_err(|error| error.to_string())?;
            Ok(found.iter().collect())
        })
    }
}

/// Gives the connector public addresses, and none at all if one of the answers is not public: such a name is hostile
/// or misconfigured. The connector dials what it is given, so the vetted address is the one that is used.
pub(super) struct Vetted(pub(super) Arc<dyn Lookup>);

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = self.0.addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = answer.await?;
            if addresses.iter().any(|address| !is_public(*address)) {
                return Err(Refusal::Address.into());
            }
            dialled(addresses)
        })
    }
}

/// Gives the connector whatever the look-up says; for addresses that the operator vouches for.
pub(super) struct Open(pub(super) Arc<dyn Lookup>);

impl Resolve for Open {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = self.0.addresses(name.as_str().to_owned());
        Box::pin(async move { dialled(answer.await?) })
    }
}

fn dialled(
    addresses: Vec<IpAddr>,
) -> Result<Box<dyn Iterator<Item = SocketAddr> + Send>, Box<dyn std::error::Error + Send + Sync>> {
    if addresses.is_empty() {
        return Err("the name has no address".into());
    }
    // Port 0 stands for the request's own.
    Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))))
}
