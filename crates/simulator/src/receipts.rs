//! Receipts that come by themselves: `sent`, then `delivered`, `read` if the customer has opened the chat meanwhile, or
//! `failed` where a fault or the content says so.

use std::sync::Arc;
use std::time::Duration;

use crate::record::{Delivery, Record};
use crate::state::State;
use crate::world::World;

impl World {
    /// Follows an accepted message until no receipt comes by itself any more.
    pub(crate) fn follow(self: &Arc<Self>, id: String, position: u64) {
        let world = Arc::clone(self);
        self.spawn(async move {
            if world.durable(position).await.is_err() {
                return;
            }
            while let Some((status, _)) = world.look(|state| next(state, &id)) {
                world.clock().sleep(world.pause_before(status)).await;
                world.note(|state| world.receipt(state, &id, status).into_iter().collect());
            }
        });
    }

    /// The receipt `status` of a message, if it is still the next one.
    fn receipt(&self, state: &State, id: &str, status: Delivery) -> Option<Record> {
        let (due, code) = next(state, id)?;
        let number = self.number(&state.outbound(id)?.1.number);
        let webhook = number.filter(|number| state.is_subscribed(&number.waba_id)).map(|_| state.next_webhook);
        (due == status).then(|| Record::Status { webhook, id: id.to_owned(), status, code, at: self.now() })
    }

    fn pause_before(&self, status: Delivery) -> Duration {
        match status {
            Delivery::Sent | Delivery::Failed => self.config.receipts.sent_after,
            Delivery::Delivered => self.config.receipts.delivered_after,
            Delivery::Accepted | Delivery::Read => Duration::ZERO,
        }
    }
}

impl State {
    /// Messages to which something still happens by itself.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &str> {
        self.outbounds()
            .filter(|(_, outbound)| outbound.next_receipt().is_some())
            .map(|(_, outbound)| outbound.id.as_str())
    }
}

fn next(state: &State, id: &str) -> Option<(Delivery, Option<u32>)> {
    state.outbound(id)?.1.next_receipt()
}
