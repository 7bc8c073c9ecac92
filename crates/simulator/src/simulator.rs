//! Binding, serving and stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::connection::{Cut, Cuttable};
use crate::error::Error;
use crate::world::World;
use crate::{graph, page, sim};

/// A simulator that has its address and its journal, and does not serve yet.
pub struct Simulator {
    listener: TcpListener,
    address: SocketAddr,
    world: Arc<World>,
}

impl Simulator {
    /// Takes the address and reads the journal.
    ///
    /// # Errors
    /// The address is taken, another simulator holds the data folder, or the journal is damaged.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        let listen = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let world = World::open(config)?;
        Ok(Self { listener, address, world })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves; then finishes what is being answered, stops receipts and webhooks (the next start
    /// takes them up) and closes the journal.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let app = router(&self.world).into_make_service_with_connect_info::<Cut>();
        let stop = self.world.stop.clone();
        let served = axum::serve(Cuttable(self.listener), app)
            .with_graceful_shutdown(async move {
                shutdown.await;
                // Open event streams would never end by themselves.
                stop.cancel();
            })
            .await
            .map_err(Error::Serve);
        self.world.close().await;
        served
    }
}

/// Binds and serves: what `hilo dev` runs as its own process.
///
/// # Errors
/// Those of [`Simulator::bind`] and [`Simulator::serve`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    let simulator = Simulator::bind(config).await?;
    tracing::info!(address = %simulator.local_addr(), "the simulator listens");
    simulator.serve(shutdown).await
}

/// All that is served. WPPConnect's API (`/api/{session}/…`) gets its own module and is merged here, beside the Graph API.
fn router(world: &Arc<World>) -> Router {
    Router::new()
        .merge(page::router())
        .merge(sim::router())
        .merge(graph::router(world))
        .fallback(graph::no_such_path)
        .with_state(Arc::clone(world))
}
