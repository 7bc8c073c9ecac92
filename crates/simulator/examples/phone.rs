//! The simulator alone: `cargo run -p hilo-simulator --example phone -- [address] [folder] [webhook URL]`.

use std::error::Error;

use hilo_simulator::{Config, run};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let listen = given.next().unwrap_or_else(|| "127.0.0.1:8090".into()).parse()?;
    let folder = given.next().unwrap_or_else(|| ".hilo/simulator".into()).into();
    let webhook = given.next().unwrap_or_else(|| "http://127.0.0.1:8080/webhooks/meta".into()).parse()?;
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "the interrupt cannot be heard");
        }
    };
    Ok(run(Config::demo(listen, folder, webhook), interrupted).await?)
}
