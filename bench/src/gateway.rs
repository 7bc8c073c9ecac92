//! The gateway under load: the real binary, with a fresh schema and the demo data.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running gateway; it is told to go when this is dropped.
pub(crate) struct Gateway {
    child: Child,
    url: String,
}

impl Gateway {
    /// Prepares the database and starts it. With `no_ring` Temporal is where nobody listens.
    pub(crate) fn start(no_ring: bool) -> anyhow::Result<Self> {
        let binary =
            std::env::var("HILO_BIN").context("HILO_BIN names the binary; run `cargo xtask bench webhooks`")?;
        // A port that nobody has: two benchmarks at once would otherwise measure the same gateway.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let hilo = |args: &[&str]| {
            let mut command = Command::new(&binary);
            command
                .args(args)
                .env("HILO_HTTP_ADDR", &address)
                .env("HILO_SECRET_KEY", "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
                .env("HILO_JWT_KEY", "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
                .env("HILO_LOG", "error");
            if no_ring {
                command.env("TEMPORAL_ADDRESS", "127.0.0.1:1");
            }
            command
        };
        for args in [&["migrate"][..], &["seed", "--demo"]] {
            ensure!(hilo(args).status()?.success(), "`hilo {}` failed", args.join(" "));
        }
        let child = hilo(&["serve"]).spawn().context("`hilo serve` does not start")?;
        Ok(Self { child, url: format!("http://{address}") })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn until_ready(&self, client: &reqwest::Client) -> anyhow::Result<()> {
        let url = format!("{}/readyz", self.url);
        for _ in 0..600 {
            if client.get(&url).send().await.is_ok_and(|response| response.status() == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the gateway did not become ready")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        drop(self.child.wait());
    }
}
