//! What all parts share, and the one way in which anything changes: decide on the state, write the journal, apply, tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, NumberConfig};
use crate::courier::Courier;
use crate::error::Error;
use crate::faults::Faults;
use crate::graph::templates::Catalogue;
use crate::graph::validate::Schema;
use crate::id::Dice;
use crate::journal::{Journal, Unwritten};
use crate::limiter::Limiter;
use crate::record::Record;
use crate::state::State;
use crate::view;

/// How many live events a slow page may lag behind before it is told to start over.
const LIVE_BACKLOG: usize = 4_096;

/// The simulator behind its sockets.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) courier: Courier,
    pub(crate) faults: Faults,
    pub(crate) limiter: Limiter,
    pub(crate) dice: Dice,
    pub(crate) schema: Schema,
    pub(crate) catalogue: Catalogue,
    pub(crate) stop: CancellationToken,
    live: broadcast::Sender<Arc<Live>>,
    state: Mutex<State>,
    journal: Journal,
    tasks: TaskTracker,
}

/// Something the phone page wants to know at once.
#[derive(Debug)]
pub(crate) struct Live {
    /// The event's name.
    pub(crate) event: &'static str,
    /// Its data.
    pub(crate) data: Value,
}

impl World {
    /// Reads the journal and takes up what the last run left: receipts to come, webhooks without an answer.
    pub(crate) fn open(config: Config) -> Result<Arc<Self>, Error> {
        let media = config.data_dir.join("media");
        std::fs::create_dir_all(&media).map_err(|source| Error::Data { path: media, source })?;
        let mut state = State::default();
        let journal = Journal::open(&config.data_dir.join("journal.jsonl"), |record| {
            state.apply(&record);
        })?;
        let world = Arc::new(Self {
            courier: Courier::new(&config.webhooks)?,
            faults: Faults::default(),
            limiter: Limiter::default(),
            dice: Dice::new(),
            schema: Schema::new()?,
            catalogue: Catalogue::new()?,
            stop: CancellationToken::new(),
            live: broadcast::channel(LIVE_BACKLOG).0,
            state: Mutex::new(state),
            journal,
            tasks: TaskTracker::new(),
            config,
        });
        let (webhooks, unfinished) = world.look(|state| {
            let webhooks = state.pending.values().cloned().collect::<Vec<_>>();
            (webhooks, state.unfinished().map(str::to_owned).collect::<Vec<_>>())
        });
        world.note(|state| {
            let strangers = world.config.customers.iter().filter(|one| !state.customers.contains_key(&one.wa_id));
            let at = world.now();
            strangers.map(|one| Record::Customer { wa_id: one.wa_id.clone(), name: one.name.clone(), at }).collect()
        });
        for webhook in webhooks {
            world.courier.take(&world, webhook, 0);
        }
        for id in unfinished {
            world.follow(id, 0);
        }
        Ok(world)
    }

    /// Reads the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
    }

    /// Decides on the state and records what follows; returns once that is on the disk.
    pub(crate) async fn commit<T, E: From<Unwritten>>(
        self: &Arc<Self>,
        decide: impl FnOnce(&State) -> Result<(Vec<Record>, T), E>,
    ) -> Result<T, E> {
        let (position, outcome) = {
            let mut state = self.state();
            let (records, outcome) = decide(&state)?;
            (self.record(&mut state, &records, true)?, outcome)
        };
        self.durable(position).await?;
        Ok(outcome)
    }

    /// Records what may be lost in a power cut, because it is found out again.
    pub(crate) fn note(self: &Arc<Self>, decide: impl FnOnce(&State) -> Vec<Record>) {
        let mut state = self.state();
        let records = decide(&state);
        if let Err(error) = self.record(&mut state, &records, false) {
            tracing::error!(%error, "a note was lost");
        }
    }

    /// Resolves once the journal is on the disk up to `position`; position 0 always is.
    pub(crate) async fn durable(&self, position: u64) -> Result<(), Unwritten> {
        self.journal.durable(position).await
    }

    /// Runs something until it ends or the simulator stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Stops all that runs and closes the journal.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.journal.close();
    }

    /// Tells every open page.
    pub(crate) fn tell(&self, event: &'static str, data: Value) {
        // Without a page there is nobody to tell.
        let _ = self.live.send(Arc::new(Live { event, data }));
    }

    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Live>> {
        self.live.subscribe()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.config.clock
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.config.clock.now()
    }

    /// The number with this id.
    pub(crate) fn number(&self, phone_number_id: &str) -> Option<&NumberConfig> {
        self.config.numbers.iter().find(|number| number.phone_number_id == phone_number_id)
    }

    /// Where a number's webhooks go: its own callback, else its account's, else the app's.
    pub(crate) fn callback(&self, phone_number_id: &str) -> Option<Url> {
        let number = self.number(phone_number_id)?;
        self.look(|state| {
            let account = state.subscriptions.get(&number.waba_id).and_then(|account| account.callback.clone());
            let own = state.callbacks.get(phone_number_id).cloned();
            own.or(account).or_else(|| Some(number.webhook_url.clone()))
        })
    }

    fn record(self: &Arc<Self>, state: &mut State, records: &[Record], urgent: bool) -> Result<u64, Unwritten> {
        let mut position = 0;
        for record in records {
            position = self.journal.append(record, urgent)?;
            // A hasty note never becomes durable by itself, so nothing waits for it.
            let awaited = if urgent { position } else { 0 };
            if let Some(webhook) = state.apply(record) {
                self.courier.take(self, webhook, awaited);
            }
            self.announce(state, record);
            if let Record::Accepted { id, .. } = record {
                self.follow(id.clone(), awaited);
            }
        }
        Ok(if urgent { position } else { 0 })
    }

    fn announce(&self, state: &State, record: &Record) {
        if self.live.receiver_count() == 0 {
            return;
        }
        match record {
            Record::Accepted { id, wa_id, .. } | Record::Inbound { id, wa_id, .. } => {
                if let Some((_, entry)) = state.message(id) {
                    self.tell("message", json!({"waId": wa_id, "item": view::entry(self, state, entry)}));
                }
            }
            Record::Status { id, status, code, .. } => {
                if let Some((wa_id, _)) = state.message(id) {
                    self.tell("status", json!({"waId": wa_id, "id": id, "status": status, "code": code}));
                }
            }
            Record::Customer { wa_id, name, .. } => self.tell("customer", json!({"waId": wa_id, "name": name})),
            Record::BusinessRead { id, .. } => {
                if let Some((wa_id, _)) = state.message(id) {
                    self.tell("businessRead", json!({"waId": wa_id, "id": id}));
                }
            }
            Record::Opened { .. }
            | Record::Notified { .. }
            | Record::Media(_)
            | Record::MediaDeleted { .. }
            | Record::Template { .. }
            | Record::TemplateDeleted { .. }
            | Record::Subscription { .. }
            | Record::Callback { .. } => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
