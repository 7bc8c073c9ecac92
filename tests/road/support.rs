//! The road in one process: the gateway, a worker, the stand-in for WhatsApp, and real Postgres, Redis and Temporal.
//! Every test has a database, a task queue and ports of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hilo_activities::{Deps, World};
use hilo_domain::agent::AgentState;
use hilo_domain::clock::{Clock, SharedClock, SystemClock};
use hilo_domain::command::{Actor, Answer, Command};
use hilo_domain::id::{AgentId, CampaignId, ChatId, CommandId, ConversationId, MessageId, UserId};
use hilo_domain::permission::Role;
use hilo_gateway::intake::Intake;
use hilo_gateway::{Desk, Gateway, Proxies, TokenKeys};
use hilo_relay::feed::RedisFeed;
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_relay::stream::{RedisStream, Stream};
use hilo_relay::temporal::{Address, Bells, Commands, Temporal, TemporalBells};
use hilo_simulator::{Config, Receipts, Simulator, Throughput};
use hilo_store::campaigns::{self, NewCampaign};
use hilo_store::chats::Chat;
use hilo_store::commands::{self, NewCommand, Requested};
use hilo_store::desk::Entry;
use hilo_store::testing::{Database, database};
use hilo_store::users::{self, NewUser};
use hilo_store::{agents, chats, conversations, flows, turns};
use hilo_whatsapp::http::{Http, Policy};
use hilo_whatsapp::meta::client::CloudApi;
use hilo_workflows::activities::ChatView;
use hilo_workflows::conversation::{Ask, Snapshot};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything, running.
pub(crate) struct Road {
    pub(crate) db: Database,
    pub(crate) clock: SharedClock,
    pub(crate) relay: Relay,
    pub(crate) bells: Arc<TemporalBells>,
    pub(crate) address: Address,
    pub(crate) ana: AgentId,
    pub(crate) luis: AgentId,
    pub(crate) gateway: SocketAddr,
    simulator: SocketAddr,
    http: reqwest::Client,
    stop: CancellationToken,
    worker: Option<(CancellationToken, std::thread::JoinHandle<()>)>,
    _data: tempfile::TempDir,
}

/// What may differ from test to test.
pub(crate) struct Terms {
    pub(crate) first_reply_seconds: i32,
    pub(crate) idle_seconds: i32,
    pub(crate) capacity: i32,
    pub(crate) flow: &'static str,
}

impl Default for Terms {
    fn default() -> Self {
        Self { first_reply_seconds: 600, idle_seconds: 3600, capacity: 5, flow: include_str!("../../flows/demo.json") }
    }
}

impl Road {
    /// Starts everything, with the demo's campaign and two agents who are offline.
    pub(crate) async fn start(terms: Terms) -> Self {
        let temporal = std::env::var("TEMPORAL_ADDRESS").expect("TEMPORAL_ADDRESS is set by `cargo xtask test`");
        Self::start_by(terms, temporal, Arc::new(SystemClock)).await
    }

    /// The same on another Temporal, and by another clock.
    pub(crate) async fn start_by(terms: Terms, temporal: String, clock: SharedClock) -> Self {
        let db = database().await;
        let (campaign, ana, luis) = seed(&db, &terms).await;
        let address =
            Address { address: temporal, namespace: "default".into(), task_queue: format!("road-{campaign}") };
        let redis = std::env::var("REDIS_URL").expect("REDIS_URL is set by `cargo xtask test`");
        let bells = Arc::new(TemporalBells::new(address.clone()));
        let stream: Arc<dyn Stream> = Arc::new(RedisStream::new(&redis).expect("a Redis address"));
        let stop = CancellationToken::new();
        let ringer = Ringer {
            pool: db.pool.clone(),
            bells: bells.clone(),
            stream: stream.clone(),
            clock: clock.clone(),
            settings: Settings::default(),
        };
        let (relay, _) = Relay::start(ringer, stop.clone());
        let intake =
            Intake { pool: db.pool.clone(), ring: db.ring.clone(), relay: relay.clone(), clock: clock.clone() };
        let deps =
            hilo_gateway::Deps { intake, bells: bells.clone() as Arc<dyn Bells>, stream, desk: desk(&bells, &redis) };
        let gateway = Gateway::bind("127.0.0.1:0", deps).await.expect("a free port");
        let listens = gateway.local_addr().expect("an address");
        let webhook = format!("http://{listens}/webhooks/meta");
        tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));
        let data = tempfile::tempdir().expect("a folder");
        let mut config = Config::demo(
            "127.0.0.1:0".parse().expect("an address"),
            data.path().to_owned(),
            webhook.parse().expect("an address"),
        );
        config.receipts = Receipts { sent_after: Duration::from_millis(5), delivered_after: Duration::from_millis(10) };
        config.limits.throughput = Throughput::Unlimited;
        config.limits.pair_burst = 10_000;
        let stand_in = Simulator::bind(config).await.expect("a free port");
        let simulator = stand_in.local_addr();
        tokio::spawn(stand_in.serve(stop.clone().cancelled_owned()));
        let mut road = Self {
            db,
            clock,
            relay,
            bells,
            address,
            ana,
            luis,
            gateway: listens,
            simulator,
            http: client(),
            stop,
            worker: None,
            _data: data,
        };
        road.start_worker();
        road
    }

    /// Starts a worker in a thread of its own.
    pub(crate) fn start_worker(&mut self) {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let address = self.address.clone();
        let http = Http::new(Policy::default()).expect("TLS");
        let base = format!("http://{}", self.simulator).parse().expect("an address");
        let deps = Deps {
            pool: self.db.pool.clone(),
            ring: self.db.ring.clone(),
            relay: self.relay.clone(),
            clock: self.clock.clone(),
            api: CloudApi::new(http, &base, "v25.0").expect("an API"),
        };
        // The worker's future stays on its thread; what it spawns needs the test's own runtime for nothing.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let temporal = Temporal::connect(&address).await.expect("Temporal answers");
                let ran = hilo_activities::worker::run(&temporal, World::new(deps), told.cancelled_owned()).await;
                ran.expect("the worker works");
            });
        });
        self.worker = Some((stop, thread));
    }

    /// Stops the worker and waits for its end.
    pub(crate) async fn stop_worker(&mut self) {
        if let Some((stop, thread)) = self.worker.take() {
            stop.cancel();
            tokio::task::spawn_blocking(move || thread.join()).await.expect("a thread").expect("the worker ended well");
        }
    }

    // The client.

    /// The client writes; gives the provider's id.
    pub(crate) async fn says(&self, wa_id: &str, text: &str) -> String {
        self.send(wa_id, json!({"type": "text", "text": text})).await
    }

    /// The client taps the option with this label, of the newest message that has it.
    pub(crate) async fn taps(&self, wa_id: &str, label: &str) -> String {
        let got = self.got(wa_id).await;
        let option = got.iter().rev().find_map(|message| option(message, label));
        let (kind, id) = option.unwrap_or_else(|| panic!("nothing to tap with `{label}`: {got:#?}"));
        self.send(wa_id, json!({"type": kind, "id": id})).await
    }

    async fn send(&self, wa_id: &str, message: Value) -> String {
        let url = format!("http://{}/sim/customers/{wa_id}/messages", self.simulator);
        let answer = self.http.post(url).json(&message).send().await.expect("the stand-in answers");
        assert_eq!(answer.status(), 201, "{message}");
        answer.json::<Value>().await.expect("JSON")["id"].as_str().expect("an id").to_owned()
    }

    /// Everything that the client has got.
    pub(crate) async fn got(&self, wa_id: &str) -> Vec<Value> {
        let url = format!("http://{}/sim/customers/{wa_id}/messages", self.simulator);
        let page: Value = self.http.get(url).send().await.expect("it answers").json().await.expect("JSON");
        page["items"].as_array().expect("items").clone()
    }

    /// Waits until the client has got `n` messages, and gives them.
    pub(crate) async fn got_all(&self, wa_id: &str, n: usize) -> Vec<Value> {
        self.until(&format!("{wa_id} has got {n} messages"), || async {
            let got = self.got(wa_id).await;
            (got.len() >= n).then_some(got)
        })
        .await
    }

    /// Makes the stand-in misbehave.
    pub(crate) async fn fault(&self, fault: Value) {
        let url = format!("http://{}/sim/faults", self.simulator);
        let answer = self.http.post(url).json(&fault).send().await.expect("the stand-in answers");
        assert!(answer.status().is_success(), "{fault}: {}", answer.text().await.unwrap_or_default());
    }

    // People.

    /// An agent says what they are ready for.
    pub(crate) async fn is(&self, agent: AgentId, state: AgentState) {
        let mut tx = self.db.begin().await;
        let actor = Actor::user(UserId(agent.0));
        let (_, rows) =
            agents::set_state(&mut tx, agent, state, None, &actor, self.clock.now()).await.expect("a state");
        tx.commit().await.expect("a commit");
        self.relay.ring(rows);
    }

    /// The last socket of an agent has been silent for a minute.
    pub(crate) async fn loses_its_socket(&self, agent: AgentId) {
        let (socket, gateway) =
            (hilo_domain::id::uuid_at(self.clock.now()), hilo_domain::id::uuid_at(self.clock.now()));
        let mut tx = self.db.begin().await;
        let rows = agents::beat(&mut tx, agent, socket, gateway, self.clock.now()).await.expect("a beat");
        tx.commit().await.expect("a commit");
        // A minute ago, by the clock that leases go by.
        self.db.execute("update heartbeats set at = clock_timestamp() - interval '1 minute'").await;
        self.relay.ring(rows);
    }

    /// Somebody asks something of a chat.
    pub(crate) async fn asks(&self, who: AgentId, chat: ChatId, command: Command) -> Answer {
        let (conversation, id) = self.requests(who, chat, &command).await;
        let ask = Ask { command: id, kind: command.kind().to_owned() };
        match self.bells.carry_out(conversation, ask).await {
            Ok(answer) => answer,
            // Nobody answered in time; the command is stored, and its bell rings.
            Err(_) => {
                self.until("the command is carried out", || async {
                    let known = commands::get(&self.db.pool, id).await.expect("a command");
                    known.and_then(|(_, answer)| answer)
                })
                .await
            }
        }
    }

    /// Stores a command and rings, without waiting for what comes of it.
    pub(crate) async fn requests(&self, who: AgentId, chat: ChatId, command: &Command) -> (ConversationId, CommandId) {
        let now = self.clock.now();
        let id = match command {
            Command::Reply { message, .. } => CommandId(message.0),
            _ => CommandId::new(now),
        };
        let mut tx = self.db.begin().await;
        let actor = Actor::user(UserId(who.0));
        let new = NewCommand { id, chat, command, actor: &actor, idempotency_key: None, at: now };
        let stored = commands::request(&mut tx, &self.db.ring, &new).await.expect("a command");
        tx.commit().await.expect("a commit");
        let Requested::New { conversation, outbox } = stored else { panic!("not new: {stored:?}") };
        self.relay.ring(outbox);
        (conversation, id)
    }

    /// An agent replies.
    pub(crate) async fn replies(&self, who: AgentId, chat: ChatId, text: &str) -> Answer {
        let message = MessageId::new(self.clock.now());
        self.asks(who, chat, Command::Reply { message, text: text.into(), over: false }).await
    }

    // What stands in Postgres.

    /// The client's conversation.
    pub(crate) async fn conversation(&self, wa_id: &str) -> ConversationId {
        self.until("the conversation exists", || async {
            let phone = hilo_domain::phone::fold(wa_id).expect("a phone");
            let all = conversations::of_phone(&self.db.pool, &phone).await.expect("conversations");
            all.first().map(|conversation| conversation.id)
        })
        .await
    }

    /// All chats with a client.
    pub(crate) async fn chats(&self, wa_id: &str) -> Vec<Chat> {
        let conversation = self.conversation(wa_id).await;
        chats::of_conversation(&self.db.pool, conversation).await.expect("chats")
    }

    /// Waits until the newest chat with a client is as it should be.
    pub(crate) async fn chat(&self, wa_id: &str, what: &str, is: impl Fn(&Chat) -> bool) -> Chat {
        let found = self.sooner_or_later(|| async { self.chats(wa_id).await.pop().filter(&is) }).await;
        match found {
            Some(chat) => chat,
            None => {
                panic!("it never came to pass that the chat of {wa_id} {what}: {:#?}", self.chats(wa_id).await.pop())
            }
        }
    }

    /// What whoever handed a chat over has to say.
    pub(crate) async fn note(&self, chat: &Chat) -> Option<String> {
        chats::note(&self.db.pool, &self.db.ring, chat.id).await.expect("a note")
    }

    /// The tables in which a word stands in plain.
    pub(crate) async fn in_plain(&self, word: &str) -> Vec<String> {
        self.db.tables_with(word).await
    }

    /// What the ledger says about a client's conversation.
    pub(crate) async fn ledger(&self, wa_id: &str) -> Vec<Entry> {
        let conversation = self.conversation(wa_id).await;
        let acts = turns::ledger(&self.db.pool, &self.db.ring, conversation, 0).await.expect("a ledger");
        acts.into_iter().flat_map(|act| act.entries).collect()
    }

    /// Waits until `look` finds something.
    pub(crate) async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, look: impl Fn() -> F) -> T {
        self.sooner_or_later(look).await.unwrap_or_else(|| panic!("it never came to pass that {what}"))
    }

    async fn sooner_or_later<T, F: Future<Output = Option<T>>>(&self, look: impl Fn() -> F) -> Option<T> {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.ok()
    }

    /// What a conversation's workflow says of itself; it answers when no task of it is pending. Nothing of one that has
    /// ended.
    pub(crate) async fn snapshot(&self, conversation: ConversationId) -> Option<Snapshot> {
        let temporal = Temporal::connect(&self.address).await.expect("Temporal answers");
        temporal.snapshot(conversation).await.expect("an answer")
    }

    /// The workflow and Postgres say the same of a client's chat.
    pub(crate) async fn agree(&self, wa_id: &str) {
        let conversation = self.conversation(wa_id).await;
        self.until("the workflow and Postgres agree", || async {
            let workflow = self.snapshot(conversation).await.and_then(|snapshot| snapshot.chat);
            let row = self.chats(wa_id).await.pop().filter(|chat| chat.status.is_open());
            let row = row.map(|chat| ChatView { id: chat.id, status: chat.status, generation: chat.generation });
            (workflow == row).then_some(())
        })
        .await;
    }

    /// Keeps the history of a client's conversation, as far as it has come, when histories are being recorded
    /// (`HILO_RECORD` names the folder).
    pub(crate) async fn record(&self, name: &str, wa_id: &str) {
        let conversation = self.conversation(wa_id).await;
        self.record_workflow(name, &hilo_workflows::conversation::workflow_id(conversation)).await;
    }

    /// The same for the default queue.
    pub(crate) async fn record_queue(&self, name: &str) {
        let queues = agents::active_queues(&self.db.pool).await.expect("queues");
        let queue = queues.first().expect("a queue");
        self.record_workflow(name, &hilo_workflows::queue::workflow_id(*queue)).await;
    }

    /// The same for any workflow.
    pub(crate) async fn record_workflow(&self, name: &str, workflow: &str) {
        let Some(folder) = std::env::var_os("HILO_RECORD") else { return };
        let temporal = Temporal::connect(&self.address).await.expect("Temporal answers");
        let json = temporal.history(workflow).await.expect("a history");
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.json")), json).expect("a file");
    }

    /// Ends everything.
    pub(crate) async fn end(mut self) {
        self.stop_worker().await;
        self.stop.cancel();
    }
}

/// What screens need.
fn desk(bells: &Arc<TemporalBells>, redis: &str) -> Desk {
    let key = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    Desk {
        commands: bells.clone(),
        tokens: TokenKeys::parse(&key.into()).expect("a key"),
        proxies: Proxies::default(),
        secure_cookies: false,
        temporal_ui: None,
        temporal_namespace: "default".into(),
        feed: Arc::new(RedisFeed::new(redis).expect("a Redis address")),
        runs: bells.clone(),
    }
}

/// Speaks to the stand-in, on loopback.
#[expect(clippy::disallowed_methods, reason = "a test speaks to its own stand-in")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// The words of a message that the client has got.
pub(crate) fn words(message: &Value) -> String {
    let of = |value: &Value| value.as_str().map(str::to_owned);
    of(&message["text"]).or_else(|| of(&message["interactive"]["body"]["text"])).unwrap_or_else(|| message.to_string())
}

/// The option of a message with this label: what tapping it sends.
fn option(message: &Value, label: &str) -> Option<(&'static str, String)> {
    let action = &message["interactive"]["action"];
    let button = action["buttons"].as_array().into_iter().flatten().map(|b| ("button", &b["reply"]));
    let rows = action["sections"].as_array().into_iter().flatten();
    let row = rows.flat_map(|s| s["rows"].as_array().into_iter().flatten()).map(|row| ("list", row));
    let (kind, found) = button.chain(row).find(|(_, option)| option["title"] == label)?;
    Some((kind, found["id"].as_str()?.to_owned()))
}

async fn seed(db: &Database, terms: &Terms) -> (CampaignId, AgentId, AgentId) {
    let now = SystemClock.now();
    let mut tx = db.begin().await;
    let campaign = NewCampaign {
        key: "campaign-1",
        name: "Demo",
        flow_key: "demo",
        first_reply_seconds: terms.first_reply_seconds,
        idle_seconds: terms.idle_seconds,
        capacity: terms.capacity,
    };
    let campaign = campaigns::add_if_absent(&mut tx, &campaign, now).await.expect("a campaign");
    campaigns::give_number(&mut tx, campaign, db.number).await.expect("a number");
    for (key, name, is_default) in [("queue-1", "Ventas", true), ("queue-2", "Soporte", false)] {
        campaigns::add_queue_if_absent(&mut tx, campaign, key, name, is_default, now).await.expect("a queue");
    }
    for (position, key) in (0..).zip(["resolved", "no_response", "bot_completed", "bot_error"]) {
        campaigns::add_close_reason_if_absent(&mut tx, key, key, position).await.expect("a reason");
    }
    let mut people = Vec::new();
    for (email, name) in [("ana@demo.hilo.local", "Ana"), ("luis@demo.hilo.local", "Luis")] {
        let new = NewUser { email, name, role: Role::Agente, password_hash: "none" };
        let user = users::add_if_absent(&mut tx, &new, now).await.expect("a user").expect("a new one");
        agents::join_campaign(&mut tx, campaign, AgentId(user.0), now).await.expect("an agent");
        people.push(AgentId(user.0));
    }
    let flow = hilo_engine::compile(terms.flow, None).flow.expect("a flow that compiles");
    flows::publish(&mut tx, "demo", flow.hash(), terms.flow, Some(campaign), "", now).await.expect("published");
    tx.commit().await.expect("a commit");
    (campaign, people[0], people[1])
}
