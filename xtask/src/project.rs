//! Where things are in the checkout, and the commands that are run in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The checkout.
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// The checkout that cargo runs us from.
    ///
    /// # Errors
    /// When cargo does not say.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let output = cargo().args(["metadata", "--no-deps", "--format-version=1"]).output();
        let output = output.context("failed to run `cargo metadata`")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).context("failed to read cargo's metadata")?;
        let folder = |name: &str| {
            metadata
                .get(name)
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .with_context(|| format!("cargo gave no {name}"))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// A file or folder of the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where set-up unpacks what no package has.
    pub(crate) fn tools(&self) -> PathBuf {
        self.path(".hilo/tools")
    }

    /// Cargo in the checkout. Queries are checked against the committed data, whatever database is at hand.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo();
        command.args(args).current_dir(&self.root).env("SQLX_OFFLINE", "true");
        command
    }
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
