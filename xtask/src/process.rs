//! Running other programs so that none outlives us: each in a process group of its own that is known here, bounded in
//! time, and ended with us, whether we are interrupted, panic or are done.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read, Write, stderr, stdout};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The process groups that are running now.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(20);
/// How long those who are asked to go may take.
const GRACE: Duration = Duration::from_secs(10);

/// From here on an interrupt ends first our children, then us.
///
/// # Errors
/// When the system will not let us.
pub(crate) fn guard_signals() -> anyhow::Result<()> {
    // Handled rather than held back: a handler is forgotten by those we start, a mask is inherited.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("failed to listen for signals")?;
    thread::spawn(move || {
        let signal = signals.forever().next().unwrap_or(SIGTERM);
        let asked = Instant::now();
        signal_all(Signal::SIGTERM);
        while asked.elapsed() < GRACE && !groups().is_empty() {
            groups().retain(|group| killpg(Pid::from_raw(*group), None).is_ok());
            thread::sleep(PAUSE);
        }
        signal_all(Signal::SIGKILL);
        exit(128 + signal);
    });
    Ok(())
}

/// A running program; ended when dropped.
pub(crate) struct Running {
    child: Child,
    /// What it is asked to go with.
    stop: Signal,
}

impl Running {
    /// Starts a program in a group of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(mut command: Command, stop: Signal) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        // Held until the group is written down, so that no interrupt comes between.
        let mut groups = groups();
        let child = command.process_group(0).spawn().with_context(|| format!("failed to start `{name}`"))?;
        groups.insert(group_of(&child).as_raw());
        Ok(Self { child, stop })
    }

    /// Its end, if it has ended.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("failed to look at a process")
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it takes longer than `limit`; it is ended then.
    fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if begun.elapsed() > limit {
                self.end();
                bail!("it took longer than {} minutes and was ended", limit.as_secs() / 60);
            }
            thread::sleep(PAUSE);
        }
    }

    fn end(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let group = group_of(&self.child);
            let _ = killpg(group, self.stop);
            let asked = Instant::now();
            while asked.elapsed() < GRACE && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(PAUSE);
            }
            let _ = killpg(group, Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
        groups().remove(&group_of(&self.child).as_raw());
    }
}

/// Runs a program to its end with its output on the screen; answers whether it succeeded.
///
/// # Errors
/// When it cannot be started or takes too long.
pub(crate) fn show(mut command: Command, limit: Duration) -> anyhow::Result<bool> {
    command.stdin(Stdio::null());
    Ok(Running::start(command, Signal::SIGTERM)?.wait(limit)?.success())
}

/// Runs a program to its end with its output on the screen, and hands each line of it to `read`, without colours.
///
/// # Errors
/// When it cannot be started or takes too long.
pub(crate) fn read(mut command: Command, limit: Duration, mut read: impl FnMut(&str)) -> anyhow::Result<bool> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command, Signal::SIGTERM)?;
    let (sender, lines) = mpsc::channel();
    if let Some(pipe) = running.child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || copy(pipe, stdout(), &sender));
    }
    if let Some(pipe) = running.child.stderr.take() {
        let sender = sender.clone();
        thread::spawn(move || copy(pipe, stderr(), &sender));
    }
    drop(sender);
    let begun = Instant::now();
    loop {
        match lines.recv_timeout(PAUSE) {
            Ok(line) => read(&plain(&line)),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            // Somebody may hold the pipe who is no child of ours: what matters is that the program has ended.
            Err(mpsc::RecvTimeoutError::Timeout) if running.ended()?.is_some() || begun.elapsed() > limit => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(running.wait(limit.saturating_sub(begun.elapsed()))?.success())
}

/// Runs a program to its end with its output in a file.
///
/// # Errors
/// When it fails: the last lines of what it said.
pub(crate) fn quiet(mut command: Command, limit: Duration, log: &Path) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(log);
    let file = file.with_context(|| format!("failed to open {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = Running::start(command, Signal::SIGTERM)?.wait(limit)?;
    if !status.success() {
        bail!("`{name}` failed ({status}); the last it said:\n{}", last_lines(log));
    }
    Ok(())
}

/// The end of a log, indented.
pub(crate) fn last_lines(log: &Path) -> String {
    let content = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<_> = text.lines().collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(15));
    shown.map(|line| format!("    {line}\n")).collect::<String>() + &format!("    (all of it: {})", log.display())
}

fn copy(pipe: impl Read, mut screen: impl Write, lines: &mpsc::Sender<String>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let _ = screen.write_all(&line).and_then(|()| screen.flush());
        if lines.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

/// A line without its escape sequences for colours.
fn plain(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest));
    }
    out
}

fn group_of(child: &Child) -> Pid {
    // The kernel's numbers fit: a pid is an i32.
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

fn groups() -> MutexGuard<'static, BTreeSet<i32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal_all(signal: Signal) {
    for group in groups().iter() {
        let _ = killpg(Pid::from_raw(*group), signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn every_line_of_both_streams_is_read_without_colours() {
        let mut lines = Vec::new();
        let script = "printf '\\033[1mSummary\\033[0m one\\n'; echo two >&2";
        assert!(read(shell(script), GRACE, |line| lines.push(line.to_owned())).unwrap());
        lines.sort();
        assert_eq!(lines, ["Summary one", "two"]);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let error = show(shell("exec sleep 600"), Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("was ended"), "{error}");
    }

    #[test]
    fn who_is_started_can_be_asked_to_go() {
        guard_signals().unwrap();
        let mut blocked = String::new();
        assert!(read(shell("grep SigBlk /proc/self/status"), GRACE, |line| blocked.push_str(line)).unwrap());
        assert_eq!(blocked.split_whitespace().last(), Some("0000000000000000"));
    }

    #[test]
    fn who_is_dropped_is_ended_and_forgotten() {
        let running = Running::start(shell("exec sleep 600"), Signal::SIGTERM).unwrap();
        let group = group_of(&running.child);
        assert!(groups().contains(&group.as_raw()));
        drop(running);
        assert!(killpg(group, None).is_err());
        assert!(!groups().contains(&group.as_raw()));
    }

    #[test]
    fn a_quiet_failure_is_quoted() {
        let log = std::env::temp_dir().join(format!("xtask-{}.log", std::process::id()));
        let error = quiet(shell("echo no such package; exit 100"), GRACE, &log).unwrap_err().to_string();
        assert!(error.contains("no such package") && error.contains("100"), "{error}");
        std::fs::remove_file(log).unwrap();
    }
}
