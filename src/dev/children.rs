//! Our own processes: this very binary with another subcommand, told by the environment where everything is.

use std::collections::BTreeMap;
use std::env;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::Signal;
use url::Url;

use super::Program;
use super::home::Home;
use super::keys::Keys;
use super::ports::Ports;
use super::ready::Probe;
use super::servers::{postgres, redis, temporal};
use super::supervisor::{Spec, last_lines};

/// How long a worker must live to count as started; it listens nowhere that could be asked.
const WORKER_LIVES: Duration = Duration::from_millis(700);

/// The environment of every process of ours, as the contract names it.
///
/// # Errors
/// When the data folder cannot be written as a URL.
pub(super) fn environment(home: &Home, ports: Ports, keys: &Keys) -> anyhow::Result<BTreeMap<String, String>> {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let site = |port: u16| format!("http://127.0.0.1:{port}");
    let media = home.path().join("media");
    let Ok(media) = Url::from_file_path(&media) else {
        bail!("{} cannot be written as a URL", media.display());
    };
    let variables = [
        ("HILO_HTTP_ADDR", local(ports.gateway)),
        ("HILO_PUBLIC_URL", site(ports.gateway)),
        ("DATABASE_URL", postgres::url(ports.postgres, &keys.postgres_password)),
        ("REDIS_URL", redis::url(ports.redis)),
        ("TEMPORAL_ADDRESS", temporal::address(ports.temporal)),
        ("TEMPORAL_NAMESPACE", temporal::NAMESPACE.into()),
        ("HILO_TEMPORAL_UI_URL", site(ports.temporal_ui)),
        ("HILO_TASK_QUEUE", "hilo".into()),
        ("HILO_SECRET_KEY", keys.secret_key.clone()),
        ("HILO_JWT_KEY", keys.jwt_key.clone()),
        ("HILO_META_BASE_URL", site(ports.simulator)),
        ("HILO_META_GRAPH_VERSION", "v25.0".into()),
        ("HILO_MEDIA_URL", media.into()),
        ("HILO_SIMULATOR_ADDR", local(ports.simulator)),
        ("HILO_SIMULATOR_DATA", home.path().join("simulator").display().to_string()),
        ("HILO_SIMULATOR_WEBHOOK", format!("{}/webhooks/meta", site(ports.gateway))),
        ("HILO_LOG", env::var("HILO_LOG").unwrap_or_else(|_| "info".into())),
    ];
    Ok(variables.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The worker, the simulator and the gateway, in the order in which they start.
///
/// # Errors
/// When this binary cannot say where it is.
pub(super) fn ours(home: &Home, ports: Ports, env: &BTreeMap<String, String>) -> anyhow::Result<[Spec; 3]> {
    let spec = |name, subcommand, probe| -> anyhow::Result<Spec> {
        Ok(Spec { program: hilo(home, env, name, &[subcommand])?, probe, cluster: None })
    };
    Ok([
        spec("worker", "worker", Probe::Alive(WORKER_LIVES))?,
        spec("simulator", "simulator", Probe::Http(ports.simulator, "/"))?,
        spec("gateway", "serve", Probe::Http(ports.gateway, "/readyz"))?,
    ])
}

/// Runs a subcommand to its end.
///
/// # Errors
/// When it fails: the last lines of what it said.
pub(super) async fn once(
    home: &Home,
    env: &BTreeMap<String, String>,
    name: &'static str,
    args: &[&str],
) -> anyhow::Result<()> {
    let log = home.log().join(format!("{name}.log"));
    let file = OpenOptions::new().create(true).append(true).open(&log);
    let file = file.with_context(|| format!("failed to open {}", log.display()))?;
    let mut command = tokio::process::Command::from(hilo(home, env, name, args)?.command());
    command.stdout(Stdio::from(file.try_clone()?)).stderr(Stdio::from(file)).kill_on_drop(true);
    let status = command.status().await.with_context(|| format!("failed to run `hilo {}`", args.join(" ")))?;
    if !status.success() {
        bail!("`hilo {}` failed ({status}):\n{}", args.join(" "), last_lines(&log));
    }
    Ok(())
}

fn hilo(home: &Home, env: &BTreeMap<String, String>, name: &'static str, args: &[&str]) -> anyhow::Result<Program> {
    Ok(Program {
        name,
        path: env::current_exe().context("failed to find this very program")?,
        args: args.iter().map(Into::into).collect(),
        env: env.iter().map(|(key, value)| (key.clone(), value.into())).collect(),
        // A configuration file of the folder we were started in is for servers, not for `dev`.
        directory: Path::to_owned(home.path()),
        owner: None,
        stop: Signal::SIGTERM,
        // A worker whose Temporal is gone too would take its time to notice; being killed loses nothing.
        orphaned: Signal::SIGKILL,
    })
}
