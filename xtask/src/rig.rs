//! The servers for one run of tests or of a benchmark: begun empty on free ports, gone at the end.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::{Running, last_lines};
use crate::project::Project;
use crate::servers::postgres::{self, Postgres};
use crate::servers::redis::{self, Redis};
use crate::servers::temporal::{self, Temporal};
use crate::servers::{Durability, Program, http_status, private_folder, random_hex, tools};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Running servers; stopped and removed when dropped.
pub(crate) struct Rig {
    folder: PathBuf,
    running: Vec<Running>,
    variables: Vec<(&'static str, OsString)>,
    binaries: PathBuf,
    database_url: String,
    _lock: File,
}

impl Rig {
    /// Starts PostgreSQL, Redis and Temporal in `.hilo/NAME`.
    ///
    /// # Errors
    /// When one is missing or does not start, or another run has the folder.
    pub(crate) fn start(project: &Project, name: &str, durability: Durability) -> anyhow::Result<Self> {
        let folder = project.path(".hilo").join(name);
        private_folder(&folder)?;
        let lock = File::create(folder.with_extension("lock")).context("failed to open a lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another run uses {}: wait for its end", folder.display()),
            Err(TryLockError::Error(error)) => return Err(error).context("failed to take a lock"),
        }
        Postgres::remove(&folder)?;
        fs::remove_dir_all(&folder).with_context(|| format!("failed to remove {}", folder.display()))?;
        private_folder(&folder)?;

        let [postgres_port, redis_port, temporal_port, ui_port] = free_ports()?;
        let password = random_hex(24)?;
        let binaries = tools::postgres().context("PostgreSQL is missing")?;
        let database_url = postgres::url(postgres_port, &password);
        let mut rig = Self { folder, running: Vec::new(), variables: Vec::new(), binaries, database_url, _lock: lock };

        let temporal = Temporal::open(&rig.folder, &[project.tools()], durability)?;
        rig.launch(&temporal.program(temporal_port, ui_port))?;
        rig.launch(&Redis::open(&rig.folder, durability)?.program(redis_port))?;
        let postgres = Postgres::open(&rig.folder, &password, durability)?;
        if !postgres.clear_the_way()? {
            bail!("another PostgreSQL works on {}: stop it", rig.folder.display());
        }
        rig.launch(&postgres.program(postgres_port))?;

        rig.wait_for("postgres", || postgres::is_ready(postgres_port))?;
        rig.wait_for("redis", || redis::is_ready(redis_port))?;
        rig.wait_for("temporal", || {
            let mut question = temporal.question(temporal_port);
            let answer = question.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            answer.is_ok_and(|status| status.success())
        })?;
        rig.wait_for("temporal", || http_status(ui_port, "/").is_some())?;

        rig.variables = vec![
            ("DATABASE_URL", rig.database_url.clone().into()),
            ("REDIS_URL", redis::url(redis_port).into()),
            ("TEMPORAL_ADDRESS", temporal::address(temporal_port).into()),
            ("TEMPORAL_NAMESPACE", temporal::NAMESPACE.into()),
            ("HILO_TEMPORAL_UI_URL", format!("http://127.0.0.1:{ui_port}").into()),
            ("HILO_TOOLS", project.tools().into()),
            ("PATH", rig.path(project)?),
        ];
        Ok(rig)
    }

    /// Tells a program where the servers and the tools are.
    pub(crate) fn equip<'command>(&self, command: &'command mut Command) -> &'command mut Command {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)))
    }

    /// The address of the database.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// `psql` with a database, which stops at the first error.
    pub(crate) fn psql(&self, database_url: &str) -> Command {
        let mut command = Command::new(self.binaries.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", database_url]).env("PGOPTIONS", "");
        command
    }

    /// A folder for files of this run.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        private_folder(&folder)?;
        Ok(folder)
    }

    fn launch(&mut self, program: &Program) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{}.log", program.name));
        let file = File::create(&log).with_context(|| format!("failed to open {}", log.display()))?;
        let mut command = program.command();
        command.stdout(file.try_clone()?).stderr(file);
        self.running.push(Running::start(command, program.stop)?);
        Ok(())
    }

    fn wait_for(&mut self, name: &str, answers: impl Fn() -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !answers() {
            let log = self.folder.join(format!("{name}.log"));
            for running in &mut self.running {
                if let Some(status) = running.ended()? {
                    bail!("a server ended ({status}) while {name} was awaited:\n{}", last_lines(&log));
                }
            }
            if begun.elapsed() > PATIENCE {
                bail!("{name} does not answer:\n{}", last_lines(&log));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn path(&self, project: &Project) -> anyhow::Result<OsString> {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders = [self.binaries.clone()].into_iter().chain(env::split_paths(&inherited)).chain([project.tools()]);
        env::join_paths(folders).context("failed to extend PATH")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.running.clear();
        // What stays is removed by the next run.
        let _ = Postgres::remove(&self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Four ports that nobody listens on, all different because all are held until all are known.
fn free_ports() -> anyhow::Result<[u16; 4]> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port");
    let held = [listen()?, listen()?, listen()?, listen()?];
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
