//! A running `hilo dev`: the real binary with real servers, in a folder of its own. Whoever tests the whole starts it
//! here.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// `hilo dev --headless` with every port moved by this offset.
pub(crate) fn hilo_dev(offset: u16, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hilo"));
    command.args(["dev", "--headless", "--port-offset", &offset.to_string()]).args(args);
    command
}

/// A `hilo dev` that was ready, stopped when the test ends, however it ends.
pub(crate) struct Dev {
    pub(crate) child: Child,
    /// What it says on standard output after that it is ready.
    pub(crate) lines: mpsc::Receiver<String>,
    /// That it is ready: the line of JSON.
    pub(crate) said: Value,
}

impl Dev {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        // From here on the child is stopped whatever happens.
        let mut dev = Self { child, lines, said: Value::Null };
        let line = dev.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("`hilo dev` is not ready: {error}"));
        dev.said = serde_json::from_str(&line).unwrap();
        dev
    }

    /// A variable that it tells its own processes.
    #[track_caller]
    pub(crate) fn env(&self, key: &str) -> &str {
        self.said["env"][key].as_str().unwrap_or_else(|| panic!("{key} is not announced: {}", self.said))
    }

    /// Where it keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        PathBuf::from(self.said["dataDir"].as_str().unwrap())
    }

    /// An address of the gateway.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.said["urls"]["web"].as_str().unwrap())
    }

    /// Who `name` is now, as its pid file says.
    pub(crate) fn pid(&self, name: &str) -> Option<i32> {
        fs::read_to_string(self.data().join("run").join(format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// `kill -9`, and waits until it has been started again.
    #[track_caller]
    pub(crate) fn kill(&self, name: &str) {
        let before = self.pid(name).unwrap();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        wait(&format!("{name} to be started again"), || self.pid(name).is_some_and(|now| now != before));
    }

    /// Waits until the gateway takes requests and misses nobody.
    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        let whole = |(status, body): (u16, String)| status == 200 && body.contains(r#""degraded":[]"#);
        wait("the gateway to be ready", || get(&self.url("/readyz")).is_some_and(whole));
    }

    /// Asks it to go and waits until it has gone.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let status = self.ended();
        assert!(status.success(), "{status}");
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait("`hilo dev` to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

/// The status and the body with which an address answers; nothing while nobody does.
pub(crate) fn get(url: &str) -> Option<(u16, String)> {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?, body.to_owned()))
}

/// Waits for a condition; the time is a guard against waiting for ever, not a measure.
#[track_caller]
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !condition() {
        assert!(asked.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The first offset at or above this at which all six ports are free.
pub(crate) fn free_offset(first: u16) -> u16 {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let all_free = |offset: &u16| [8080, 8090, 8233, 7233, 54329, 63790].iter().all(|port| free(port + offset));
    (first..1700).step_by(3).find(all_free).unwrap()
}
