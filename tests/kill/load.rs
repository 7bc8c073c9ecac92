//! Senders that behave like Meta.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hilo_whatsapp::meta::signature;
use serde_json::json;

use crate::Dice;
use crate::system::System;

/// Who says how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The first person's number.
    pub(crate) first: usize,
    /// How many people.
    pub(crate) people: usize,
    /// How many messages each of them says, one after the other.
    pub(crate) each: usize,
}

impl Plan {
    pub(crate) fn total(self) -> usize {
        self.people * self.each
    }

    pub(crate) fn phone(self, person: usize) -> String {
        format!("5199{:07}", self.first + person)
    }
}

pub(crate) struct Sender {
    client: reqwest::Client,
    url: String,
    dice: Dice,
    acknowledged: Arc<AtomicUsize>,
}

impl Sender {
    pub(crate) fn new(system: &System, seed: u64, acknowledged: Arc<AtomicUsize>) -> Self {
        Self { client: system.client(), url: system.url("/webhooks/meta"), dice: Dice(seed), acknowledged }
    }

    /// Says everything in order, each message in one to three copies; returns how many deliveries were refused.
    pub(crate) async fn say_everything(mut self, plan: Plan, person: usize) -> usize {
        self.dice.0 ^= u64::try_from(plan.first + person).unwrap() << 32;
        let phone = plan.phone(person);
        let mut refused = 0;
        for n in 0..plan.each {
            let copies = 1 + self.dice.below(3);
            let deliveries = (0..copies).map(|_| self.deliver(&phone, n));
            refused += futures::future::join_all(deliveries).await.into_iter().sum::<usize>();
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
            // Meta also repeats what was acknowledged long ago.
            if n > 3 && self.dice.below(10) == 0 {
                refused += self.deliver(&phone, n - 3).await;
            }
        }
        refused
    }

    /// Delivers one copy until it is acknowledged.
    async fn deliver(&self, phone: &str, n: usize) -> usize {
        let body = body(phone, n);
        let header = signature::sign("demo-app-secret", body.as_bytes());
        let mut refused = 0;
        loop {
            let request = self.client.post(&self.url).header(signature::HEADER, &header).body(body.clone());
            match request.send().await {
                Ok(response) if response.status() == 200 => return refused,
                Ok(response) => assert!(response.status().is_server_error(), "{} for {body}", response.status()),
                Err(_) => {}
            }
            refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn body(phone: &str, n: usize) -> String {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [{"field": "messages",
        "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "525500000001", "phone_number_id": "100000000000001"},
            "contacts": [{"wa_id": phone, "profile": {"name": format!("Persona {phone}")}}],
            "messages": [{"from": phone, "id": format!("wamid.{phone}.{n}"), "timestamp": "1795000000",
                          "type": "text", "text": {"body": n.to_string()}}]}}]}]})
    .to_string()
}
