//! What a body brings besides messages and receipts: what cannot be read, what is for others, news, new identifiers.
//!
//! Of each element the bytes that came are kept. A body may hold thousands of elements that nobody can read; past a
//! hundred of a kind it is kept once, whole.

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use hilo_domain::id::NumberId;
use hilo_domain::inbound::IdentityChange;
use hilo_store::account_news::News;
use hilo_store::clients::{self, Visit};
use hilo_store::dead_letters::NewDeadLetter;
use hilo_store::quarantine::NewQuarantined;
use hilo_whatsapp::meta::webhook;
use sha2::{Digest, Sha256};

use crate::batcher::Away;
use crate::intake::{Asides, Item, refused, retry_races};
use crate::server::App;

/// So many elements of one body are kept one by one.
pub(super) const ONE_BY_ONE: usize = 100;

/// What an element is, if it is neither message nor receipt.
#[derive(Debug)]
pub(super) enum Aside {
    /// It is signed, and cannot be read or belongs nowhere, for this reason.
    Dead(String),
    /// It is for a number that is not ours, or of another app.
    Foreign(&'static str),
    /// News about an account, or about this number.
    News(Option<NumberId>),
}

/// A client's new identifier.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) number: NumberId,
    pub(super) at: DateTime<Utc>,
    pub(super) change: IdentityChange,
}

/// Keeps them, in one transaction.
pub(super) async fn set_aside(app: &App, body: &Bytes, items: &[Item<Aside>]) -> Result<(), Away> {
    let at = app.clock.now();
    let mut asides = Asides::default();
    for (item, bytes) in items.iter().zip(bytes(body, items)) {
        let origin = &item.origin;
        let (pointer, field) = (origin.pointer.as_str(), origin.field.as_str());
        let (phone_number_id, waba_id) = (origin.phone_number_id.as_deref(), origin.waba_id.as_deref());
        match &item.what {
            Aside::Dead(reason) => asides.letters.push(NewDeadLetter {
                source: "meta",
                pointer,
                phone_number_id,
                waba_id,
                field,
                reason,
                body: bytes,
                at,
            }),
            Aside::Foreign(reason) => asides.quarantined.push(NewQuarantined {
                pointer,
                phone_number_id,
                waba_id,
                field,
                reason,
                body: bytes,
                at,
            }),
            Aside::News(number) => asides.news.push(News { number: *number, waba_id, field, body: bytes, at }),
        }
    }
    if asides.letters.len() > ONE_BY_ONE {
        asides.letters = vec![NewDeadLetter {
            source: "meta",
            pointer: "",
            phone_number_id: None,
            waba_id: None,
            field: "",
            reason: "more than 100 of its elements cannot be read; this is the whole body",
            body,
            at,
        }];
    }
    if asides.quarantined.len() > ONE_BY_ONE {
        asides.quarantined = vec![NewQuarantined {
            pointer: "",
            phone_number_id: None,
            waba_id: None,
            field: "",
            reason: "more than 100 of its elements are for others; this is the whole body",
            body,
            at,
        }];
    }
    app.intake.set_aside(&asides).await
}

/// Attaches new identifiers to the clients who had the old ones, each piece of news once.
pub(super) async fn learn(app: &App, body: &Bytes, items: &[Item<Identity>]) -> Result<(), Away> {
    for (item, bytes) in items.iter().zip(bytes(body, items)) {
        let Identity { number, at, change } = &item.what;
        let known = Visit { sender: &change.known, number: *number, waba_id: item.origin.waba_id.as_deref(), at: *at };
        let digest = Sha256::new().chain_update(number.0.as_bytes()).chain_update(bytes).finalize();
        let learned = retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&app.intake.pool).await?;
                if clients::first_heard(&mut tx, &digest, *at).await?
                    && clients::also_known_as(&mut tx, &app.intake.ring, known, &change.also).await?.is_some()
                {
                    tx.commit().await?;
                }
                Ok(())
            }
            .boxed()
        });
        learned.await.map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// The bytes of each item, as they came.
fn bytes<'a, A>(body: &'a Bytes, items: &[Item<A>]) -> Vec<&'a [u8]> {
    let pointers: Vec<&str> = items.iter().map(|item| item.origin.pointer.as_str()).collect();
    if pointers.is_empty() { Vec::new() } else { webhook::slices(body, &pointers) }
}
