//! `GET /sim/events`: what happens, as server-sent events, for the phone page.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

use crate::world::World;

/// Events from now on. The first is `ready`; one who lagged behind gets `resync` and reads everything again.
pub(super) async fn stream(State(world): State<Arc<World>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let live = stream::unfold(world.listen(), |mut live| async move {
        let event = match live.recv().await {
            Ok(happened) => Event::default().event(happened.event).data(happened.data.to_string()),
            Err(RecvError::Lagged(_)) => Event::default().event("resync").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((event, live))
    });
    let ready = stream::once(async { Event::default().event("ready").data("{}").retry(Duration::from_secs(1)) });
    let stop = world.stop.clone();
    let events = ready.chain(live).map(Ok).take_until(async move { stop.cancelled().await });
    Sse::new(events).keep_alive(KeepAlive::default())
}
