//! News that one client has another identifier: a new number, a new business-scoped id.

use hilo_domain::inbound::{Fact, IdentityChange, InboundMessage, Meaning, Sender};
use hilo_domain::message::Content;
use serde_json::Value;

use super::message::bounded;
use super::{Reader, json, sender};

/// What a system message announces besides itself, if it announces an identifier.
pub(super) fn of_system(message: &InboundMessage) -> Option<IdentityChange> {
    if message.meaning != Meaning::Aside || message.sender.group.is_some() {
        return None;
    }
    let Content::System { .. } = message.content else { return None };
    let system = message.raw.get("system")?;
    let usable = |key| bounded(system, key).ok().flatten();
    // Older payloads say `new_wa_id`.
    let wa_id = usable("wa_id").or_else(|| usable("new_wa_id"));
    let user_id = usable("user_id");
    change(message.sender.clone(), wa_id, user_id)
}

/// Reads the field `user_id_update`.
pub(super) fn read_updates(reader: &mut Reader<'_>, pointer: &str, value: &Value) {
    if value.get("user_id_update").is_none() {
        return reader.news(pointer, value);
    }
    reader.each(pointer, value, "user_id_update", |reader, pointer, update| match of_update(update) {
        Ok(change) => reader.fact(pointer, Fact::Identity(change)),
        Err(reason) => reader.unreadable(pointer, reason, update),
    });
}

fn of_update(update: &Value) -> Result<IdentityChange, String> {
    let wa_id = bounded(update, "wa_id")?;
    let ids = json::object(update, "user_id").ok_or("the update has no `user_id`")?;
    let previous = bounded(ids, "previous")?;
    let current = bounded(ids, "current")?;
    if wa_id.is_none() && previous.is_none() {
        return Err("the update does not say whose it is".to_owned());
    }
    let known = Sender {
        phone: sender::phone(wa_id.as_deref()),
        address: wa_id.or_else(|| previous.clone()),
        business_scoped_id: previous,
        ..Sender::default()
    };
    change(known, None, current).ok_or_else(|| "the update has no new id".to_owned())
}

fn change(known: Sender, wa_id: Option<String>, user_id: Option<String>) -> Option<IdentityChange> {
    let wa_id = wa_id.filter(|wa_id| known.address.as_ref() != Some(wa_id));
    let user_id = user_id.filter(|user_id| known.business_scoped_id.as_ref() != Some(user_id));
    let also = Sender {
        phone: sender::phone(wa_id.as_deref()),
        address: wa_id.or_else(|| user_id.clone()),
        business_scoped_id: user_id,
        ..Sender::default()
    };
    also.address.is_some().then_some(IdentityChange { known, also })
}
