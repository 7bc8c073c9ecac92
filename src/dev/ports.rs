//! Which port is whose, and moving all of them together.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, bail};

/// The ports of one `hilo dev`, all on 127.0.0.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ports {
    pub(super) gateway: u16,
    pub(super) simulator: u16,
    pub(super) temporal_ui: u16,
    pub(super) temporal: u16,
    pub(super) postgres: u16,
    pub(super) redis: u16,
}

impl Ports {
    /// Where everything is when nobody says otherwise.
    const DEFAULT: Self =
        Self { gateway: 8080, simulator: 8090, temporal_ui: 8233, temporal: 7233, postgres: 54329, redis: 63790 };

    /// The default ports, each moved by `offset`.
    ///
    /// # Errors
    /// When the highest of them would leave the range.
    pub(super) fn with_offset(offset: u16) -> anyhow::Result<Self> {
        let most = u16::MAX - Self::DEFAULT.table().iter().map(|(_, port)| *port).max().unwrap_or_default();
        if offset > most {
            bail!("--port-offset {offset} is too large: at most {most}");
        }
        let Self { gateway, simulator, temporal_ui, temporal, postgres, redis } = Self::DEFAULT;
        Ok(Self {
            gateway: gateway + offset,
            simulator: simulator + offset,
            temporal_ui: temporal_ui + offset,
            temporal: temporal + offset,
            postgres: postgres + offset,
            redis: redis + offset,
        })
    }

    /// Makes sure that nobody listens on any of them.
    ///
    /// # Errors
    /// Names the first that is taken, and the way out.
    pub(super) fn check_free(self) -> anyhow::Result<()> {
        for (name, port) in self.table() {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
                    "port {port} ({name}) is in use: stop the program that has it, or move every port with --port-offset N"
                ),
                Err(error) => return Err(error).with_context(|| format!("failed to listen on port {port} ({name})")),
            }
        }
        Ok(())
    }

    fn table(self) -> [(&'static str, u16); 6] {
        [
            ("gateway", self.gateway),
            ("simulator", self.simulator),
            ("Temporal's UI", self.temporal_ui),
            ("Temporal", self.temporal),
            ("PostgreSQL", self.postgres),
            ("Redis", self.redis),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_offset_the_ports_are_the_ones_people_know() {
        let ports = Ports::with_offset(0).unwrap();
        assert_eq!(ports.table().map(|(_, port)| port), [8080, 8090, 8233, 7233, 54329, 63790]);
    }

    #[test]
    fn an_offset_moves_every_port() {
        let ports = Ports::with_offset(100).unwrap();
        assert_eq!(ports.table().map(|(_, port)| port), [8180, 8190, 8333, 7333, 54429, 63890]);
    }

    #[test]
    fn an_offset_beyond_the_last_port_is_refused() {
        assert_eq!(Ports::with_offset(1745).unwrap().redis, u16::MAX);
        let error = Ports::with_offset(1746).unwrap_err().to_string();
        assert_eq!(error, "--port-offset 1746 is too large: at most 1745");
    }

    #[test]
    fn a_taken_port_is_named_with_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = Ports { gateway: port, ..Ports::DEFAULT }.check_free().unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {port} (gateway) is in use")), "{error}");
        assert!(error.contains("--port-offset"), "{error}");
    }
}
