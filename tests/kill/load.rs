//! Senders that behave like Meta: signed bodies of two to five messages of several people, each in some copies, again
//! until they are acknowledged, and the next body only then.

use std::collections::BTreeSet;
use std::ops::{AddAssign, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hilo_whatsapp::meta::signature;
use serde_json::json;

use crate::common::Dev;

/// So many people write into the same bodies.
const GROUP: usize = 5;

/// A pseudo-random sequence (SplitMix64): the same seed does the same at the same points.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

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

    /// The people, as they write together.
    pub(crate) fn groups(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.people).step_by(GROUP).map(move |first| first..self.people.min(first + GROUP))
    }
}

/// What was sent, and what became of it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Bodies that were acknowledged, without their copies.
    pub(crate) bodies: usize,
    /// Those of them in which somebody says more than one thing.
    pub(crate) with_order: usize,
    /// Those of them in which several people speak.
    pub(crate) mixed: usize,
    /// Deliveries that were refused or met nobody.
    pub(crate) refused: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.bodies += other.bodies;
        self.with_order += other.with_order;
        self.mixed += other.mixed;
        self.refused += other.refused;
    }
}

/// One message: whose, and which of theirs.
type Said = (usize, usize);

pub(crate) struct Sender {
    client: reqwest::Client,
    url: String,
    plan: Plan,
    dice: Dice,
    acknowledged: Arc<AtomicUsize>,
}

impl Sender {
    pub(crate) fn new(system: &Dev, seed: u64, plan: Plan, acknowledged: Arc<AtomicUsize>) -> Self {
        Self { client: client(), url: system.url("/webhooks/meta"), plan, dice: Dice(seed), acknowledged }
    }

    /// Says everything that these people have to say.
    pub(crate) async fn say_everything(mut self, people: Range<usize>) -> Tally {
        self.dice.0 ^= u64::try_from(self.plan.first + people.start).unwrap() << 32;
        let mut tally = Tally::default();
        let mut next: Vec<Said> = people.map(|person| (person, 0)).collect();
        let mut said: Vec<Said> = Vec::new();
        while !next.is_empty() {
            let body = self.draw(&mut next);
            let copies = 1 + self.dice.below(3);
            let deliveries = futures::future::join_all((0..copies).map(|_| self.deliver(&body)));
            tally.refused += deliveries.await.into_iter().sum::<usize>();
            self.acknowledged.fetch_add(body.len(), Ordering::SeqCst);
            let people = body.iter().map(|(person, _)| person).collect::<BTreeSet<_>>().len();
            tally.bodies += 1;
            tally.with_order += usize::from(people < body.len());
            tally.mixed += usize::from(people > 1);
            said.extend(body);
            // Meta also repeats what was acknowledged long ago, in bodies of another make.
            if self.dice.below(5) == 0 {
                let again: Vec<_> = (0..2 + self.dice.below(4)).map(|_| said[self.dice.below(said.len())]).collect();
                tally.refused += self.deliver(&again).await;
            }
        }
        tally
    }

    /// One body in which somebody says three things, the last first: what a system that turned bodies round would store.
    pub(crate) async fn say_backwards(&self, person: usize) {
        self.deliver(&[(person, 2), (person, 1), (person, 0)]).await;
    }

    /// The next two to five messages, of whoever it may be; nobody's second comes before their first.
    fn draw(&mut self, next: &mut Vec<Said>) -> Vec<Said> {
        let left: usize = next.iter().map(|(_, n)| self.plan.each - n).sum();
        let mut size = (2 + self.dice.below(4)).min(left);
        if left - size == 1 {
            // Nobody is left alone.
            size = if size < 5 { size + 1 } else { size - 1 };
        }
        let mut body = Vec::new();
        for _ in 0..size {
            let index = self.dice.below(next.len());
            let (person, n) = &mut next[index];
            body.push((*person, *n));
            *n += 1;
            if *n == self.plan.each {
                next.swap_remove(index);
            }
        }
        body
    }

    /// Delivers one copy until it is acknowledged; how often it was not.
    async fn deliver(&self, said: &[Said]) -> usize {
        let mut refused = 0;
        while let Ok(false) | Err(_) = self.try_to_deliver(said).await {
            refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        refused
    }

    /// Delivers one copy; whether it was acknowledged. Whoever refuses it must say, as the contract has it, that it will
    /// be welcome later.
    pub(crate) async fn try_to_deliver(&self, said: &[Said]) -> reqwest::Result<bool> {
        let body = self.body(said);
        let header = signature::sign("demo-app-secret", body.as_bytes());
        let response = self.client.post(&self.url).header(signature::HEADER, header).body(body).send().await?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(true);
        }
        let named = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (kind, later) = (named("content-type"), named("retry-after"));
        let problem: serde_json::Value = response.json().await?;
        assert_eq!((status, &problem["type"]), (503, &json!("/problems/unavailable")), "{problem}");
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{problem}");
        assert!(later.is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "without Retry-After: {problem}");
        Ok(false)
    }

    fn body(&self, said: &[Said]) -> String {
        let phones: BTreeSet<_> = said.iter().map(|(person, _)| self.plan.phone(*person)).collect();
        let contacts: Vec<_> = phones
            .iter()
            .map(|phone| json!({"wa_id": phone, "profile": {"name": format!("Persona {phone}")}}))
            .collect();
        let messages: Vec<_> = said
            .iter()
            .map(|(person, n)| {
                let phone = self.plan.phone(*person);
                json!({"from": phone, "id": format!("wamid.{phone}.{n}"), "timestamp": "1795000000",
                       "type": "text", "text": {"body": n.to_string()}})
            })
            .collect();
        json!({"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [
            {"field": "messages", "value": {"messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "525500000001", "phone_number_id": "100000000000001"},
                "contacts": contacts, "messages": messages}}]}]})
        .to_string()
    }
}

#[expect(clippy::disallowed_methods, reason = "the client of a test that speaks to this machine alone")]
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}
