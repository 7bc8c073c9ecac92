//! Benchmarks. Each measures Hilo and a yardstick in one run on the same servers, and prints their ratio: on another
//! day or another machine the figures move, the ratio hardly does.
//!
//! A goal that is missed is a failure. `cargo xtask bench NAME` starts the servers (writing everything to disk) and runs one.

mod bare;
mod gateway;
mod load;
mod system;
mod turns;
mod webhooks;
mod yardstick;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Durable acknowledgements per second, beside pgbench's one-row commits on the same database
    Webhooks(webhooks::Args),
    /// Turns of whole conversations, beside a bare workflow on the same server
    Turns(turns::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().bench {
        Bench::Webhooks(args) => webhooks::run(args).await,
        Bench::Turns(args) => turns::run(args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hilo-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
