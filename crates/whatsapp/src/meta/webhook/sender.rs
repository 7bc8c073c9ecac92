//! Who a message is from, by everything that came with it.

use hilo_domain::inbound::Sender;
use serde_json::Value;

use super::json;
use super::message::bounded;

/// The digits that a phone number can have: E.164 allows 15, and no country has fewer than 7.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The `contacts` beside the messages.
#[derive(Clone, Copy)]
pub(super) struct Contacts<'a> {
    cards: &'a [Value],
    /// Whether a single card may be taken for everybody's.
    guess: bool,
}

impl<'a> Contacts<'a> {
    /// Those of `value`; what is no list has none.
    pub(super) fn of(value: &'a Value) -> Self {
        Self { cards: json::list(value, "contacts").unwrap_or_default(), guess: true }
    }

    /// The same, where a single card may be somebody else's.
    pub(super) fn exact(self) -> Self {
        Self { guess: false, ..self }
    }

    /// The contact whose `wa_id` or `user_id` this is; position means nothing.
    fn named(self, address: Option<&str>, user_id: Option<&str>) -> Option<&'a Value> {
        self.cards.iter().find(|contact| {
            let is = |key, wanted: Option<&str>| wanted.is_some() && json::id(contact, key).as_deref() == wanted;
            is("wa_id", address) || is("user_id", user_id)
        })
    }

    /// The only contact there is: it belongs to every message, even when its `wa_id` differs.
    fn only(self) -> Option<&'a Value> {
        match self.cards {
            [contact] if self.guess => Some(contact),
            _ => None,
        }
    }
}

/// Under which keys a message names the client.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    address: &'static str,
    user_id: &'static str,
}

/// The client wrote it.
pub(super) const AUTHOR: Keys = Keys { address: "from", user_id: "from_user_id" };
/// It was written to the client.
pub(super) const ADDRESSEE: Keys = Keys { address: "to", user_id: "to_user_id" };

/// The client of `message`.
///
/// Their address is what the message itself says, verbatim; where it says none (users with a username), the
/// business-scoped id; then what the contact says; then `otherwise`.
///
/// # Errors
/// A reason, where nothing at all says who it is, or an id is too long to be one.
pub(super) fn of(
    message: &Value,
    contacts: Contacts<'_>,
    keys: Keys,
    otherwise: Option<&str>,
) -> Result<Sender, String> {
    let said = bounded(message, keys.address)?;
    let user_id = bounded(message, keys.user_id)?;
    let group = bounded(message, "group_id")?;
    let contact = contacts.named(said.as_deref(), user_id.as_deref()).or_else(|| contacts.only());
    let wa_id = contact.map_or(Ok(None), |contact| bounded(contact, "wa_id"))?;
    let contact_user_id = contact.map_or(Ok(None), |contact| bounded(contact, "user_id"))?;

    let address = [&said, &user_id, &wa_id, &contact_user_id].into_iter().flatten().next().cloned();
    let address = address.or_else(|| otherwise.map(str::to_owned));
    if address.is_none() && group.is_none() {
        return Err(format!("neither `{}` nor a contact says who it is", keys.address));
    }
    Ok(Sender {
        phone: phone(address.as_deref()).or_else(|| phone(wa_id.as_deref())),
        address,
        business_scoped_id: user_id.or(contact_user_id),
        lid: None,
        group,
        name: contact.and_then(name),
    })
}

/// `wa_id`, where it is a phone number's digits.
pub(super) fn phone(wa_id: Option<&str>) -> Option<String> {
    let wa_id = wa_id?;
    let digits = wa_id.strip_prefix('+').unwrap_or(wa_id);
    let is_phone = PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_phone.then(|| digits.to_owned())
}

/// The name that the client chose: of the profile, else the user name.
fn name(contact: &Value) -> Option<String> {
    let profile = contact.get("profile")?;
    let name = |key| json::text(profile, key).map(str::trim).filter(|name| !name.is_empty());
    name("name").or_else(|| name("username")).map(str::to_owned)
}
