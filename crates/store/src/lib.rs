//! All the SQL of Hilo: one aggregate, one file.
//!
//! # The rules
//! - Whoever knows the whole act opens the transaction (an endpoint, an activity, the relay) and passes it down;
//!   nothing in here begins or commits one, except [`migrate`] and the pool's own checks.
//! - One lock order everywhere (`turns.md` 25): client identifiers (sorted; inserted if absent, then locked) → advisory `(number, provider id)`, sorted → conversation → chat → agent → queue → client row.
//!   Batches sort. A deadlock or a serialization failure is retried by the opener ([`Error::is_retryable`]).
//! - SQL asks for no time to decide by; times come in as parameters. Leases alone use the database's clock.
//! - What a client said is sealed under the client's own key ([`seal`]) before it gets here.
//!
//! # To add an aggregate
//! One file, named for the noun; `query!` with its types checked; `cargo xtask gen` writes the offline data.
//!
//! It knows nothing of HTTP, Temporal or any provider's JSON.

pub mod account_news;
pub mod agents;
pub mod audit;
pub mod campaigns;
pub mod chats;
pub mod clients;
pub mod commands;
pub mod conversations;
pub mod dead_letters;
pub mod desk;
mod error;
pub mod events;
pub mod flows;
mod ghosts;
mod identities;
pub mod inbox;
pub mod inputs;
pub mod mail;
pub mod messages;
pub mod notes;
pub mod notifications;
pub mod numbers;
pub mod outbox;
mod places;
mod pool;
pub mod quarantine;
pub mod receipts;
pub mod seal;
pub mod sends;
pub mod sessions;
#[cfg(feature = "testing")]
pub mod testing;
pub mod turns;
pub mod users;

pub use error::Error;
pub use pool::{Pool, PoolOptions, Tx, begin, migrate, open, pending, ping};

/// The result of everything in here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every migration, in order.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
