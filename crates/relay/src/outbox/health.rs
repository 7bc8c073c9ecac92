//! Who is away, as far as the relay knows; the log is told twice about an outage and not flooded.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::stream::StreamError;

/// What a relay knows of those whom it needs; its halves share it.
#[derive(Debug, Default)]
pub struct Health {
    temporal_is_away: AtomicBool,
    bells_to_hasten: AtomicBool,
    stream_is_away: AtomicBool,
    events_to_hasten: AtomicBool,
}

impl Health {
    /// Whether Temporal did not answer when it was last asked.
    #[must_use]
    pub fn temporal_is_away(&self) -> bool {
        self.temporal_is_away.load(Ordering::SeqCst)
    }

    /// Whether the stream did not answer when it was last asked.
    #[must_use]
    pub fn stream_is_away(&self) -> bool {
        self.stream_is_away.load(Ordering::SeqCst)
    }

    /// Temporal has answered one ring at least.
    pub(super) fn temporal_has_answered(&self) {
        if self.temporal_is_away.swap(false, Ordering::SeqCst) {
            tracing::info!("Temporal is back; ringing what has waited");
            self.bells_to_hasten.store(true, Ordering::SeqCst);
        }
        metrics::gauge!("hilo_temporal_away").set(0.0);
    }

    /// Temporal has answered no ring.
    pub(super) fn temporal_has_not_answered(&self, why: &str) {
        if !self.temporal_is_away.swap(true, Ordering::SeqCst) {
            tracing::warn!(reason = why, "Temporal is away; what must be rung waits in the outbox");
        }
        metrics::gauge!("hilo_temporal_away").set(1.0);
    }

    /// The stream was asked to publish something, and this is what became of it.
    pub(super) fn stream_has(&self, outcome: &Result<(), StreamError>) {
        match outcome {
            Ok(()) => {
                if self.stream_is_away.swap(false, Ordering::SeqCst) {
                    tracing::info!("Redis is back; publishing what has waited");
                    self.events_to_hasten.store(true, Ordering::SeqCst);
                }
            }
            Err(error) => {
                if !self.stream_is_away.swap(true, Ordering::SeqCst) {
                    tracing::warn!(%error, "Redis is away; events wait in the outbox");
                }
            }
        }
        metrics::gauge!("hilo_stream_away").set(if outcome.is_ok() { 0.0 } else { 1.0 });
    }

    /// What has waited for Temporal is to be made due; asked until [`Health::hastened_bells`].
    pub(super) fn bells_to_hasten(&self) -> bool {
        self.bells_to_hasten.load(Ordering::SeqCst)
    }

    pub(super) fn hastened_bells(&self) {
        self.bells_to_hasten.store(false, Ordering::SeqCst);
    }

    /// What has waited for the stream is to be made due; asked until [`Health::hastened_events`].
    pub(super) fn events_to_hasten(&self) -> bool {
        self.events_to_hasten.load(Ordering::SeqCst)
    }

    pub(super) fn hastened_events(&self) {
        self.events_to_hasten.store(false, Ordering::SeqCst);
    }
}

/// Whether one part of the relay can do its work in Postgres; each has its own, since one may fail where others do not.
#[derive(Debug)]
pub(super) struct Footing {
    part: &'static str,
    lost: bool,
}

impl Footing {
    pub(super) const fn of(part: &'static str) -> Self {
        Self { part, lost: false }
    }

    pub(super) fn is<T>(&mut self, outcome: &hilo_store::Result<T>) {
        match outcome {
            Ok(_) if self.lost => tracing::info!(part = self.part, "the relay works in Postgres again"),
            Err(error) if !self.lost => {
                let error = chain(error);
                tracing::warn!(part = self.part, %error, "the relay cannot do its work in Postgres; it goes on trying");
            }
            Ok(_) | Err(_) => {}
        }
        self.lost = outcome.is_err();
    }
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
