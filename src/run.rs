//! The processes: gateway, worker, stand-in; and bringing the schema up to date.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hilo_activities::{Deps, World};
use hilo_domain::clock::{SharedClock, SystemClock};
use hilo_gateway::intake::Intake;
use hilo_gateway::{Desk, Gateway, TokenKeys};
use hilo_relay::feed::RedisFeed;
use hilo_relay::outbox::{Relay, Ringer, Settings};
use hilo_relay::stream::{RedisStream, Stream};
use hilo_relay::temporal::{Bells as _, Temporal, TemporalBells};
use hilo_store::seal::Keyring;
use hilo_store::{Pool, PoolOptions, agents};
use hilo_whatsapp::http::{Http, Policy};
use hilo_whatsapp::meta::client::CloudApi;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::config::Config;

/// Where the stand-in listens and keeps what it has accepted.
#[derive(Debug, clap::Args)]
pub(crate) struct SimulatorArgs {
    /// Where it listens
    #[arg(long, env = "HILO_SIMULATOR_ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where it keeps what it has accepted
    #[arg(long, env = "HILO_SIMULATOR_DATA", default_value = ".hilo/simulator")]
    data: PathBuf,
    /// Where it delivers webhooks
    #[arg(long, env = "HILO_SIMULATOR_WEBHOOK", default_value = "http://127.0.0.1:8080/webhooks/meta")]
    webhook: Url,
}

/// What gateway and worker have in common.
struct Base {
    pool: Pool,
    ring: Keyring,
    clock: SharedClock,
    bells: Arc<TemporalBells>,
    stream: Arc<dyn Stream>,
    relay: Relay,
    relaying: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Base {
    fn start(config: &Config) -> anyhow::Result<Self> {
        let pool =
            hilo_store::open(&config.database_url, PoolOptions::default()).context("DATABASE_URL is malformed")?;
        let clock: SharedClock = Arc::new(SystemClock);
        let bells = Arc::new(TemporalBells::new(config.temporal.clone()));
        let stream: Arc<dyn Stream> =
            Arc::new(RedisStream::new(config.redis_url.expose_secret()).context("REDIS_URL is malformed")?);
        let stop = CancellationToken::new();
        let ringer = Ringer {
            pool: pool.clone(),
            bells: bells.clone(),
            stream: stream.clone(),
            clock: clock.clone(),
            settings: Settings::default(),
        };
        let (relay, relaying) = Relay::start(ringer, stop.clone());
        Ok(Self { pool, ring: config.ring.clone(), clock, bells, stream, relay, relaying, stop })
    }

    /// Starts the workflows of all queues that take chats: whoever waits since before is looked at.
    fn start_queues(&self) {
        let (pool, bells, stop) = (self.pool.clone(), self.bells.clone(), self.stop.clone());
        tokio::spawn(async move {
            loop {
                let started = async {
                    for queue in agents::active_queues(&pool).await? {
                        bells.queue(queue).await?;
                    }
                    anyhow::Ok(())
                };
                let Err(error) = started.await else { break };
                tracing::warn!(%error, "the queues could not be started; trying again");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                }
            }
        });
    }

    async fn finish(self) {
        self.stop.cancel();
        drop(tokio::time::timeout(Duration::from_secs(5), self.relaying).await);
        self.pool.close().await;
    }
}

/// Runs the gateway until SIGTERM or Ctrl-C.
pub(crate) async fn serve(config: &Config) -> anyhow::Result<()> {
    log(&config.log)?;
    let keys = config
        .jwt_key
        .as_ref()
        .context("HILO_JWT_KEY is not set; set it, for example to `k1:` and 32 random bytes in base64")?;
    let tokens = TokenKeys::parse(keys).context("HILO_JWT_KEY is malformed")?;
    let base = Base::start(config)?;
    let desk = Desk {
        commands: base.bells.clone(),
        tokens,
        proxies: config.proxies.clone(),
        secure_cookies: config.public_url.as_ref().is_some_and(|url| url.scheme() == "https"),
        temporal_ui: config.temporal_ui.clone(),
        temporal_namespace: config.temporal.namespace.clone(),
        feed: Arc::new(RedisFeed::new(config.redis_url.expose_secret()).context("REDIS_URL is malformed")?),
        runs: base.bells.clone(),
    };
    let intake = Intake {
        pool: base.pool.clone(),
        ring: base.ring.clone(),
        relay: base.relay.clone(),
        clock: base.clock.clone(),
    };
    let deps = hilo_gateway::Deps { intake, bells: base.bells.clone(), stream: base.stream.clone(), desk };
    let gateway = Gateway::bind(&config.http_addr, deps)
        .await
        .with_context(|| format!("the gateway cannot listen at {}; is the port in use?", config.http_addr))?;
    tracing::info!(address = %gateway.local_addr()?, "the gateway listens");
    gateway.serve(asked_to_stop()?).await?;
    base.finish().await;
    tracing::info!("the gateway has stopped");
    Ok(())
}

/// Runs the worker until SIGTERM or Ctrl-C; waits for Temporal for as long as it takes.
pub(crate) async fn worker(config: &Config) -> anyhow::Result<()> {
    log(&config.log)?;
    let base = Base::start(config)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    let asked = asked_to_stop()?;
    tokio::spawn(async move {
        asked.await;
        told.cancel();
    });
    let http = Http::new(Policy::default()).context("TLS cannot be set up")?;
    let api = CloudApi::new(http, &config.meta_base_url, &config.meta_version)
        .context("HILO_META_BASE_URL or HILO_META_GRAPH_VERSION is malformed")?;
    let mut pause = Duration::from_millis(200);
    let outcome = loop {
        match Temporal::connect(&config.temporal).await {
            Ok(temporal) => {
                tracing::info!(address = %config.temporal.address, "the worker works");
                base.start_queues();
                let world = World::new(Deps {
                    pool: base.pool.clone(),
                    ring: base.ring.clone(),
                    relay: base.relay.clone(),
                    clock: base.clock.clone(),
                    api,
                });
                break hilo_activities::worker::run(&temporal, world, stop.clone().cancelled_owned()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the worker waits for Temporal");
                tokio::select! {
                    () = stop.cancelled() => break Ok(()),
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
                }
            }
        }
    };
    base.finish().await;
    outcome.context("the worker failed")
}

/// Runs the stand-in for WhatsApp until SIGTERM or Ctrl-C.
pub(crate) async fn simulator(args: SimulatorArgs) -> anyhow::Result<()> {
    log(&std::env::var("HILO_LOG").unwrap_or_else(|_| "info".to_owned()))?;
    let config = hilo_simulator::Config::demo(args.listen, args.data, args.webhook);
    hilo_simulator::run(config, asked_to_stop()?).await.context("the stand-in for WhatsApp failed")
}

/// Brings the schema up to date.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<()> {
    let pool = open_for_work(config)?;
    hilo_store::migrate(&pool).await.context("the schema was not brought up to date")?;
    pool.close().await;
    println!("The schema is up to date.");
    Ok(())
}

/// A pool for one piece of work on the whole database, which may take its time.
pub(crate) fn open_for_work(config: &Config) -> anyhow::Result<Pool> {
    let patient = PoolOptions { connections: 2, acquire: Duration::from_secs(10), statement: Duration::ZERO };
    hilo_store::open(&config.database_url, patient).context("DATABASE_URL is malformed")
}

/// Logs JSON lines to standard error: one line an event, whatever a client puts into a text.
fn log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("HILO_LOG is malformed; write `info`, for example")?;
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task panicked")));
    Ok(())
}

fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
