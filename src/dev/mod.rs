//! `hilo dev`: a whole contact centre on one machine, from nothing, in one command.
//!
//! Everything lives under one folder ([`home`]). The servers ([`servers`]) and our own processes ([`children`]) are
//! kept alive by one [`supervisor`], which writes down who they are ([`pidfile`]), so that a start after a crash first
//! stops what the crash left. When all of it answers, [`announce`] says where.
//!
//! To add a process: a port in [`ports`] if it listens, a [`supervisor::Spec`] in [`children`], its place in
//! [`NAMES`] and in the order of [`bring_up`].

mod announce;
mod children;
mod home;
mod keys;
mod pidfile;
mod ports;
mod private;
mod ready;
pub(crate) mod servers;
mod signals;
mod supervisor;

use std::collections::BTreeMap;
use std::env;
use std::path::{self, Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;

use self::children::{environment, once};
use self::home::Home;
use self::keys::Keys;
use self::ports::Ports;
use self::ready::Probe;
use self::servers::postgres::Postgres;
use self::servers::redis::Redis;
use self::servers::temporal::Temporal;
use self::servers::{Durability, Program};
use self::signals::Interrupts;
use self::supervisor::{Fleet, Spec};

/// Every process, in the order in which they are stopped: whoever is used by others goes after them.
const NAMES: [&str; 6] = ["gateway", "simulator", "worker", "temporal", "redis", "postgres"];

/// What `hilo dev` may be told.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Args {
    /// Keep nothing: all of it in a temporary folder, removed at the end
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,
    /// Add this to every port
    #[arg(long, default_value_t = 0, value_name = "N")]
    port_offset: u16,
    /// When ready, print one line of JSON, and nothing else on standard output
    #[arg(long)]
    headless: bool,
    /// The folder that holds everything
    #[arg(long, default_value = ".hilo", value_name = "FOLDER")]
    data_dir: PathBuf,
}

/// Starts everything, says where it is, and keeps it running until Ctrl-C or SIGTERM.
///
/// The future must be driven by the thread that lives longest, as `main`'s is: the children ask the system to be
/// stopped when the thread that started them ends.
///
/// # Errors
/// When something is missing, a port is taken, or a process does not come up; each a sentence for the terminal.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let ports = Ports::with_offset(args.port_offset)?;
    let home = if args.ephemeral { Home::ephemeral()? } else { Home::open(&args.data_dir)? };
    let lived = start_and_stop(&args, ports, &home).await;
    home.close()?;
    lived
}

/// The whole of it, in a folder that is ours.
async fn start_and_stop(args: &Args, ports: Ports, home: &Home) -> anyhow::Result<()> {
    for name in NAMES {
        if pidfile::stop_stale(&home.run(), name).await? {
            say(&format!("stopped {name}, left over from an earlier start"));
        }
    }
    ports.check_free()?;
    home.rotate_logs(&NAMES)?;

    let mut interrupts = Interrupts::listen()?;
    let fleet = Fleet::new(home);
    // Local tasks stay on this thread, and the children are started from them.
    let tasks = tokio::task::LocalSet::new();
    let lived = tasks
        .run_until(async {
            tokio::select! {
                outcome = live(args, home, ports, &fleet) => outcome,
                () = interrupts.next() => Ok(()),
            }
        })
        .await;
    if lived.is_ok() {
        say("stopping (again to stop at once)");
    }
    tasks.run_until(fleet.stop(&mut interrupts)).await;
    lived
}

/// Brings everything up, announces it, and never returns unless something failed.
async fn live(args: &Args, home: &Home, ports: Ports, fleet: &Fleet) -> anyhow::Result<()> {
    let started = Instant::now();
    let keys = Keys::load_or_make(&home.keys())?;
    let env = environment(home, ports, &keys)?;
    bring_up(home, ports, &keys, &env, fleet).await?;
    if args.headless {
        announce::line(home, ports, &env, &fleet.pids()?)?;
    } else {
        announce::table(home, ports, started.elapsed())?;
    }
    std::future::pending().await
}

async fn bring_up(
    home: &Home,
    ports: Ports,
    keys: &Keys,
    env: &BTreeMap<String, String>,
    fleet: &Fleet,
) -> anyhow::Result<()> {
    let data = home.path();
    let temporal = Temporal::open(data, &tool_folders(data), Durability::Durable)?;
    let redis = Redis::open(data, Durability::Durable)?;
    let durability = if home.is_ephemeral() { Durability::Scratch } else { Durability::Durable };
    fleet.start(Spec {
        program: temporal.program(ports.temporal, ports.temporal_ui),
        probe: Probe::Temporal(temporal, ports.temporal),
        cluster: None,
    });
    fleet.start(Spec { program: redis.program(ports.redis), probe: Probe::Redis(ports.redis), cluster: None });

    let (folder, password) = (data.to_owned(), keys.postgres_password.clone());
    let postgres = tokio::task::spawn_blocking(move || Postgres::open(&folder, &password, durability))
        .await
        .context("the making of PostgreSQL's cluster was interrupted")??;
    fleet.start(Spec {
        program: postgres.program(ports.postgres),
        probe: Probe::Postgres(ports.postgres),
        cluster: Some(postgres),
    });
    for name in ["postgres", "redis", "temporal"] {
        fleet.ready(name).await?;
        say(&format!("✓ {name}"));
    }

    once(home, env, "migrate", &["migrate"]).await?;
    once(home, env, "seed", &["seed", "--demo"]).await?;
    say("✓ schema and demo data");

    for spec in children::ours(home, ports, env)? {
        fleet.start(spec);
    }
    for name in ["worker", "simulator", "gateway"] {
        fleet.ready(name).await?;
        say(&format!("✓ {name}"));
    }
    Ok(())
}

/// Where set-up unpacks what no package has.
fn tool_folders(data: &Path) -> Vec<PathBuf> {
    let named = env::var_os("HILO_TOOLS").map(PathBuf::from);
    let folders = named.into_iter().chain([data.join("tools"), PathBuf::from(".hilo/tools")]);
    // The programs in them are started from other folders.
    folders.filter_map(|folder| path::absolute(folder).ok()).collect()
}

/// Progress and trouble, for the person at the terminal; standard output is kept for the answer.
fn say(text: &str) {
    eprintln!("  {text}");
}
