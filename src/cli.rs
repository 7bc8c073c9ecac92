//! The commands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::{dev, doctor, flow, replay, run, seed};

/// A WhatsApp contact centre in which every conversation is a durable Temporal workflow.
#[derive(Parser)]
#[command(name = "hilo", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine, with demo data and a stand-in for WhatsApp
    Dev(dev::Args),
    /// Run the gateway: webhooks, API, screens
    Serve,
    /// Run the worker: workflows and their activities
    Worker,
    /// Run the stand-in for WhatsApp, with a phone in the browser
    Simulator(run::SimulatorArgs),
    /// Bring the database's schema up to date
    Migrate,
    /// Put data into the database
    Seed(seed::Args),
    /// Say what is missing, and how to mend it
    Doctor,
    /// Print the OpenAPI document of the interface
    Openapi,
    /// Replay recorded histories against this build, or record one
    Replay(replay::Args),
    /// Check flows, or talk to one in the terminal
    #[command(subcommand)]
    Flow(flow::Command),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Command::Dev(args) => runtime.block_on(dev::run(args)).map(done),
        Command::Serve => runtime.block_on(run::serve(&Config::load()?)).map(done),
        Command::Worker => runtime.block_on(run::worker(&Config::load()?)).map(done),
        Command::Simulator(args) => runtime.block_on(run::simulator(args)).map(done),
        Command::Migrate => runtime.block_on(run::migrate(&Config::load()?)).map(done),
        Command::Seed(args) => runtime.block_on(seed::run(&Config::load()?, &args)).map(done),
        Command::Flow(command) => flow::run(command),
        Command::Replay(args) => runtime.block_on(replay::run(&args)),
        Command::Openapi => {
            print!("{}", hilo_gateway::api::openapi());
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor => runtime.block_on(doctor::run()),
    }
}
