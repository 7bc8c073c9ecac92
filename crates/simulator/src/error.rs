//! Why a simulator cannot start or go on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What stops a simulator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken or not ours.
    #[error("listen on {address}")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The listener stopped accepting.
    #[error("serve connections")]
    Serve(#[source] io::Error),
    /// A file of the data folder cannot be used.
    #[error("use `{}`", path.display())]
    Data {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another simulator works on the same data folder.
    #[error("lock `{}`, another simulator holds it", path.display())]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// A line of the journal, other than a torn last one, cannot be read.
    #[error("read line {line} of `{}`", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The HTTP client that delivers webhooks cannot be built.
    #[error("build the HTTP client of the webhooks")]
    Client(#[source] reqwest::Error),
    /// Something embedded in the program is broken: the schema or the demo templates.
    #[error("use the embedded {what}: {why}")]
    Embedded {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}
