//! Who our children are, written down for whoever comes after us.
//!
//! A number alone may belong to somebody else by the time it is read, so beside `NAME.pid` stands `NAME.start`: the
//! boot and the tick in it at which the process began. Only a process that matches both is ours to stop.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::time::{sleep, timeout};

use super::private;

/// How long a stale process may take to go by itself.
const GRACE: Duration = Duration::from_secs(20);

/// Writes down that `name` is the process `pid` now.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, name: &str, pid: i32) -> anyhow::Result<()> {
    // The start first: a pid beside an older start matches nothing and is left alone.
    let start = start_of(pid).unwrap_or_default();
    private::write(&folder.join(format!("{name}.start")), format!("{start}\n").as_bytes())?;
    private::write(&folder.join(format!("{name}.pid")), format!("{pid}\n").as_bytes())
}

/// Strikes `name` out.
pub(super) fn remove(folder: &Path, name: &str) {
    for kind in ["pid", "start"] {
        // What cannot be removed matches no living process, so the next start ignores it.
        let _ = fs::remove_file(folder.join(format!("{name}.{kind}")));
    }
}

/// The process that `name` is, as its pid file says.
///
/// # Errors
/// When there is no such file or no number in it.
pub(super) fn read(folder: &Path, name: &str) -> anyhow::Result<i32> {
    let text = fs::read_to_string(folder.join(format!("{name}.pid")))
        .with_context(|| format!("failed to read the pid of {name}"))?;
    text.trim().parse().with_context(|| format!("failed to understand the pid of {name}"))
}

/// Stops the process that an earlier start left behind as `name`; answers whether there was one.
///
/// # Errors
/// When it is ours and we may not stop it.
pub(super) async fn stop_stale(folder: &Path, name: &str) -> anyhow::Result<bool> {
    let Some(pid) = stale(folder, name) else {
        remove(folder, name);
        return Ok(false);
    };
    // SIGINT is the fast shutdown of PostgreSQL, to which SIGTERM means waiting for its clients.
    let signal = if name == "postgres" { Signal::SIGINT } else { Signal::SIGTERM };
    kill(Pid::from_raw(pid), signal).with_context(|| format!("failed to stop {name}, process {pid}"))?;
    let gone = async {
        while stale(folder, name).is_some() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(GRACE, gone).await.is_err() {
        // Each child leads a group of its own, so its number is its group's too.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        while stale(folder, name).is_some() {
            sleep(Duration::from_millis(50)).await;
        }
    }
    remove(folder, name);
    Ok(true)
}

/// The living process that both files describe.
fn stale(folder: &Path, name: &str) -> Option<i32> {
    let pid = read(folder, name).ok()?;
    let start = fs::read_to_string(folder.join(format!("{name}.start"))).ok()?;
    matches(start.trim(), start_of(pid).as_deref()).then_some(pid)
}

/// Whether a process that began at `now` is the one written down; nothing written down matches nobody.
fn matches(written: &str, now: Option<&str>) -> bool {
    !written.is_empty() && now == Some(written)
}

/// The boot and the tick at which a living process began; a zombie is dead and only waits to be told so.
fn start_of(pid: i32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(format!("{} {}", boot.trim(), start_ticks(&stat)?))
}

/// Field 22 of `/proc/PID/stat`, counted from behind the program's name, which may hold anything.
fn start_ticks(stat: &str) -> Option<&str> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::servers::{private_folder, random_hex};
    use std::os::unix::process::CommandExt as _;
    use std::path::PathBuf;
    use std::process::{Child, Command};

    #[test]
    fn the_start_is_read_behind_any_program_name() {
        let stat = "4242 (a) b) (c) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2000";
        assert_eq!(start_ticks(stat), Some("987654"));
        assert_eq!(start_ticks(&stat.replace(" S ", " Z ")), None, "a zombie is dead");
        assert_eq!(start_ticks("nonsense"), None);
    }

    #[test]
    fn only_the_same_start_in_the_same_boot_matches() {
        assert!(matches("boot 5", Some("boot 5")));
        assert!(!matches("boot 5", Some("boot 6")));
        assert!(!matches("other 5", Some("boot 5")));
        assert!(!matches("boot 5", None));
        assert!(!matches("", Some("")));
    }

    #[tokio::test]
    async fn our_own_stale_child_is_stopped() {
        let folder = folder();
        let mut child = sleeper();
        let pid = child.id() as i32;
        write(&folder, "gateway", pid).unwrap();
        assert_eq!(read(&folder, "gateway").unwrap(), pid);

        // Somebody must reap it, as init does for an orphan.
        let reaper = tokio::task::spawn_blocking(move || child.wait().unwrap());
        assert!(stop_stale(&folder, "gateway").await.unwrap());
        assert!(!reaper.await.unwrap().success());
        assert!(!folder.join("gateway.pid").exists());
        assert!(!stop_stale(&folder, "gateway").await.unwrap(), "there is nothing left to stop");
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_stranger_with_the_same_number_is_left_alone() {
        let folder = folder();
        let mut child = sleeper();
        write(&folder, "gateway", child.id() as i32).unwrap();
        fs::write(folder.join("gateway.start"), "another-boot 1\n").unwrap();
        assert!(!stop_stale(&folder, "gateway").await.unwrap());
        assert!(child.try_wait().unwrap().is_none(), "it still runs");
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("hilo-run-{}", random_hex(8).unwrap()));
        private_folder(&folder).unwrap();
        folder
    }

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
    }
}
