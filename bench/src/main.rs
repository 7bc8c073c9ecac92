//! Benchmarks. Each measures Hilo and a yardstick in one run on the same servers, and prints their ratio: on another
//! day or another machine the figures move, the ratio hardly does.
//!
//! `cargo xtask bench NAME` starts the servers (writing everything to disk) and runs one.

mod webhooks;

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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().bench {
        Bench::Webhooks(args) => webhooks::run(args).await,
    }
}
