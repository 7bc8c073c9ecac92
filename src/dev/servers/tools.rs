//! Where the programs are that we do not ship, and whether they are new enough.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{AccessFlags, access};

/// The oldest PostgreSQL that Hilo runs on.
pub(crate) const POSTGRES: u32 = 15;
/// The oldest Redis that Hilo runs on.
pub(crate) const REDIS: u32 = 7;
/// The oldest Temporal CLI whose development server Hilo is tested with.
pub(crate) const TEMPORAL: (u32, u32) = (1, 9);

/// The file `name` in the first folder of `PATH` that has it as something we may run.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| is_program(path))
}

/// Whether this is a file that we may run.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

/// The first version number in what a program says about itself, as major and minor.
pub(crate) fn version_of(program: &Path, argument: &str) -> Option<(u32, u32)> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    first_version(&String::from_utf8_lossy(&output.stdout))
}

/// The folder of the newest PostgreSQL that is new enough: the distribution's versioned folders first, then `PATH`.
pub(crate) fn postgres() -> Option<PathBuf> {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = packaged.map(|entry| entry.path().join("bin"));
    let on_path = on_path("postgres").and_then(|path| path.canonicalize().ok()?.parent().map(Path::to_owned));
    packaged
        .chain(on_path)
        .filter(|folder| is_program(&folder.join("initdb")) && is_program(&folder.join("postgres")))
        .filter_map(|folder| Some((version_of(&folder.join("postgres"), "--version")?, folder)))
        .filter(|(version, _)| version.0 >= POSTGRES)
        .max()
        .map(|(_, folder)| folder)
}

/// A `redis-server` that is new enough.
pub(crate) fn redis() -> Option<PathBuf> {
    on_path("redis-server").filter(|path| version_of(path, "--version").is_some_and(|version| version.0 >= REDIS))
}

/// A `temporal` that is new enough: `PATH` first, then the folders that set-up unpacks to.
pub(crate) fn temporal(folders: &[PathBuf]) -> Option<PathBuf> {
    let unpacked = folders.iter().map(|folder| folder.join("temporal")).filter(|path| is_program(path));
    let mut candidates = on_path("temporal").into_iter().chain(unpacked);
    candidates.find(|path| version_of(path, "--version").is_some_and(|version| version >= TEMPORAL))
}

/// The first `number.number` in a text: `postgres (PostgreSQL) 15.18 (Debian …)` is 15.18.
fn first_version(text: &str) -> Option<(u32, u32)> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let mut parts = word.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_each_program_says() {
        assert_eq!(first_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some((15, 18)));
        assert_eq!(first_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"), Some((7, 0)));
        assert_eq!(first_version("temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"), Some((1, 9)));
        assert_eq!(first_version("v20.20.2"), Some((20, 20)));
        assert_eq!(first_version("no number here"), None);
    }

    #[test]
    fn a_folder_is_no_program() {
        assert!(!is_program(Path::new("/usr/bin")));
        assert!(is_program(Path::new("/bin/sh")));
        assert!(!is_program(Path::new("/etc/passwd")));
    }
}
