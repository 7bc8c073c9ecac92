//! The three servers that Hilo stands on, as this machine's own programs: where their binaries are, how their data is
//! laid out, how each is started, and how to tell that it answers.
//!
//! `hilo dev` supervises them and `cargo xtask` borrows them for tests, so this module is compiled into both. It knows
//! the standard library, `anyhow`, `nix`, `hex` and `sha2`; nothing of Hilo, and no async runtime.

pub(crate) mod owner;
pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod temporal;
pub(crate) mod tools;

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::Signal;

use self::owner::Owner;

/// Whether what a server acknowledged must outlive the power: people's data does, a test's does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    /// Every commit reaches the disk.
    Durable,
    /// Nothing is flushed and nothing is kept.
    Scratch,
}

/// A long-running program: everything needed to start it again exactly as it was started before.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its name in pid files, logs and messages.
    pub(crate) name: &'static str,
    /// The binary.
    pub(crate) path: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Variables added to the environment that it inherits.
    pub(crate) env: Vec<(String, OsString)>,
    /// The folder it runs in.
    pub(crate) directory: PathBuf,
    /// The user it runs as, when not ours.
    pub(crate) owner: Option<Owner>,
    /// The signal that asks it to finish its work and go.
    pub(crate) stop: Signal,
    /// The signal that it gets from the system when we are dead and nobody waits for it any more.
    pub(crate) orphaned: Signal,
}

impl Program {
    /// The command that starts it in a process group of its own, so that a Ctrl-C in the terminal reaches only us, and
    /// with the wish to be stopped when we die, where the system has `setpriv` to express that without unsafe code.
    pub(crate) fn command(&self) -> Command {
        let mut command = match tools::on_path("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                let signal = self.orphaned.as_str().trim_start_matches("SIG");
                command.args(["--pdeathsig", signal, "--"]).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        command.args(&self.args).envs(self.env.iter().map(|(key, value)| (key, value)));
        command.current_dir(&self.directory).stdin(Stdio::null()).process_group(0);
        if let Some(owner) = &self.owner {
            command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw()).env("HOME", &self.directory);
        }
        command
    }
}

/// Arguments from anything that reads as one.
fn arguments<I>(list: I) -> Vec<OsString>
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    list.into_iter().map(|argument| argument.as_ref().to_owned()).collect()
}

/// So many random bytes, as lower-case hexadecimal, from the system's generator.
///
/// # Errors
/// When the system's generator cannot be read.
pub(crate) fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut drawn = vec![0; bytes];
    let mut source = File::open("/dev/urandom").context("failed to open /dev/urandom")?;
    source.read_exact(&mut drawn).context("failed to read /dev/urandom")?;
    Ok(hex::encode(drawn))
}

/// Makes a folder, and those above it, for our eyes only.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn private_folder(path: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("failed to make the folder {}", path.display()))
}

/// Sends `request` to a port of this machine and returns the first bytes of the answer; `None` while nobody answers.
fn exchange(port: u16, request: &[u8]) -> Option<Vec<u8>> {
    let patience = Duration::from_secs(2);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.set_write_timeout(Some(patience)).ok()?;
    stream.write_all(request).ok()?;
    let mut answer = vec![0; 64];
    let length = stream.read(&mut answer).ok()?;
    answer.truncate(length);
    Some(answer)
}

/// The status that a GET of `path` is answered with; `None` while nobody answers.
pub(crate) fn http_status(port: u16, path: &str) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let answer = exchange(port, request.as_bytes())?;
    let line = String::from_utf8_lossy(&answer).into_owned();
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufRead as _;
    use std::net::TcpListener;

    #[test]
    fn an_http_answer_is_read_for_its_status() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            std::io::BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
            line
        });
        assert_eq!(http_status(port, "/readyz"), Some(503));
        assert_eq!(server.join().unwrap(), "GET /readyz HTTP/1.1\r\n");
    }

    #[test]
    fn random_text_has_the_length_asked_for_and_never_repeats() {
        let (one, other) = (random_hex(24).unwrap(), random_hex(24).unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }
}
