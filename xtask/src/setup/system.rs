//! What comes from the system's own packages. Clusters and services that a package starts by itself are left alone:
//! Hilo has its own, on other ports.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::bail;
use nix::unistd::geteuid;

use crate::process;
use crate::servers::tools;
use crate::step::step;

/// The oldest Node that builds the web.
const NODE: u32 = 20;
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What is needed beyond the servers.
pub(crate) struct Needs {
    /// Python's installer, to fetch Temporal's servers.
    pub(crate) pip: bool,
    /// Node and npm, to build the web.
    pub(crate) node: bool,
    /// A browser, to test it.
    pub(crate) browser: bool,
}

/// Something that is not there.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: &'static str,
    /// The package that has it on this system, if one has.
    package: Option<&'static str>,
    /// How else to come by it.
    otherwise: &'static str,
}

/// Installs the missing packages.
///
/// # Errors
/// In one sentence that says how, when that cannot be done here.
pub(crate) fn install(needs: &Needs, logs: &Path) -> anyhow::Result<()> {
    let system = System::read(&fs::read_to_string("/etc/os-release").unwrap_or_default());
    let missing = step("what is installed", || Ok(look(needs, system)))?;
    if missing.is_empty() {
        return Ok(());
    }
    if system == System::Other {
        let list: Vec<_> = missing.iter().map(|missing| missing.what).collect();
        bail!(
            "missing: {}. This is not Debian 12 or Ubuntu 24.04 or newer, so install that by hand, or run Hilo with \
             `docker compose up`",
            list.join(", ")
        );
    }
    let (packages, by_hand) = plan(&missing);
    if !packages.is_empty() {
        let Some(root) = how_to_be_root() else {
            bail!("missing packages: run `sudo apt-get install -y {}` and start again", packages.join(" "));
        };
        let apt = |arguments: &[&str]| {
            let mut command = match root {
                Root::Already => Command::new("apt-get"),
                Root::Sudo => {
                    let mut command = Command::new("sudo");
                    command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                    command
                }
            };
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        step(&format!("packages: {}", packages.join(" ")), || {
            process::quiet(apt(&["update"]), LIMIT, &logs.join("apt.log"))?;
            let mut install = apt(&["install", "-y", "--no-install-recommends"]);
            install.args(&packages);
            process::quiet(install, LIMIT, &logs.join("apt.log"))
        })?;
        if let Some(still) = look(needs, system).iter().find(|missing| missing.package.is_some()) {
            bail!("{} is still missing after its package was installed: {}", still.what, still.otherwise);
        }
    }
    match by_hand.first() {
        Some(missing) => bail!("{} is missing: {}", missing.what, missing.otherwise),
        None => Ok(()),
    }
}

fn look(needs: &Needs, system: System) -> Vec<Missing> {
    let node = || tools::on_path("node").and_then(|node| tools::version_of(&node, "--version"));
    let pip = || {
        let mut python = Command::new("python3");
        python.args(["-m", "pip", "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    };
    let browser =
        || ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| tools::on_path(name).is_some());
    let mut missing = Vec::new();
    let mut need = |there: bool, what, package, otherwise| {
        if !there {
            missing.push(Missing { what, package, otherwise });
        }
    };
    need(
        tools::postgres().is_some(),
        "PostgreSQL 15 or newer",
        Some("postgresql"),
        "install it from https://www.postgresql.org/download",
    );
    need(
        tools::redis().is_some(),
        "Redis 7 or newer",
        Some("redis-server"),
        "install it from https://redis.io/download",
    );
    need(tools::on_path("cc").is_some(), "a C compiler", Some("build-essential"), "install one that is called `cc`");
    if needs.pip {
        need(pip(), "pip for Python 3", Some("python3-pip"), "install it so that `python3 -m pip --version` works");
    }
    if needs.node {
        let there = node().is_some_and(|version| version.0 >= NODE) && tools::on_path("npm").is_some();
        need(there, "Node 20 or newer with npm", None, "install it from https://nodejs.org");
    }
    if needs.browser {
        // Ubuntu's package of that name only asks for a snap.
        let package = (system == System::Debian).then_some("chromium");
        need(browser(), "Chromium for the browser's tests", package, "run `sudo snap install chromium`");
    }
    missing
}

/// The packages to install, and what no package has.
fn plan(missing: &[Missing]) -> (Vec<&'static str>, Vec<&Missing>) {
    let packages = missing.iter().filter_map(|missing| missing.package).collect();
    (packages, missing.iter().filter(|missing| missing.package.is_none()).collect())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum System {
    Debian,
    Ubuntu,
    Other,
}

impl System {
    /// Reads what `/etc/os-release` says.
    fn read(release: &str) -> Self {
        let value = |key: &str| {
            let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.map(|value| value.trim().trim_matches('"'))
        };
        let version = value("VERSION_ID").unwrap_or_default();
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match value("ID") {
            Some("debian") if version >= (12, 0) => Self::Debian,
            Some("ubuntu") if version >= (24, 4) => Self::Ubuntu,
            _ => Self::Other,
        }
    }
}

#[derive(Clone, Copy)]
enum Root {
    Already,
    Sudo,
}

fn how_to_be_root() -> Option<Root> {
    if geteuid().is_root() {
        return Some(Root::Already);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success()).then_some(Root::Sudo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_systems_whose_packages_are_new_enough_are_known() {
        let read = |id: &str, version: &str| System::read(&format!("NAME=x\nVERSION_ID=\"{version}\"\nID={id}\n"));
        assert_eq!(read("debian", "12"), System::Debian);
        assert_eq!(read("debian", "13"), System::Debian);
        assert_eq!(read("debian", "11"), System::Other);
        assert_eq!(read("ubuntu", "24.04"), System::Ubuntu);
        assert_eq!(read("ubuntu", "25.10"), System::Ubuntu);
        assert_eq!(read("ubuntu", "22.04"), System::Other);
        assert_eq!(read("fedora", "43"), System::Other);
        assert_eq!(System::read(""), System::Other);
    }

    #[test]
    fn what_has_a_package_is_installed_and_the_rest_is_said() {
        let missing = [
            Missing { what: "Redis", package: Some("redis-server"), otherwise: "" },
            Missing { what: "Node", package: None, otherwise: "install it from https://nodejs.org" },
        ];
        let (packages, by_hand) = plan(&missing);
        assert_eq!(packages, ["redis-server"]);
        assert_eq!(by_hand, [&missing[1]]);
    }
}
