//! `hilo dev` as a person meets it: the real binary with real servers, its children killed under it, and killed itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by stopping where it is not so")]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use common::{Dev, free_offset, get, hilo_dev, wait};

const NAMES: [&str; 6] = ["gateway", "worker", "simulator", "postgres", "redis", "temporal"];

#[test]
fn killed_children_come_back_and_a_polite_end_leaves_nothing() {
    let mut dev = Dev::start(hilo_dev(free_offset(300), &["--ephemeral"]));

    let said = &dev.said;
    assert!(said["urls"]["simulator"].is_string() && said["urls"]["temporalUi"].is_string(), "{said}");
    let users: Vec<_> = said["users"].as_array().unwrap().iter().map(|user| user["role"].as_str().unwrap()).collect();
    assert_eq!(users, ["SUPER_ADMIN", "SUPERVISOR", "AGENTE", "AGENTE", "CALIDAD", "AUDITORIA"]);
    for variable in ["DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "HILO_SECRET_KEY", "HILO_MEDIA_URL"] {
        assert!(!dev.env(variable).is_empty(), "{variable}");
    }
    for name in NAMES {
        assert_eq!(dev.pid(name), announced(&dev, name), "{name}");
    }
    assert_eq!(get(&dev.url("/healthz")).unwrap().0, 200);

    // The worker last: it can only work when all the others do again.
    for name in ["redis", "temporal", "simulator", "postgres", "gateway", "worker"] {
        dev.kill(name);
        wait(&format!("{name} to answer again"), || answers(&dev, name));
        dev.wait_until_ready();
    }

    let last: Vec<_> = NAMES.map(|name| dev.pid(name).unwrap()).into();
    dev.stop();
    assert!(last.iter().all(|pid| !lives(*pid)), "somebody stayed behind: {last:?}");
    assert!(!dev.data().exists(), "an ephemeral folder is gone at the end");
    assert_eq!(dev.lines.iter().next(), None, "the line is all there is on standard output");
}

#[test]
fn after_a_crash_the_next_start_stops_what_was_left_and_finds_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["--data-dir", data.to_str().unwrap()];
    // Without `setpriv` nobody tells the children that their parent is dead.
    let path = path_without_setpriv(&folder.path().join("bin"));
    // On the same ports both times, which the orphans of the first still have at the second.
    let offset = free_offset(600);
    let start = || {
        let mut command = hilo_dev(offset, &args);
        command.env("PATH", &path);
        Dev::start(command)
    };

    let mut first = start();
    first.child.kill().unwrap();
    assert_eq!(first.ended().signal(), Some(9));
    let orphans: Vec<_> = NAMES.map(|name| announced(&first, name).unwrap()).into();
    assert!(orphans.iter().any(|pid| lives(*pid)), "nobody survived, so nothing is proved");

    let mut second = start();
    assert!(orphans.iter().all(|pid| !lives(*pid)), "an orphan still runs: {orphans:?}");
    for kept in ["DATABASE_URL", "HILO_SECRET_KEY", "HILO_JWT_KEY"] {
        assert_eq!(first.env(kept), second.env(kept), "{kept} changed");
    }

    let refused = Command::new(env!("CARGO_BIN_EXE_hilo")).arg("dev").args(args).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("another `hilo dev` runs in"), "{words}");

    kill(Pid::from_raw(second.child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert!(second.ended().success());
    assert!(data.join("postgres/cluster/PG_VERSION").exists(), "the data is kept");
    remove_lent(&data);
}

#[test]
fn the_system_stops_the_children_of_a_killed_parent() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut dev = Dev::start(hilo_dev(free_offset(1200), &["--data-dir", data.to_str().unwrap()]));
    dev.child.kill().unwrap();
    dev.ended();
    for name in NAMES {
        let pid = announced(&dev, name).unwrap();
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

/// Whether the process of the pid file does its work: it is the one that listens, and it answers. The worker listens
/// nowhere; it is the one that asks Temporal for work.
fn answers(dev: &Dev, name: &str) -> bool {
    let Some(pid) = dev.pid(name) else { return false };
    let said = |url: &str| get(url).is_some_and(|(status, _)| status == 200);
    let url = |name: &str| dev.said["urls"][name].as_str().unwrap().to_owned();
    let temporal = dev.env("TEMPORAL_ADDRESS");
    match name {
        "gateway" => listens(pid, port(&url("web"))) && said(&dev.url("/readyz")),
        "simulator" => listens(pid, port(&url("simulator"))) && said(&format!("{}/", url("simulator"))),
        "temporal" => listens(pid, port(temporal)) && said(&format!("{}/", url("temporalUi"))),
        "postgres" => listens(pid, port(dev.env("DATABASE_URL"))) && said(&dev.url("/readyz")),
        "redis" => listens(pid, port(dev.env("REDIS_URL"))) && pongs(port(dev.env("REDIS_URL"))),
        "worker" => {
            // Temporal's own program, wherever this machine has it.
            let program = fs::read_link(format!("/proc/{}/exe", dev.pid("temporal").unwrap())).unwrap();
            let mut question = Command::new(program);
            question.args([
                "task-queue",
                "describe",
                "--task-queue",
                dev.env("HILO_TASK_QUEUE"),
                "--address",
                temporal,
            ]);
            let output = question.args(["--disable-config-file", "--disable-config-env"]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == format!("hilo-{pid}"))
        }
        _ => panic!("{name} is nobody"),
    }
}

fn pongs(port: u16) -> bool {
    let ask = || -> std::io::Result<[u8; 7]> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    ask().is_ok_and(|answer| &answer == b"+PONG\r\n")
}

/// Whether this very process listens on this port of 127.0.0.1.
fn listens(pid: i32, port: u16) -> bool {
    let local = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields.get(1) == Some(&local.as_str()) && fields.get(3) == Some(&"0A"))
            .then(|| PathBuf::from(format!("socket:[{}]", fields[9])))
    });
    let open: Vec<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .map(|all| all.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).collect())
        .unwrap_or_default();
    sockets.into_iter().any(|socket| open.contains(&socket))
}

/// The port in an address of any kind.
fn port(address: &str) -> u16 {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    digits(address.rsplit_once(':').unwrap().1).parse().unwrap()
}

/// Who `name` was when all were ready.
fn announced(dev: &Dev, name: &str) -> Option<i32> {
    dev.said["pids"][name].as_i64()?.try_into().ok()
}

/// Removes the folder that root lent to PostgreSQL's own user, which stands outside the temporary one.
fn remove_lent(data: &Path) {
    if let Ok(lent) = fs::read_link(data.join("postgres")) {
        fs::remove_dir_all(lent).unwrap();
    }
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

/// Whether the process is there; one that only waits to be reaped is not.
fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let dead = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
    kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH) && !dead
}
