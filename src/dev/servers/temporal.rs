//! Temporal's development server on a file, with its UI.
//!
//! SQLite's defaults make it four times slower than it need be, so it writes ahead and synchronises at checkpoints;
//! what it acknowledged survives being killed all the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use nix::sys::signal::Signal;

use super::{Durability, Program, arguments, tools};

/// The namespace that the server makes by itself.
pub(crate) const NAMESPACE: &str = "default";

/// What this user has configured for another server is not for ours.
const ALONE: [&str; 2] = ["--disable-config-file", "--disable-config-env"];

/// Temporal, found on this machine, with its file.
#[derive(Clone, Debug)]
pub(crate) struct Temporal {
    binary: PathBuf,
    file: PathBuf,
    durability: Durability,
}

impl Temporal {
    /// Temporal with its file in `data`; the program is looked for on `PATH`, then in `folders`.
    ///
    /// # Errors
    /// When it is missing.
    pub(crate) fn open(data: &Path, folders: &[PathBuf], durability: Durability) -> anyhow::Result<Self> {
        let Some(binary) = tools::temporal(folders) else {
            let (major, minor) = tools::TEMPORAL;
            bail!(
                "Temporal's development server (`temporal` {major}.{minor} or newer) is missing: `cargo xtask setup` fetches it"
            );
        };
        Ok(Self { binary, file: data.join("temporal.db"), durability })
    }

    /// How to start it on a port, with its UI on another.
    pub(crate) fn program(&self, port: u16, ui_port: u16) -> Program {
        let synchronous = match self.durability {
            Durability::Durable => "synchronous=normal",
            Durability::Scratch => "synchronous=off",
        };
        let mut args =
            arguments(["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn", "--color", "never"]);
        args.extend(arguments(ALONE));
        args.extend(arguments(["--port", &port.to_string(), "--ui-port", &ui_port.to_string()]));
        args.extend(arguments(["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", synchronous]));
        args.extend(arguments([Path::new("--db-filename"), &self.file]));
        Program {
            name: "temporal",
            path: self.binary.clone(),
            args,
            env: Vec::new(),
            directory: self.file.parent().unwrap_or(Path::new("/")).to_owned(),
            owner: None,
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGTERM,
        }
    }

    /// The question whose exit status says whether the namespace is served: the port is open before it is.
    pub(crate) fn question(&self, port: u16) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["operator", "namespace", "describe", "--namespace", NAMESPACE, "--command-timeout", "3s"]);
        command.args(["--address", &address(port)]).args(ALONE);
        command
    }
}

/// The address as `TEMPORAL_ADDRESS` carries it.
pub(crate) fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
