//! What the journal adds up to: customers with their messages, uploaded files, templates, and the webhooks that nobody
//! has acknowledged yet. Changes only by [`State::apply`], so a restart finds it as it was.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use crate::content::{self, Choice, Rendered};
use crate::record::{Delivery, Media, Record};
use crate::webhook::{Kind, Webhook};

/// After a customer's message the business may write anything for so long.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Everything that is known.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) customers: BTreeMap<String, Customer>,
    pub(crate) media: HashMap<String, Media>,
    /// Changes to the templates, in order: the catalogue that an account starts with is not here.
    pub(crate) template_changes: Vec<Record>,
    pub(crate) subscriptions: HashMap<String, Subscription>,
    pub(crate) callbacks: HashMap<String, Url>,
    /// Webhooks without their 200, by their number.
    pub(crate) pending: BTreeMap<u64, Webhook>,
    /// The number of the next webhook.
    pub(crate) next_webhook: u64,
    places: HashMap<String, (String, usize)>,
}

/// A person with a phone.
#[derive(Default)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
    last_inbound: HashMap<String, DateTime<Utc>>,
}

/// A message on a customer's phone.
pub(crate) enum Entry {
    /// From the business.
    Outbound(Outbound),
    /// From the customer.
    Inbound(Inbound),
}

/// A message of the business.
pub(crate) struct Outbound {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) request: Value,
    pub(crate) at: DateTime<Utc>,
    pub(crate) status: Delivery,
    pub(crate) failure: Option<u32>,
    pub(crate) rendered: Option<Rendered>,
    /// What it is charged as: the template's category, else `service`.
    pub(crate) category: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) wants_read: bool,
    fails_with: Option<u32>,
}

/// A message of a customer.
pub(crate) struct Inbound {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) message: Value,
    pub(crate) at: DateTime<Utc>,
    pub(crate) read: bool,
}

/// Whether, and where, an account's webhooks go.
pub(crate) struct Subscription {
    pub(crate) subscribed: bool,
    pub(crate) callback: Option<Url>,
}

impl State {
    /// Takes in what happened; returns the webhook that tells of it, if one does.
    pub(crate) fn apply(&mut self, record: &Record) -> Option<Webhook> {
        match record {
            Record::Customer { wa_id, name, .. } => {
                self.customers.entry(wa_id.clone()).or_default().name.clone_from(name);
            }
            Record::Accepted { id, number, wa_id, request, template, fails_with, at } => {
                let rendered = template.as_ref().map(|template| content::render(request, template));
                let category =
                    template.as_ref().and_then(|template| template["category"].as_str()).unwrap_or("service");
                let entry = Entry::Outbound(Outbound {
                    id: id.clone(),
                    number: number.clone(),
                    request: request.clone(),
                    at: *at,
                    status: Delivery::Accepted,
                    failure: None,
                    rendered,
                    category: category.to_lowercase(),
                    choices: content::choices(request, template.as_ref()),
                    wants_read: false,
                    fails_with: *fails_with,
                });
                self.place(wa_id, id, entry);
            }
            Record::Inbound { webhook, id, number, wa_id, message, at } => {
                let entry =
                    Inbound { id: id.clone(), number: number.clone(), message: message.clone(), at: *at, read: false };
                self.place(wa_id, id, Entry::Inbound(entry));
                if opens_window(message) {
                    let customer = self.customers.entry(wa_id.clone()).or_default();
                    customer.last_inbound.insert(number.clone(), *at);
                }
                return self.expect(*webhook, number, wa_id, Kind::Message, message.clone(), *at);
            }
            Record::Status { webhook, id, status, code, at } => return self.receipt(*webhook, id, *status, *code, *at),
            Record::Opened { wa_id, .. } => {
                let entries = self.customers.get_mut(wa_id).map(|customer| customer.entries.iter_mut());
                for entry in entries.into_iter().flatten() {
                    if let Entry::Outbound(outbound) = entry {
                        outbound.wants_read = true;
                    }
                }
            }
            Record::BusinessRead { id, .. } => self.business_read(id),
            Record::Notified { webhooks } => {
                for webhook in webhooks {
                    self.pending.remove(webhook);
                }
            }
            Record::Media(media) => {
                self.media.insert(media.id.clone(), media.clone());
            }
            Record::MediaDeleted { id } => {
                self.media.remove(id);
            }
            Record::Template { .. } | Record::TemplateDeleted { .. } => self.template_changes.push(record.clone()),
            Record::Subscription { waba, subscribed, callback } => {
                let subscription = Subscription { subscribed: *subscribed, callback: callback.clone() };
                self.subscriptions.insert(waba.clone(), subscription);
            }
            Record::Callback { number, callback: Some(callback) } => {
                self.callbacks.insert(number.clone(), callback.clone());
            }
            Record::Callback { number, callback: None } => {
                self.callbacks.remove(number);
            }
        }
        None
    }

    /// Whose message `id` is, and the message.
    pub(crate) fn message(&self, id: &str) -> Option<(&str, &Entry)> {
        let (wa_id, index) = self.places.get(id)?;
        Some((wa_id, self.customers.get(wa_id)?.entries.get(*index)?))
    }

    /// The message of the business with this id.
    pub(crate) fn outbound(&self, id: &str) -> Option<(&str, &Outbound)> {
        match self.message(id)? {
            (wa_id, Entry::Outbound(outbound)) => Some((wa_id, outbound)),
            (_, Entry::Inbound(_)) => None,
        }
    }

    /// Every message of the business, with its customer's id.
    pub(crate) fn outbounds(&self) -> impl Iterator<Item = (&str, &Outbound)> {
        self.customers
            .iter()
            .flat_map(|(wa_id, customer)| customer.outbounds().map(move |outbound| (wa_id.as_str(), outbound)))
    }

    /// Whether free text may go from `number` to the customer now.
    pub(crate) fn window_is_open(&self, number: &str, wa_id: &str, now: DateTime<Utc>) -> bool {
        let last = self.customers.get(wa_id).and_then(|customer| customer.last_inbound.get(number));
        last.is_some_and(|last| now - *last < WINDOW)
    }

    /// Whether the account's webhooks are wanted; they are until somebody unsubscribes.
    pub(crate) fn is_subscribed(&self, waba: &str) -> bool {
        self.subscriptions.get(waba).is_none_or(|subscription| subscription.subscribed)
    }

    fn place(&mut self, wa_id: &str, id: &str, entry: Entry) {
        let entries = &mut self.customers.entry(wa_id.to_owned()).or_default().entries;
        self.places.insert(id.to_owned(), (wa_id.to_owned(), entries.len()));
        entries.push(entry);
    }

    fn expect(
        &mut self,
        number_of_webhook: Option<u64>,
        number: &str,
        wa_id: &str,
        kind: Kind,
        item: Value,
        at: DateTime<Utc>,
    ) -> Option<Webhook> {
        let n = number_of_webhook?;
        let name = self.customers.get(wa_id).map(|customer| customer.name.clone()).unwrap_or_default();
        let webhook =
            Webhook { n, number: number.to_owned(), wa_id: wa_id.to_owned(), name, kind, item: item.into(), at };
        self.next_webhook = self.next_webhook.max(n + 1);
        self.pending.insert(n, webhook.clone());
        Some(webhook)
    }

    fn receipt(
        &mut self,
        webhook: Option<u64>,
        id: &str,
        status: Delivery,
        code: Option<u32>,
        at: DateTime<Utc>,
    ) -> Option<Webhook> {
        let (wa_id, index) = self.places.get(id)?.clone();
        let entry = self.customers.get_mut(&wa_id)?.entries.get_mut(index)?;
        let Entry::Outbound(outbound) = entry else { return None };
        outbound.status = status;
        outbound.failure = code;
        let number = outbound.number.clone();
        let item = crate::webhook::status(outbound, &wa_id, at);
        self.expect(webhook, &number, &wa_id, Kind::Status(status), item, at)
    }

    fn business_read(&mut self, id: &str) {
        let Some((wa_id, index)) = self.places.get(id).cloned() else { return };
        let Some(customer) = self.customers.get_mut(&wa_id) else { return };
        let number = match customer.entries.get(index) {
            Some(Entry::Inbound(inbound)) => inbound.number.clone(),
            Some(Entry::Outbound(_)) | None => return,
        };
        for entry in customer.entries.iter_mut().take(index + 1) {
            if let Entry::Inbound(inbound) = entry
                && inbound.number == number
            {
                inbound.read = true;
            }
        }
    }
}

impl Customer {
    /// What the customer got, oldest first.
    pub(crate) fn outbounds(&self) -> impl DoubleEndedIterator<Item = &Outbound> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Outbound(outbound) => Some(outbound),
            Entry::Inbound(_) => None,
        })
    }
}

impl Outbound {
    /// The kind of message.
    pub(crate) fn kind(&self) -> &str {
        self.request["type"].as_str().unwrap_or("text")
    }

    /// The receipt that comes next by itself, with its error code if it is a failure.
    pub(crate) fn next_receipt(&self) -> Option<(Delivery, Option<u32>)> {
        match (self.status, self.fails_with) {
            (Delivery::Accepted, Some(code)) => Some((Delivery::Failed, Some(code))),
            (Delivery::Accepted, None) => Some((Delivery::Sent, None)),
            // Nobody reports a reaction as delivered or read.
            (Delivery::Sent, _) => (self.kind() != "reaction").then_some((Delivery::Delivered, None)),
            (Delivery::Delivered, _) => self.wants_read.then_some((Delivery::Read, None)),
            (Delivery::Read | Delivery::Failed, _) => None,
        }
    }
}

fn opens_window(message: &Value) -> bool {
    !matches!(message["type"].as_str(), Some("system" | "request_welcome"))
}
