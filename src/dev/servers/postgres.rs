//! PostgreSQL with a cluster of our own: initialised once, whole or not at all, reachable over TCP on this machine by
//! the role `hilo` and its password only. Clusters that the distribution made are never looked at.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use nix::sys::signal::Signal;

use super::owner::{Owner, reachable_folder, remove_reachable_folder};
use super::{Durability, Program, arguments, exchange, tools};

/// The folder in the data folder that holds the cluster, or links to it.
const FOLDER: &str = "postgres";

/// Who may come in: only the role `hilo`, only from this machine, only with its password.
const HBA: &str = "# Written at initialisation.\nhost all hilo 127.0.0.1/32 scram-sha-256\n";

/// A cluster that stands on disk.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    binaries: PathBuf,
    cluster: PathBuf,
    owner: Option<Owner>,
    durability: Durability,
}

impl Postgres {
    /// The cluster in `data`, made when it is not there yet with `password` for the role `hilo` and its database.
    ///
    /// # Errors
    /// When PostgreSQL is missing or cannot make the cluster.
    pub(crate) fn open(data: &Path, password: &str, durability: Durability) -> anyhow::Result<Self> {
        let Some(binaries) = tools::postgres() else {
            bail!(
                "PostgreSQL {} or newer is missing: `cargo xtask setup` installs it, or `apt-get install postgresql`",
                tools::POSTGRES
            );
        };
        let owner = Owner::for_postgres()?;
        let home = reachable_folder(data, FOLDER, owner.as_ref(), durability)?;
        let this = Self { binaries, cluster: home.join("cluster"), owner, durability };
        if !this.cluster.exists() {
            this.initialise(&home.join("cluster.draft"), password)?;
        }
        Ok(this)
    }

    /// Removes the cluster in `data`, wherever it stands.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub(crate) fn remove(data: &Path) -> anyhow::Result<()> {
        remove_reachable_folder(data, FOLDER)
    }

    /// How to start it on a port.
    pub(crate) fn program(&self, port: u16) -> Program {
        let mut settings = vec![
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            "max_connections=200".into(),
            "timezone=UTC".into(),
            "log_timezone=UTC".into(),
        ];
        if self.durability == Durability::Scratch {
            // Without waiting for the disk, but never without writing: a killed server loses nothing that it has committed.
            settings.extend(["fsync=off", "full_page_writes=off"].map(String::from));
        }
        let mut args = arguments([Path::new("-D"), &self.cluster]);
        args.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
        Program {
            name: "postgres",
            path: self.binaries.join("postgres"),
            args,
            env: Vec::new(),
            directory: self.cluster.clone(),
            owner: self.owner.clone(),
            // SIGINT is its fast shutdown: sessions are ended, everything is written.
            stop: Signal::SIGINT,
            orphaned: Signal::SIGINT,
        }
    }

    /// Clears the way for a start after a crash: while a process of the dead server still works on the cluster it
    /// answers false; else it drops the pid file, which could name a number that somebody else has by now.
    ///
    /// # Errors
    /// When the pid file cannot be removed.
    pub(crate) fn clear_the_way(&self) -> anyhow::Result<bool> {
        // Every process of a server stands in its cluster's folder.
        if !tenants(&self.cluster, "postgres").is_empty() {
            return Ok(false);
        }
        match fs::remove_file(self.cluster.join("postmaster.pid")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("failed to remove a stale postmaster.pid")
            }
            _ => Ok(true),
        }
    }

    fn initialise(&self, draft: &Path, password: &str) -> anyhow::Result<()> {
        if draft.exists() {
            fs::remove_dir_all(draft).with_context(|| format!("failed to remove {}", draft.display()))?;
        }
        let mut initdb = self.tool("initdb", draft);
        initdb.args(["--username=postgres", "--auth=reject", "--encoding=UTF8", "--locale=C.UTF-8", "-D"]).arg(draft);
        finish(initdb, None).context("failed to initialise PostgreSQL's cluster")?;

        // Without a server nobody can connect half-way: the role and the database are there from the first start.
        let mut single = self.tool("postgres", draft);
        single.args(["--single", "-F", "-O", "-D"]).arg(draft).arg("postgres");
        let statements = format!(
            "CREATE ROLE hilo LOGIN CREATEDB PASSWORD '{}'\nCREATE DATABASE hilo OWNER hilo\n",
            password.replace('\'', "''")
        );
        finish(single, Some(&statements)).context("failed to make the database `hilo`")?;

        let hba = draft.join("pg_hba.conf");
        fs::write(&hba, HBA).with_context(|| format!("failed to write {}", hba.display()))?;
        fs::rename(draft, &self.cluster).with_context(|| format!("failed to name {}", self.cluster.display()))
    }

    fn tool(&self, name: &str, draft: &Path) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(draft.parent().unwrap_or(draft)).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
        if let Some(owner) = &self.owner {
            command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
        }
        command
    }
}

/// The address of the database `hilo` as `DATABASE_URL` carries it.
pub(crate) fn url(port: u16, password: &str) -> String {
    format!("postgres://hilo:{password}@127.0.0.1:{port}/hilo")
}

/// Whether a session could begin: during recovery the port is open long before.
pub(crate) fn is_ready(port: u16) -> bool {
    let parameters = b"user\0hilo\0database\0hilo\0\0";
    let mut startup = Vec::new();
    startup.extend_from_slice(&(8 + parameters.len() as u32).to_be_bytes());
    startup.extend_from_slice(&(3_u32 << 16).to_be_bytes());
    startup.extend_from_slice(parameters);
    // `R` asks for the password; `E` refuses, as while it starts.
    exchange(port, &startup).is_some_and(|answer| answer.first() == Some(&b'R'))
}

/// The processes of a program whose working folder this is. Those of other users that we may not look at cannot be
/// ours.
fn tenants(folder: &Path, program: &str) -> Vec<i32> {
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .filter(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == program))
        .collect()
}

/// Runs a tool of PostgreSQL to its end; when it fails, what it said is the error.
fn finish(mut command: Command, input: Option<&str>) -> anyhow::Result<()> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
        pipe.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // The single-user server goes on after a statement that failed, so its word counts as much as its exit status.
    if !output.status.success() || said.contains("ERROR:") {
        bail!("{}", said.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_process_is_found_by_its_program_and_the_folder_it_works_in() {
        let here = std::env::current_dir().unwrap();
        let (own, name) = (std::process::id() as i32, fs::read_to_string("/proc/self/comm").unwrap());
        assert!(tenants(&here, name.trim_end()).contains(&own));
        assert!(!tenants(&here, "postgres").contains(&own), "a shell may stand there too");
        assert!(tenants(Path::new("/nonexistent"), name.trim_end()).is_empty());
    }

    #[test]
    fn nobody_listening_is_not_ready() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(!is_ready(free));
    }

    #[test]
    fn a_tool_that_fails_is_quoted() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no room on the disk >&2; exit 3"]);
        assert_eq!(finish(command, None).unwrap_err().to_string(), "no room on the disk");
    }
}
