//! The whole system under load: gateway, worker and the stand-in for WhatsApp as processes of their own, on the
//! servers that `cargo xtask bench` has started.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::sync::watch;

/// No run takes longer.
const A_RUN: Duration = Duration::from_secs(3600);
const KEY: &str = "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// How many messages somebody has got.
type Got = Arc<Mutex<HashMap<String, watch::Sender<usize>>>>;

/// A running system; it is told to go when this is dropped.
pub(crate) struct System {
    processes: Vec<(&'static str, Child)>,
    simulator: String,
    client: reqwest::Client,
    got: Got,
    _data: tempfile::TempDir,
}

impl System {
    pub(crate) async fn start(client: reqwest::Client) -> anyhow::Result<Self> {
        let binary = std::env::var("HILO_BIN").context("HILO_BIN names the binary; run `cargo xtask bench turns`")?;
        let port = || anyhow::Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string());
        let (gateway, simulator) = (port()?, port()?);
        let data = tempfile::tempdir()?;
        let hilo = |args: &[&str]| {
            let mut command = Command::new(&binary);
            command
                .args(args)
                .env("HILO_HTTP_ADDR", &gateway)
                .env("HILO_SECRET_KEY", KEY)
                .env("HILO_JWT_KEY", KEY)
                .env("HILO_META_BASE_URL", format!("http://{simulator}"))
                .env("HILO_LOG", "error");
            command
        };
        for args in [&["migrate"][..], &["seed", "--demo"]] {
            ensure!(hilo(args).status()?.success(), "`hilo {}` failed", args.join(" "));
        }
        let webhook = format!("http://{gateway}/webhooks/meta");
        let folder = data.path().to_string_lossy().into_owned();
        let mut system = Self {
            processes: Vec::new(),
            simulator: format!("http://{simulator}"),
            client,
            got: Got::default(),
            _data: data,
        };
        for (name, args) in [
            ("simulator", &["simulator", "--listen", &simulator, "--data", &folder, "--webhook", &webhook][..]),
            ("gateway", &["serve"]),
            ("worker", &["worker"]),
        ] {
            let child = hilo(args).spawn().with_context(|| format!("the {name} does not start"))?;
            system.processes.push((name, child));
        }
        system.until_it_answers(&format!("http://{gateway}/readyz")).await?;
        system.until_it_answers(&format!("http://{simulator}/sim/customers")).await?;
        system.listen().await?;
        Ok(system)
    }

    async fn until_it_answers(&self, url: &str) -> anyhow::Result<()> {
        for _ in 0..600 {
            if self.client.get(url).send().await.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{url} does not answer")
    }

    /// Counts what WhatsApp takes for whom, as it happens.
    async fn listen(&self) -> anyhow::Result<()> {
        let mut events = self.client.get(format!("{}/sim/events", self.simulator)).timeout(A_RUN).send().await?;
        let got = self.got.clone();
        tokio::spawn(async move {
            let mut text = Vec::new();
            while let Ok(Some(chunk)) = events.chunk().await {
                text.extend_from_slice(&chunk);
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let event: Vec<u8> = text.drain(..end + 2).collect();
                    let event = String::from_utf8_lossy(&event);
                    if event.contains("event: resync") {
                        eprintln!("the listener fell behind");
                    }
                    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                    let data: Value = data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
                    if data["item"]["direction"] == "outbound"
                        && let Some(who) = data["waId"].as_str()
                    {
                        count(&got, who).send_modify(|n| *n += 1);
                    }
                }
            }
        });
        Ok(())
    }

    /// The customer says something and waits until so many messages have come in all.
    pub(crate) async fn turn(&self, who: &str, says: &str, messages: usize) -> anyhow::Result<()> {
        let mut got = count(&self.got, who).subscribe();
        let url = format!("{}/sim/customers/{who}/messages", self.simulator);
        let sent = self.client.post(url).json(&json!({"type": "text", "text": says})).send().await?;
        ensure!(sent.status() == 201, "the stand-in answers {}", sent.status());
        let answered = tokio::time::timeout(Duration::from_secs(60), got.wait_for(|n| *n >= messages)).await;
        answered.with_context(|| format!("{who} got no answer to {says:?}"))??;
        Ok(())
    }

    /// Each process's name, the CPU seconds that it has used, and its memory in KiB.
    pub(crate) fn used(&self) -> anyhow::Result<Vec<(&'static str, f64, u64)>> {
        self.processes.iter().map(|(name, child)| Ok((*name, cpu(child.id())?, memory(child.id())?))).collect()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        for (_, child) in &mut self.processes {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
        }
        for (_, child) in &mut self.processes {
            drop(child.wait());
        }
    }
}

fn count(got: &Got, who: &str) -> watch::Sender<usize> {
    let mut got = got.lock().unwrap_or_else(PoisonError::into_inner);
    got.entry(who.to_owned()).or_insert_with(|| watch::channel(0).0).clone()
}

/// User and system time of a process, in seconds (`proc_pid_stat(5)`, fields 14 and 15, in hundredths).
fn cpu(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Resident memory of a process, in KiB.
fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
