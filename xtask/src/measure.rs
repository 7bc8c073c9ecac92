//! What is built and then handed the terminal: Hilo itself, the benchmarks, and the killing of everything.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::process;
use crate::project::Project;
use crate::rig::Rig;
use crate::servers::Durability;
use crate::step::{note, step};

const LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// Builds `hilo` and becomes `hilo dev`.
///
/// # Errors
/// When it cannot be built or started.
pub(crate) fn dev(project: &Project, release: bool, flags: &[String]) -> anyhow::Result<ExitCode> {
    let binary = build(project, release)?;
    let mut command = Command::new(&binary);
    command.arg("dev").args(flags).current_dir(project.path("")).env("HILO_TOOLS", project.tools());
    // Only returns when it failed.
    Err(command.exec()).with_context(|| format!("failed to run {}", binary.display()))
}

/// Runs a benchmark beside servers that write everything to disk.
///
/// # Errors
/// When it cannot be built or the servers do not start.
pub(crate) fn bench(project: &Project, name: &str, flags: &[String]) -> anyhow::Result<ExitCode> {
    // In one go: what both use is compiled once.
    let binary = compile(project, &["--package", "hilo", "--package", "hilo-bench", "--release"])?;
    let rig = step("servers", || Rig::start(project, "bench", Durability::Durable))?;
    let mut command = Command::new(binary.with_file_name(format!("hilo-bench{}", env::consts::EXE_SUFFIX)));
    rig.equip(command.arg(name).args(flags).current_dir(project.path(""))).env("HILO_BIN", binary);
    Ok(code(process::show(command, LIMIT)?))
}

/// Kills processes at random under load, many times over.
///
/// # Errors
/// When it cannot be built or the servers do not start.
pub(crate) fn chaos(project: &Project, seed: Option<u64>) -> anyhow::Result<ExitCode> {
    let seed = match seed {
        Some(seed) => seed,
        None => drawn()?,
    };
    note(&format!("seed {seed} (again with `cargo xtask chaos --seed {seed}`)"));
    let rig = step("servers", || Rig::start(project, "chaos", Durability::Durable))?;
    let mut command =
        project.cargo(&["test", "--package", "hilo", "--test", "kill", "--", "--nocapture", "--test-threads=1"]);
    rig.equip(&mut command).env("HILO_LONG", "1").env("HILO_SEED", seed.to_string());
    Ok(code(process::show(command, LIMIT)?))
}

/// Builds `hilo` and says where it is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn build(project: &Project, release: bool) -> anyhow::Result<PathBuf> {
    compile(project, if release { &["--package", "hilo", "--release"] } else { &["--package", "hilo"] })
}

fn compile(project: &Project, what: &[&str]) -> anyhow::Result<PathBuf> {
    let mut command = project.cargo(&["build", "--bins"]);
    command.args(what);
    step("hilo", || match process::show(command, LIMIT)? {
        true => Ok(()),
        false => bail!("hilo does not compile"),
    })?;
    let profile = if what.contains(&"--release") { "release" } else { "debug" };
    Ok(project.target().join(profile).join(format!("hilo{}", env::consts::EXE_SUFFIX)))
}

fn drawn() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("failed to draw a seed")?;
    Ok(u64::from_le_bytes(bytes))
}

fn code(success: bool) -> ExitCode {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
