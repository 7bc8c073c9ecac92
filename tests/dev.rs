//! `hilo dev` as a person meets it: the real binary with real servers, its children killed under it, and killed itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by stopping where it is not so")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

const NAMES: [&str; 6] = ["gateway", "worker", "simulator", "postgres", "redis", "temporal"];

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn killed_children_come_back_and_a_polite_end_leaves_nothing() {
    let mut dev = Dev::start(&["--ephemeral"], free_offset(300), None);
    let line = dev.ready();

    let web = line["urls"]["web"].as_str().unwrap().to_owned();
    assert!(line["urls"]["simulator"].is_string() && line["urls"]["temporalUi"].is_string(), "{line}");
    let users: Vec<_> = line["users"].as_array().unwrap().iter().map(|user| user["role"].as_str().unwrap()).collect();
    assert_eq!(users, ["SUPER_ADMIN", "SUPERVISOR", "AGENTE", "AGENTE", "CALIDAD", "AUDITORIA"]);
    for variable in ["DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "HILO_SECRET_KEY", "HILO_MEDIA_URL"] {
        assert!(line["env"][variable].is_string(), "{variable} is missing: {line}");
    }
    let data = PathBuf::from(line["dataDir"].as_str().unwrap());
    for name in NAMES {
        assert_eq!(pid_file(&data, name), line["pids"][name].as_i64(), "{name}");
    }
    assert_eq!(status(&web, "/healthz"), Some(200));

    for name in ["gateway", "postgres", "redis"] {
        let before = pid_file(&data, name).unwrap();
        kill(pid(before), Signal::SIGKILL).unwrap();
        wait(&format!("{name} to come back"), || pid_file(&data, name).is_some_and(|now| now != before));
        wait("the gateway to be ready again", || status(&web, "/readyz") == Some(200));
    }

    let last: Vec<_> = NAMES.map(|name| pid_file(&data, name).unwrap()).into();
    kill(pid(dev.child.id().into()), Signal::SIGTERM).unwrap();
    let ended = dev.ended();
    assert!(ended.success(), "{ended}");
    assert!(last.iter().all(|pid| !lives(*pid)), "somebody stayed behind: {last:?}");
    assert!(!data.exists(), "an ephemeral folder is gone at the end");
    assert_eq!(dev.rest(), Vec::<String>::new(), "the line is all there is on standard output");
}

#[test]
fn after_a_crash_the_next_start_stops_what_was_left_and_finds_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["--data-dir", data.to_str().unwrap()];
    // Without `setpriv` nobody tells the children that their parent is dead.
    let path = path_without_setpriv(&folder.path().join("bin"));

    let offset = free_offset(600);
    let mut dev = Dev::start(&args, offset, Some(&path));
    let first = dev.ready();
    dev.child.kill().unwrap();
    assert_eq!(dev.ended().signal(), Some(9));
    let orphans: Vec<_> = NAMES.map(|name| first["pids"][name].as_i64().unwrap()).into();
    assert!(orphans.iter().any(|pid| lives(*pid)), "nobody survived, so nothing is proved");

    let mut dev = Dev::start(&args, offset, Some(&path));
    let second = dev.ready();
    assert!(orphans.iter().all(|pid| !lives(*pid)), "an orphan still runs: {orphans:?}");
    for kept in ["DATABASE_URL", "HILO_SECRET_KEY", "HILO_JWT_KEY"] {
        assert_eq!(first["env"][kept], second["env"][kept], "{kept} changed");
    }

    let refused = Command::new(env!("CARGO_BIN_EXE_hilo")).arg("dev").args(args).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("another `hilo dev` runs in"), "{said}");

    kill(pid(dev.child.id().into()), Signal::SIGINT).unwrap();
    assert!(dev.ended().success());
    assert!(data.join("postgres/cluster/PG_VERSION").exists(), "the data is kept");
    remove_lent(&data);
}

#[test]
fn the_system_stops_the_children_of_a_killed_parent() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut dev = Dev::start(&["--data-dir", data.to_str().unwrap()], free_offset(1200), None);
    let line = dev.ready();
    dev.child.kill().unwrap();
    dev.ended();
    for name in NAMES {
        let pid = line["pids"][name].as_i64().unwrap();
        wait(&format!("{name} to follow its parent"), || !lives(pid));
    }
    remove_lent(&data);
}

#[test]
fn a_port_in_use_is_named_with_the_flag_that_helps() {
    let offset = free_offset(900);
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080 + offset)).unwrap();
    let mut dev = Command::new(env!("CARGO_BIN_EXE_hilo"));
    let output = dev.args(["dev", "--ephemeral", "--port-offset", &offset.to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("port {} (gateway) is in use", 8080 + offset)), "{said}");
    assert!(said.contains("--port-offset"), "{said}");
}

/// A running `hilo dev`, stopped when the test ends, however it ends.
struct Dev {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Dev {
    fn start(args: &[&str], offset: u16, path: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hilo"));
        command.args(["dev", "--headless", "--port-offset", &offset.to_string()]).args(args);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The line of JSON.
    fn ready(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("`hilo dev` is not ready: {error}"));
        serde_json::from_str(&line).unwrap()
    }

    /// What else it said, once it has ended.
    fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    fn ended(&mut self) -> ExitStatus {
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
            let _ = kill(pid(self.child.id().into()), Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

/// Removes the folder that root lent to PostgreSQL's own user, which stands outside the temporary one.
fn remove_lent(data: &Path) {
    if let Ok(lent) = fs::read_link(data.join("postgres")) {
        fs::remove_dir_all(lent).unwrap();
    }
}

/// The first offset at or above this at which all six ports are free.
fn free_offset(first: u16) -> u16 {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let all_free = |offset: &u16| [8080, 8090, 8233, 7233, 54329, 63790].iter().all(|port| free(port + offset));
    (first..1700).step_by(3).find(all_free).unwrap()
}

/// A `PATH` that has what `hilo dev` needs and not `setpriv`.
fn path_without_setpriv(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for name in ["redis-server", "postgres", "temporal"] {
        let found = std::env::split_paths(&path).map(|entry| entry.join(name)).find(|file| file.is_file());
        if let Some(found) = found {
            symlink(found, folder.join(name)).unwrap();
        }
    }
    folder.to_owned()
}

fn pid_file(data: &Path, name: &str) -> Option<i64> {
    fs::read_to_string(data.join("run").join(format!("{name}.pid"))).ok()?.trim().parse().ok()
}

fn pid(number: i64) -> Pid {
    Pid::from_raw(number.try_into().unwrap())
}

/// Whether the process is there; one that only waits to be reaped is not.
fn lives(number: i64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    let dead = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
    kill(pid(number), None) != Err(Errno::ESRCH) && !dead
}

fn status(site: &str, path: &str) -> Option<u16> {
    let address = site.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

#[track_caller]
fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !condition() {
        assert!(asked.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
