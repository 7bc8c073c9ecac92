//! `hilo flow`: checking a flow's document, and talking to it in the terminal. No server is needed.

mod check;
mod run;
mod sarif;

use std::process::ExitCode;

use clap::Subcommand;

/// What to do with flows.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with flows; exit 1 where there are errors
    Check(check::Args),
    /// Talk to a flow, or play a script of a talk against it
    Run(run::Args),
}

/// Does it.
///
/// # Errors
/// When a file cannot be read, or a flow is too broken to be run.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(&args),
    }
}
