//! Compiled flows, kept by their hash: a published version never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hilo_engine::{Flow, compile};
use hilo_store::{Tx, flows};

/// So many compiled flows are kept.
const KEPT: usize = 256;

/// A compiled flow, and what the database calls it.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) flow: Arc<Flow>,
    pub(crate) hash: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) version: i32,
}

/// Compiled flows by hash.
#[derive(Default)]
pub(crate) struct Flows(Mutex<HashMap<String, Published>>);

impl Flows {
    /// The flow with this hash, read on the caller's connection; `None` when there is none, or it does not compile with this version of the engine.
    pub(crate) async fn get(&self, tx: &mut Tx, hash: &str) -> hilo_store::Result<Option<Published>> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(hash) {
            return Ok(Some(known.clone()));
        }
        let Some(version) = flows::by_hash(tx, hash).await? else { return Ok(None) };
        let compiled = compile(&version.document, None);
        let Some(flow) = compiled.flow else {
            tracing::error!(flow.key = %version.flow_key, flow.hash = hash, "a published flow does not compile");
            return Ok(None);
        };
        let published = Published {
            flow: Arc::new(flow),
            hash: hash.into(),
            key: version.flow_key.into(),
            version: version.version,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(hash.to_owned(), published.clone());
        Ok(Some(published))
    }
}
