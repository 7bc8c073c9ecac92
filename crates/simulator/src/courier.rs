//! Delivers webhooks: signed, one lane for each customer of a number, repeated with growing pauses until the business
//! answers 200.
//!
//! INVARIANT: the first copies of one customer's messages leave in order, each after the one before it was acknowledged.
//! Only what a fault shuffles (receipts, further copies) leaves the lane.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use hilo_whatsapp::meta::signature;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use crate::error::Error;
use crate::faults::Plan;
use crate::record::Record;
use crate::webhook::{self, Kind, Webhook};
use crate::world::World;

/// Meta gives up after so long.
const GIVE_UP: TimeDelta = TimeDelta::days(7);
/// How long shuffled and batched webhooks are held to meet others.
const HOLD: Duration = Duration::from_millis(200);
/// Webhooks of one batch at most.
const BATCH: usize = 100;

/// The lanes and the client that delivers them.
pub(crate) struct Courier {
    lanes: Mutex<HashMap<Lane, VecDeque<Parcel>>>,
    shuffled: Mutex<Vec<Parcel>>,
    permits: Semaphore,
    client: Client,
}

type Lane = (String, String);

#[derive(Clone)]
struct Parcel {
    webhook: Webhook,
    plan: Plan,
    /// The journal's position that must be durable before this leaves.
    position: u64,
}

impl Courier {
    #[expect(clippy::disallowed_methods, reason = "webhooks go to the address of the configuration, loopback included")]
    pub(crate) fn new(config: &crate::config::Webhooks) -> Result<Self, Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.timeout)
            .build()
            .map_err(Error::Client)?;
        Ok(Self {
            lanes: Mutex::default(),
            shuffled: Mutex::default(),
            permits: Semaphore::new(config.concurrency.max(1)),
            client,
        })
    }

    /// Takes a webhook; it leaves once the journal is durable up to `position`.
    pub(crate) fn take(&self, world: &Arc<World>, webhook: Webhook, position: u64) {
        let plan = world.faults.for_webhook(&webhook);
        if plan.lose {
            let world = Arc::clone(world);
            // Recorded from a task: whoever hands over webhooks holds the state.
            world.clone().spawn(async move { world.notified(vec![webhook.n]) });
            return;
        }
        let parcel = Parcel { webhook, plan, position };
        if parcel.plan.shuffle && parcel.webhook.kind != Kind::Message {
            self.shuffle(world, parcel);
        } else {
            self.queue(world, parcel);
        }
    }

    fn queue(&self, world: &Arc<World>, parcel: Parcel) {
        let lane = (parcel.webhook.number.clone(), parcel.webhook.wa_id.clone());
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parcels) = lanes.get_mut(&lane) {
            parcels.push_back(parcel);
            return;
        }
        lanes.insert(lane.clone(), VecDeque::from([parcel]));
        drop(lanes);
        let world = Arc::clone(world);
        world.clone().spawn(async move { world.courier.run(&world, lane).await });
    }

    /// The first of a pool lets it out after a moment, in another order than it came in.
    fn shuffle(&self, world: &Arc<World>, parcel: Parcel) {
        let mut pool = self.shuffled.lock().unwrap_or_else(PoisonError::into_inner);
        pool.push(parcel);
        if pool.len() > 1 {
            return;
        }
        drop(pool);
        let world = Arc::clone(world);
        world.clone().spawn(async move {
            world.clock().sleep(HOLD).await;
            let courier = &world.courier;
            let mut parcels = std::mem::take(&mut *courier.shuffled.lock().unwrap_or_else(PoisonError::into_inner));
            world.dice.disorder(&mut parcels);
            for parcel in parcels {
                courier.deliver(&world, std::slice::from_ref(&parcel)).await;
            }
        });
    }

    /// Works a lane off and ends with it.
    async fn run(&self, world: &Arc<World>, lane: Lane) {
        while let Some(parcel) = self.head(&lane) {
            let parcels = if parcel.plan.batch {
                world.clock().sleep(HOLD).await;
                self.batch(&lane)
            } else {
                vec![parcel]
            };
            world.clock().sleep(parcels.iter().map(|parcel| parcel.plan.delay).max().unwrap_or_default()).await;
            self.deliver(world, &parcels).await;
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waiting) = lanes.get_mut(&lane) {
                waiting.drain(..parcels.len().min(waiting.len()));
            }
        }
    }

    /// The lane's first parcel; the lane ends when there is none.
    fn head(&self, lane: &Lane) -> Option<Parcel> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let head = lanes.get(lane).and_then(|parcels| parcels.front().cloned());
        if head.is_none() {
            lanes.remove(lane);
        }
        head
    }

    fn batch(&self, lane: &Lane) -> Vec<Parcel> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = lanes.get(lane).map(|parcels| parcels.iter().take_while(|parcel| parcel.plan.batch).take(BATCH));
        waiting.into_iter().flatten().cloned().collect()
    }

    /// Posts until it is acknowledged, then the further copies; all parcels are of one number.
    async fn deliver(&self, world: &Arc<World>, parcels: &[Parcel]) {
        let Some(first) = parcels.first() else { return };
        let position = parcels.iter().map(|parcel| parcel.position).max().unwrap_or_default();
        if world.durable(position).await.is_err() {
            return;
        }
        let webhooks = parcels.iter().map(|parcel| parcel.webhook.clone()).collect::<Vec<_>>();
        let numbers = webhooks.iter().map(|webhook| webhook.n).collect();
        let Some(letter) = Letter::of(world, &webhooks) else {
            // The number was taken out of the configuration: nobody is left to be told.
            world.notified(numbers);
            return;
        };
        let mut pause = world.config.webhooks.retry_first;
        while !self.post(world, &letter).await {
            if world.clock().now() - first.webhook.at > GIVE_UP {
                break;
            }
            world.clock().sleep(pause).await;
            pause = (pause * 2).min(world.config.webhooks.retry_cap);
        }
        world.notified(numbers);
        let copies = parcels.iter().map(|parcel| parcel.plan.copies).max().unwrap_or_default();
        for _ in 0..copies {
            if first.plan.shuffle {
                let (world, letter) = (Arc::clone(world), letter.clone());
                world.clone().spawn(async move {
                    world.clock().sleep(world.dice.below(HOLD * 5)).await;
                    world.courier.post(&world, &letter).await;
                });
            } else {
                self.post(world, &letter).await;
            }
        }
    }

    /// Asks `url` to echo a challenge, as Meta does before it takes a callback; says why it is refused.
    pub(crate) async fn verify(&self, url: &Url, verify_token: &str, challenge: &str) -> Result<(), String> {
        let mut url = url.clone();
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", challenge)
            .append_pair("hub.verify_token", verify_token);
        let answer =
            self.client.get(url).send().await.map_err(|error| format!("The callback is unreachable: {error}"))?;
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        if status == StatusCode::OK && body == challenge {
            Ok(())
        } else {
            Err(format!("The callback answered {status} and did not echo the challenge."))
        }
    }

    /// One attempt; true if it was acknowledged.
    async fn post(&self, world: &World, letter: &Letter) -> bool {
        let Ok(_permit) = self.permits.acquire().await else { return false };
        let Some(url) = world.callback(&letter.number) else { return false };
        let answer = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "facebookexternalua")
            .header(signature::HEADER, &letter.signature)
            .body(letter.body.clone())
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status() == StatusCode::OK => true,
            Ok(answer) => {
                tracing::debug!(%url, status = %answer.status(), "a webhook was refused");
                false
            }
            Err(error) => {
                tracing::debug!(%url, %error, "a webhook did not arrive");
                false
            }
        }
    }
}

/// A signed body.
#[derive(Clone)]
struct Letter {
    number: String,
    body: bytes::Bytes,
    signature: String,
}

impl Letter {
    fn of(world: &World, webhooks: &[Webhook]) -> Option<Self> {
        let number = world.number(&webhooks.first()?.number)?;
        let body = webhook::body(number, webhooks);
        let signature = signature::sign(&number.app_secret, &body);
        Some(Self { number: number.phone_number_id.clone(), body: body.into(), signature })
    }
}

impl World {
    /// Notes that the business knows of these webhooks; after a crash a lost note costs one more copy.
    fn notified(self: &Arc<Self>, webhooks: Vec<u64>) {
        self.note(|_| vec![Record::Notified { webhooks }]);
    }
}
