//! Meta's WhatsApp Cloud API.
pub mod client;
pub mod error;
pub mod request;
pub mod signature;
pub mod verification;
pub mod webhook;
