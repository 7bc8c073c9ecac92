//! Redis with data of its own: what it acknowledged is in its append-only file.

use std::path::{Path, PathBuf};

use anyhow::bail;
use nix::sys::signal::Signal;

use super::{Durability, Program, arguments, exchange, private_folder, tools};

/// Redis, found on this machine, with its folder.
#[derive(Clone, Debug)]
pub(crate) struct Redis {
    binary: PathBuf,
    folder: PathBuf,
    durability: Durability,
}

impl Redis {
    /// Redis with its data in `data`.
    ///
    /// # Errors
    /// When Redis is missing or its folder cannot be made.
    pub(crate) fn open(data: &Path, durability: Durability) -> anyhow::Result<Self> {
        let Some(binary) = tools::redis() else {
            bail!(
                "Redis {} or newer is missing: `cargo xtask setup` installs it, or `apt-get install redis-server`",
                tools::REDIS
            );
        };
        let folder = data.join("redis");
        private_folder(&folder)?;
        Ok(Self { binary, folder, durability })
    }

    /// How to start it on a port.
    pub(crate) fn program(&self, port: u16) -> Program {
        let (append, save) = match self.durability {
            Durability::Durable => ("yes", "60 1"),
            Durability::Scratch => ("no", ""),
        };
        let port = port.to_string();
        let args =
            ["--port", &port, "--bind", "127.0.0.1", "--appendonly", append, "--save", save, "--daemonize", "no"];
        Program {
            name: "redis",
            path: self.binary.clone(),
            args: arguments(args),
            env: Vec::new(),
            directory: self.folder.clone(),
            owner: None,
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGTERM,
        }
    }
}

/// The address as `REDIS_URL` carries it.
pub(crate) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

/// Whether it answers commands: while it loads its data the port is open already.
pub(crate) fn is_ready(port: u16) -> bool {
    exchange(port, b"PING\r\n").is_some_and(|answer| answer.starts_with(b"+PONG"))
}
