//! `cargo xtask`: everything about Hilo that is not cargo itself.
//!
//! It prepares a bare machine ([`setup`]), starts Hilo on it, regenerates what is generated ([`generate`]), and runs
//! every check and every test with real servers ([`rig`]). It must compile in seconds, so it knows nothing of Hilo but
//! the module in which `hilo dev` describes the servers.
//!
//! To add a command: a variant of [`Task`], and a module with one public function.

mod generate;
mod inputs;
mod measure;
mod process;
mod project;
mod rig;
#[path = "../../src/dev/servers/mod.rs"]
mod servers;
mod setup;
mod step;
mod summary;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use project::Project;
use setup::Wanted;

/// What there is to do.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing on this machine
    Setup,
    /// Install what is missing, build everything and run `hilo dev`
    Dev {
        /// Build with optimisations
        #[arg(long)]
        release: bool,
        /// For `hilo dev` itself
        #[arg(last = true)]
        flags: Vec<String>,
    },
    /// Install what is missing, then run every check and every test
    Test {
        /// The long figures too: 10,000 messages and 20 kills in `tests/kill` (`HILO_LONG=1`), and hours of patience
        #[arg(long)]
        long: bool,
    },
    /// Write the generated files anew
    Gen {
        /// Write nothing; fail when they are out of date
        #[arg(long)]
        check: bool,
    },
    /// Kill processes under load and count what was lost and doubled: the long figures of `tests/kill` alone
    Chaos {
        /// Repeat the run with this seed
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Measure one thing beside the thing it is compared with, in one run
    Bench {
        /// Which
        name: String,
        /// For the benchmark itself
        #[arg(last = true)]
        flags: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match process::guard_signals().and_then(|()| run(cli.task)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\n  {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let project = Project::find()?;
    match task {
        Task::Setup => setup::run(&project, Wanted::Everything)?,
        Task::Dev { release, flags } => {
            setup::run(&project, Wanted::ToRun)?;
            return measure::dev(&project, release, &flags);
        }
        Task::Test { long } => return test::run(&project, long),
        Task::Gen { check } => {
            setup::run(&project, Wanted::ToRun)?;
            let rig = rig::Rig::start(&project, "gen", servers::Durability::Scratch)?;
            step::step("generated files", || generate::run(&project, &rig, check))?;
        }
        Task::Chaos { seed } => {
            setup::run(&project, Wanted::ToRun)?;
            return measure::chaos(&project, seed);
        }
        Task::Bench { name, flags } => {
            setup::run(&project, Wanted::ToRun)?;
            return measure::bench(&project, &name, &flags);
        }
    }
    Ok(ExitCode::SUCCESS)
}
