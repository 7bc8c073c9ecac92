//! Who somebody is: passwords, tokens, throttling, and where a request really comes from.

pub(crate) mod passwords;
pub(crate) mod proxies;
pub(crate) mod throttle;
pub(crate) mod tokens;
