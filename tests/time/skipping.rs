//! Temporal's time-skipping test server, one for a test.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hilo_domain::clock::{Clock, SharedClock, SystemClock, micros};
use hilo_relay::temporal::{Address, Temporal};
use prost_wkt_types::{Duration as Span, Timestamp};
use temporalio_common::protos::temporal::api::testservice::v1::{LockTimeSkippingRequest, SleepRequest};
use tonic::IntoRequest as _;

/// So often it is asked whether it is there.
const TRIES: usize = 600;

/// A server with its clock.
pub(crate) struct Skipping {
    _server: Server,
    port: u16,
    temporal: Temporal,
    clock: Arc<Ahead>,
}

/// The server's clock: the system's, and how far ahead of it the server is.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        micros(SystemClock.now() + TimeDelta::microseconds(self.0.load(Ordering::SeqCst)))
    }
}

impl Skipping {
    /// Starts one and locks its time.
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let server = Server::start(port);
        let to =
            Address { address: format!("127.0.0.1:{port}"), namespace: "default".into(), task_queue: "nobody".into() };
        for _ in 0..TRIES {
            if let Ok(temporal) = Temporal::connect(&to).await {
                let lock = LockTimeSkippingRequest {}.into_request();
                temporal.client().connection().test_service().lock_time_skipping(lock).await.expect("a lock");
                let time = Self { _server: server, port, temporal, clock: Arc::default() };
                time.look().await;
                return time;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("`temporal-test-server` does not answer");
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> SharedClock {
        self.clock.clone()
    }

    /// Lets so much time pass; whatever is due meanwhile comes to pass at its time.
    pub(crate) async fn pass(&self, time: TimeDelta) {
        let duration = Some(Span { seconds: time.num_seconds(), nanos: 0 });
        let mut service = self.temporal.client().connection().test_service();
        let slept = service.unlock_time_skipping_with_sleep(SleepRequest { duration }.into_request());
        slept.await.expect("time passes");
        self.look().await;
    }

    /// A workflow is gone, as if its history had been lost.
    pub(crate) async fn forget(&self, workflow: &str) {
        let handle = self.temporal.client().get_workflow_handle::<hilo_workflows::conversation::Conversation>(workflow);
        handle.terminate(Default::default()).await.expect("it ran");
    }

    async fn look(&self) {
        let mut service = self.temporal.client().connection().test_service();
        let time = service.get_current_time(().into_request()).await.expect("its time").into_inner().time;
        let Timestamp { seconds, nanos } = time.expect("a time");
        let server = DateTime::from_timestamp(seconds, u32::try_from(nanos).expect("a time")).expect("a time");
        let ahead = (server - SystemClock.now()).num_microseconds().expect("not so far");
        self.clock.0.store(ahead, Ordering::SeqCst);
    }
}

/// A running server; ended when dropped.
struct Server(Child);

impl Server {
    fn start(port: u16) -> Self {
        let mut program = Command::new(program());
        program.args([&port.to_string(), "--enable-time-skipping"]).stdout(Stdio::null()).stderr(Stdio::null());
        Self(program.spawn().expect("`temporal-test-server` starts"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where `cargo xtask test` has put it, or on `PATH`.
fn program() -> std::path::PathBuf {
    let unpacked =
        std::env::var_os("HILO_TOOLS").map(|tools| std::path::Path::new(&tools).join("temporal-test-server"));
    unpacked.filter(|program| program.exists()).unwrap_or_else(|| "temporal-test-server".into())
}
