//! The binary `hilo`: composes, decides nothing.

mod cli;
mod config;
mod dev;
mod doctor;
mod flow;
mod replay;
mod run;
mod seed;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            // One sentence; what lies below it follows after colons.
            eprintln!("hilo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
