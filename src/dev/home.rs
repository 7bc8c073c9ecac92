//! The folder that holds everything: its layout, and the lock that keeps a second `hilo dev` out of it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::servers::postgres::Postgres;
use super::servers::{private_folder, random_hex};

/// How many logs of earlier starts are kept for each process.
const OLD_LOGS: u32 = 3;

/// The data folder, ours alone while this lives.
pub(super) struct Home {
    path: PathBuf,
    ephemeral: bool,
    // The system lets go of it when this process ends, however it ends.
    _lock: File,
}

impl Home {
    /// The folder at `path`, made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or another `hilo dev` has it.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        private_folder(path)?;
        let path = path.canonicalize().with_context(|| format!("failed to find {}", path.display()))?;
        Self::claim(path, false)
    }

    /// A new folder that [`Home::close`] removes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn ephemeral() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("hilo-{}", random_hex(6)?));
        private_folder(&path)?;
        Self::claim(path, true)
    }

    fn claim(path: PathBuf, ephemeral: bool) -> anyhow::Result<Self> {
        for folder in ["run", "log", "media", "simulator"] {
            private_folder(&path.join(folder))?;
        }
        let lock = File::create(path.join("run/lock")).context("failed to open the lock of the data folder")?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, ephemeral, _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "another `hilo dev` runs in {}: stop it, or give this one a folder with --data-dir and ports with --port-offset",
                path.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context("failed to lock the data folder"),
        }
    }

    /// The folder itself, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing is kept.
    pub(super) fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Where the pid files are.
    pub(super) fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    /// Where the logs are.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The file with the generated keys.
    pub(super) fn keys(&self) -> PathBuf {
        self.path.join("keys.json")
    }

    /// Numbers the logs of the last start and those before it, so that each start begins its own.
    ///
    /// # Errors
    /// When a log cannot be renamed.
    pub(super) fn rotate_logs(&self, names: &[&str]) -> anyhow::Result<()> {
        for name in names.iter().chain(&["migrate", "seed"]) {
            let numbered = |number: u32| match number {
                0 => self.log().join(format!("{name}.log")),
                _ => self.log().join(format!("{name}.log.{number}")),
            };
            for number in (0..OLD_LOGS).rev() {
                let log = numbered(number);
                if log.exists() {
                    fs::rename(&log, numbered(number + 1)).with_context(|| format!("failed to rotate {name}.log"))?;
                }
            }
        }
        Ok(())
    }

    /// Lets go of the folder; an ephemeral one goes with all that was in it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn close(self) -> anyhow::Result<()> {
        if self.ephemeral {
            Postgres::remove(&self.path)?;
            fs::remove_dir_all(&self.path).with_context(|| format!("failed to remove {}", self.path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_in_the_same_folder_is_refused_in_one_sentence() {
        let first = Home::ephemeral().unwrap();
        let error = Home::open(first.path()).err().unwrap().to_string();
        assert!(error.starts_with("another `hilo dev` runs in "), "{error}");
        assert!(!error.contains('\n'));
        first.close().unwrap();
    }

    #[test]
    fn an_ephemeral_folder_is_gone_at_the_end() {
        let home = Home::ephemeral().unwrap();
        let path = home.path().to_owned();
        assert!(path.join("media").is_dir());
        home.close().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn each_start_begins_its_own_log_and_the_oldest_goes() {
        let home = Home::ephemeral().unwrap();
        let log = |name: &str| home.log().join(name);
        for start in 0..6 {
            home.rotate_logs(&["gateway"]).unwrap();
            fs::write(log("gateway.log"), start.to_string()).unwrap();
        }
        let kept: Vec<_> = ["gateway.log", "gateway.log.1", "gateway.log.2", "gateway.log.3"]
            .map(|name| fs::read_to_string(log(name)).unwrap())
            .into();
        assert_eq!(kept, ["5", "4", "3", "2"]);
        assert!(!log("gateway.log.4").exists());
        home.close().unwrap();
    }
}
