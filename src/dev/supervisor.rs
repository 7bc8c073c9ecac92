//! Keeps every process alive until told otherwise.
//!
//! Each process has a task that starts it, writes its pid file, asks whether it is ready and waits for its end. An end
//! nobody asked for is followed by a new start, after a pause that grows while it keeps failing. A process that was
//! never ready and ends again and again is given up, for the fault is not a passing one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::home::Home;
use super::ready::Probe;
use super::servers::postgres::Postgres;
use super::signals::Interrupts;
use super::{NAMES, Program, pidfile, say};

/// A gateway drains for at most 30 seconds.
const GRACE: Duration = Duration::from_secs(35);
/// How long the first start may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a process may end before it was ever ready.
const TRIES: u32 = 3;
/// The pause before the first new start; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Whoever lived this long starts again without delay.
const LONG_LIFE: Duration = Duration::from_secs(10);
/// How many lines of a log are shown when something is wrong, and in how many of its last bytes they are looked for.
const SHOWN_LINES: usize = 15;
const SHOWN_BYTES: usize = 16 * 1024;

/// A process and what it takes to call it ready.
pub(super) struct Spec {
    pub(super) program: Program,
    pub(super) probe: Probe,
    /// The cluster, for PostgreSQL: the way is cleared before each start.
    pub(super) cluster: Option<Postgres>,
}

/// What a process is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Run,
    Stop,
    Kill,
}

/// How a process is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    Starting,
    Ready,
    Failed(String),
    Stopped,
}

/// All processes of one `hilo dev`.
pub(super) struct Fleet {
    run: PathBuf,
    log: PathBuf,
    members: RefCell<Vec<Member>>,
}

#[derive(Clone)]
struct Member {
    name: &'static str,
    order: watch::Sender<Order>,
    state: watch::Receiver<State>,
}

impl Fleet {
    /// A fleet without ships.
    pub(super) fn new(home: &Home) -> Self {
        Self { run: home.run(), log: home.log(), members: RefCell::default() }
    }

    /// Starts a process on a task of its own; must be called within a `LocalSet`.
    pub(super) fn start(&self, spec: Spec) {
        let (order, orders) = watch::channel(Order::Run);
        let (report, state) = watch::channel(State::Starting);
        let name = spec.program.name;
        let log = self.log.join(format!("{name}.log"));
        let keeper = Keeper { spec, run: self.run.clone(), log, orders, report };
        tokio::task::spawn_local(keeper.keep());
        self.members.borrow_mut().push(Member { name, order, state });
    }

    /// Waits until a process answers.
    ///
    /// # Errors
    /// When it was given up, or takes longer than anybody would wait; with the last lines of its log.
    pub(super) async fn ready(&self, name: &str) -> anyhow::Result<()> {
        let mut member = self.member(name)?;
        let settled = member.state.wait_for(|state| *state != State::Starting);
        match timeout(PATIENCE, settled).await {
            Ok(Ok(state)) => match &*state {
                State::Failed(why) => bail!("{why}"),
                State::Starting | State::Ready | State::Stopped => Ok(()),
            },
            Ok(Err(_)) => bail!("nobody looks after {name} any more"),
            Err(_) => {
                let log = self.log.join(format!("{name}.log"));
                bail!("{name} does not answer after {} s:\n{}", PATIENCE.as_secs(), last_lines(&log))
            }
        }
    }

    /// Who is who now.
    ///
    /// # Errors
    /// When a pid file cannot be read.
    pub(super) fn pids(&self) -> anyhow::Result<BTreeMap<&'static str, i32>> {
        let names = self.members.borrow().iter().map(|member| member.name).collect::<Vec<_>>();
        names.into_iter().map(|name| Ok((name, pidfile::read(&self.run, name)?))).collect()
    }

    /// Stops everything in order, each politely; one more interrupt and the rest is killed.
    pub(super) async fn stop(&self, interrupts: &mut Interrupts) {
        let politely = async {
            for name in NAMES {
                if let Ok(member) = self.member(name) {
                    member.order.send_replace(Order::Stop);
                    member.ended().await;
                }
            }
        };
        tokio::select! {
            () = politely => return,
            () = interrupts.next() => {}
        }
        for name in NAMES {
            if let Ok(member) = self.member(name) {
                member.order.send_replace(Order::Kill);
            }
        }
        for name in NAMES {
            if let Ok(member) = self.member(name) {
                member.ended().await;
            }
        }
    }

    fn member(&self, name: &str) -> anyhow::Result<Member> {
        let members = self.members.borrow();
        members.iter().find(|member| member.name == name).cloned().ok_or_else(|| anyhow!("{name} was never started"))
    }
}

impl Member {
    async fn ended(mut self) {
        // A keeper that is gone has stopped too.
        let _ = self.state.wait_for(|state| matches!(state, State::Stopped | State::Failed(_))).await;
    }
}

/// Looks after one process.
struct Keeper {
    spec: Spec,
    run: PathBuf,
    log: PathBuf,
    orders: watch::Receiver<Order>,
    report: watch::Sender<State>,
}

/// How one life of a process ended.
enum End {
    /// As it was told.
    Told,
    /// By itself or by somebody else's hand.
    Untold { how: String, was_ready: bool },
}

impl Keeper {
    async fn keep(mut self) {
        let name = self.spec.program.name;
        let (mut failures, mut ever_ready) = (0, false);
        let outcome = loop {
            let born = Instant::now();
            let how = match self.live().await {
                Ok(End::Told) => break State::Stopped,
                Ok(End::Untold { how, was_ready }) => {
                    ever_ready |= was_ready;
                    how
                }
                Err(error) => format!("{error:#}"),
            };
            failures = if born.elapsed() >= LONG_LIFE { 1 } else { failures + 1 };
            if !ever_ready && failures >= TRIES {
                break State::Failed(format!("{name} does not start ({how}):\n{}", last_lines(&self.log)));
            }
            let pause = pause(failures);
            say(&format!("{name} ended ({how}); it starts again in {:.1} s", pause.as_secs_f32()));
            if failures == TRIES {
                say(&format!("the last lines of its log:\n{}", last_lines(&self.log)));
            }
            self.report.send_replace(State::Starting);
            tokio::select! {
                () = sleep(pause) => {}
                () = told(&mut self.orders, Order::Stop) => break State::Stopped,
            }
        };
        pidfile::remove(&self.run, name);
        self.report.send_replace(outcome);
    }

    /// One life, from start to end.
    async fn live(&mut self) -> anyhow::Result<End> {
        let name = self.spec.program.name;
        if let Some(cluster) = &self.spec.cluster {
            while !cluster.clear_the_way()? {
                tokio::select! {
                    () = sleep(FIRST_PAUSE) => {}
                    () = told(&mut self.orders, Order::Stop) => return Ok(End::Told),
                }
            }
        }
        let mut child = self.spawn()?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
        let pid = pid.with_context(|| format!("{name} ended before it had begun"))?;
        pidfile::write(&self.run, name, pid.as_raw())?;

        let mut was_ready = false;
        loop {
            tokio::select! {
                status = child.wait() => return Ok(End::Untold { how: how_it_ended(status?), was_ready }),
                () = self.spec.probe.passed(), if !was_ready => {
                    was_ready = true;
                    self.report.send_replace(State::Ready);
                }
                () = told(&mut self.orders, Order::Stop) => {
                    end(&mut child, pid, self.spec.program.stop, &mut self.orders).await?;
                    return Ok(End::Told);
                }
            }
        }
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let Program { name, .. } = self.spec.program;
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("failed to open {}", self.log.display()))?;
        let mut command = Command::from(self.spec.program.command());
        command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log)).kill_on_drop(true);
        command.spawn().with_context(|| format!("failed to start {name}"))
    }
}

/// Asks a process to go, waits, and when the grace or our patience is over, makes it.
async fn end(child: &mut Child, pid: Pid, signal: Signal, orders: &mut watch::Receiver<Order>) -> anyhow::Result<()> {
    if *orders.borrow() != Order::Kill {
        // A process that has just ended by itself cannot be signalled, which is as well.
        let _ = kill(pid, signal);
        tokio::select! {
            status = child.wait() => return status.map(drop).context("failed to wait for a process"),
            () = sleep(GRACE) => {}
            () = told(orders, Order::Kill) => {}
        }
    }
    let _ = killpg(pid, Signal::SIGKILL);
    child.wait().await.map(drop).context("failed to wait for a process")
}

/// Waits for an order at least as strict as this.
async fn told(orders: &mut watch::Receiver<Order>, least: Order) {
    let strict = |order: &Order| match least {
        Order::Run => true,
        Order::Stop => *order != Order::Run,
        Order::Kill => *order == Order::Kill,
    };
    // Without anybody to give orders there is nothing left to wait for.
    let _ = orders.wait_for(strict).await;
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_PAUSE)
}

fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match Signal::try_from(signal) {
            Ok(signal) => format!("killed by {signal}"),
            Err(_) => format!("killed by signal {signal}"),
        },
        (None, None) => "for no known reason".into(),
    }
}

/// The end of a log, indented; what a person would look up first.
pub(super) fn last_lines(log: &Path) -> String {
    let tail = || -> std::io::Result<Vec<u8>> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = File::open(log)?;
        let length = fs::metadata(log)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_BYTES as u64)))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    };
    let content = tail().unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<_> = text.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
    let mut out: String = shown.iter().map(|line| format!("    {line}\n")).collect();
    out.push_str(&format!("    (all of it: {})", log.display()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_longest() {
        let pauses: Vec<_> = (1..9).map(|failures| pause(failures).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn an_end_is_told_in_words() {
        let status = |script: &str| std::process::Command::new("sh").args(["-c", script]).status().unwrap();
        assert_eq!(how_it_ended(status("exit 3")), "exit code 3");
        assert_eq!(how_it_ended(status("kill -9 $$")), "killed by SIGKILL");
    }

    #[tokio::test]
    async fn a_killed_process_is_started_again_and_its_pid_rewritten() {
        let home = Home::ephemeral().unwrap();
        let fleet = Fleet::new(&home);
        let mut interrupts = Interrupts::listen().unwrap();
        let tasks = tokio::task::LocalSet::new();
        tasks
            .run_until(async {
                fleet.start(sleeper(&home, "exec sleep 600"));
                fleet.ready("worker").await.unwrap();
                let first = pidfile::read(&home.run(), "worker").unwrap();
                kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
                let again = async {
                    while pidfile::read(&home.run(), "worker").is_ok_and(|pid| pid == first) {
                        tokio::task::yield_now().await;
                    }
                };
                timeout(Duration::from_secs(30), again).await.unwrap();
                fleet.ready("worker").await.unwrap();
                let second = pidfile::read(&home.run(), "worker").unwrap();
                assert_ne!(first, second);

                fleet.stop(&mut interrupts).await;
                assert!(kill(Pid::from_raw(second), None).is_err(), "it is gone");
                assert!(!home.run().join("worker.pid").exists());
            })
            .await;
        home.close().unwrap();
    }

    #[tokio::test]
    async fn a_process_that_never_starts_is_given_up_with_its_last_words() {
        let home = Home::ephemeral().unwrap();
        let fleet = Fleet::new(&home);
        let tasks = tokio::task::LocalSet::new();
        let error = tasks
            .run_until(async {
                let mut spec = sleeper(&home, "echo no such database >&2; exit 1");
                spec.probe = Probe::Alive(Duration::from_secs(600));
                fleet.start(spec);
                fleet.ready("worker").await.unwrap_err().to_string()
            })
            .await;
        assert!(error.starts_with("worker does not start (exit code 1)"), "{error}");
        assert!(error.contains("no such database"), "{error}");
        home.close().unwrap();
    }

    fn sleeper(home: &Home, script: &str) -> Spec {
        let program = Program {
            name: "worker",
            path: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: Vec::new(),
            directory: home.path().to_owned(),
            owner: None,
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGKILL,
        };
        Spec { program, probe: Probe::Alive(Duration::ZERO), cluster: None }
    }
}
