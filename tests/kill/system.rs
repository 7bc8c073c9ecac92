//! The system under test: `hilo dev` in a folder of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(180);
const OFFSET: &str = "1200";

pub(crate) struct System {
    dev: Child,
    ready: Value,
    client: reqwest::Client,
}

impl System {
    pub(crate) async fn start() -> Self {
        let mut dev = Command::new(env!("CARGO_BIN_EXE_hilo"))
            .args(["dev", "--ephemeral", "--headless", "--port-offset", OFFSET])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(dev.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("`hilo dev` comes up").unwrap();
        let ready = serde_json::from_str(&line.expect("`hilo dev` says that it is ready")).unwrap();
        Self { dev, ready, client: client() }
    }

    pub(crate) fn env(&self, key: &str) -> &str {
        self.ready["env"][key].as_str().unwrap_or_else(|| panic!("{key} is announced"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready["urls"]["web"].as_str().unwrap().trim_end_matches('/'))
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    fn pid(&self, name: &str) -> Option<i32> {
        let file = PathBuf::from(self.ready["dataDir"].as_str().unwrap()).join("run").join(format!("{name}.pid"));
        std::fs::read_to_string(file).ok()?.trim().parse().ok()
    }

    /// `kill -9`, and waits until it has been started again.
    pub(crate) async fn kill(&self, name: &str) {
        let before = self.pid(name).expect("it runs");
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        wait(&format!("{name} is started again"), async || self.pid(name).is_some_and(|now| now != before)).await;
    }

    pub(crate) async fn wait_until_ready(&self) {
        let ready = self.url("/readyz");
        wait("the gateway is ready", async || {
            self.client.get(&ready).send().await.is_ok_and(|response| response.status() == 200)
        })
        .await;
    }

    pub(crate) async fn stop(mut self) {
        kill(Pid::from_raw(i32::try_from(self.dev.id().unwrap()).unwrap()), Signal::SIGTERM).unwrap();
        assert!(tokio::time::timeout(PATIENCE, self.dev.wait()).await.expect("it stops").unwrap().success());
    }
}

/// Waits for a condition; the time is a guard against waiting for ever, not a measure.
pub(crate) async fn wait(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[expect(clippy::disallowed_methods, reason = "the client of a test that speaks to this machine alone")]
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}
