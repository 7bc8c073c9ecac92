//! How to tell that a process does its work, and not only that it runs.

use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use super::servers::temporal::Temporal;
use super::servers::{http_status, postgres, redis};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// The question that a process must answer to be ready.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// A session may begin on this port.
    Postgres(u16),
    /// Commands are answered on this port.
    Redis(u16),
    /// The namespace is served on this port.
    Temporal(Temporal, u16),
    /// A GET of this path on this port succeeds.
    Http(u16, &'static str),
    /// It listens nowhere: it has not given up after this time.
    Alive(Duration),
}

impl Probe {
    /// Waits until the answer is yes.
    pub(super) async fn passed(&self) {
        if let Self::Alive(time) = self {
            return sleep(*time).await;
        }
        while !self.answers().await {
            sleep(PAUSE).await;
        }
    }

    async fn answers(&self) -> bool {
        match self {
            Self::Postgres(port) => asked(*port, postgres::is_ready).await,
            Self::Redis(port) => asked(*port, redis::is_ready).await,
            Self::Http(port, path) => {
                let path = *path;
                asked(*port, move |port| http_status(port, path).is_some_and(|status| (200..300).contains(&status)))
                    .await
            }
            Self::Temporal(temporal, port) => {
                let mut question = Command::from(temporal.question(*port));
                let output = question.kill_on_drop(true).output().await;
                output.is_ok_and(|output| output.status.success())
            }
            Self::Alive(_) => true,
        }
    }
}

/// Asks away from the thread that supervises, for the answer may take its time.
async fn asked(port: u16, question: impl FnOnce(u16) -> bool + Send + 'static) -> bool {
    tokio::task::spawn_blocking(move || question(port)).await.unwrap_or(false)
}
