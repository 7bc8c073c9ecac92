//! Deliveries as Meta makes them, from many connections, and how long their answers took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use hilo_whatsapp::meta::signature;
use serde_json::json;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The same people again and again.
    Known,
    /// Somebody else each time: the first message of a client that nobody knows.
    Strangers,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Strangers => "strangers",
        }
    }
}

/// What came of a measurement; times in seconds.
#[derive(Debug)]
pub(crate) struct Acks {
    pub(crate) count: usize,
    /// Deliveries that were answered otherwise, or not at all.
    pub(crate) refused: usize,
    pub(crate) per_second: f64,
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The driver.
pub(crate) struct Load {
    client: reqwest::Client,
    url: Arc<str>,
    clients: usize,
    people: usize,
    /// Numbers every delivery there ever is.
    next: Arc<AtomicU64>,
}

/// When the next delivery is due, and whether there is one.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// One from each person.
    Once,
    /// One after the other until it is time.
    For(Duration),
    /// One of all connections at each tick, until it is time.
    Ticks { rate: f64, time: Duration },
}

impl Load {
    pub(crate) fn new(gateway: &str, clients: usize, people: usize) -> anyhow::Result<Self> {
        let url = format!("{gateway}/webhooks/meta").into();
        Ok(Self { client: client(clients)?, url, clients, people, next: Arc::default() })
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A message from everybody.
    pub(crate) async fn once_each(&self) -> anyhow::Result<()> {
        let acks = self.measure(Who::Known, Pace::Once).await?;
        ensure!(acks.refused == 0, "{} deliveries were not answered 2xx", acks.refused);
        Ok(())
    }

    /// As many as possible.
    pub(crate) async fn flat_out(&self, who: Who, time: Duration) -> anyhow::Result<Acks> {
        self.measure(who, Pace::For(time)).await
    }

    /// So many a second.
    pub(crate) async fn at_a_rate(&self, rate: f64, time: Duration) -> anyhow::Result<Acks> {
        self.measure(Who::Known, Pace::Ticks { rate, time }).await
    }

    async fn measure(&self, who: Who, pace: Pace) -> anyhow::Result<Acks> {
        let started = Instant::now();
        let ticks = Arc::new(AtomicU64::new(0));
        let connections: Vec<_> = (0..self.clients)
            .map(|connection| tokio::spawn(self.connection(connection, who, pace, started, ticks.clone())))
            .collect();
        let (mut seconds, mut refused) = (Vec::new(), 0);
        for connection in connections {
            let (answered, not) = connection.await?;
            seconds.extend(answered);
            refused += not;
        }
        let elapsed = started.elapsed().as_secs_f64();
        seconds.sort_by(f64::total_cmp);
        let count = seconds.len();
        let at = |share: f64| seconds.get((count as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        Ok(Acks {
            count,
            refused,
            per_second: count as f64 / elapsed,
            mean: seconds.iter().sum::<f64>() / count as f64,
            p50: at(0.5),
            p99: at(0.99),
        })
    }

    /// What one connection does: the times of its acknowledgements, and how many deliveries had none.
    fn connection(
        &self,
        connection: usize,
        who: Who,
        pace: Pace,
        started: Instant,
        ticks: Arc<AtomicU64>,
    ) -> impl Future<Output = (Vec<f64>, usize)> + Send + 'static {
        let (client, url, next) = (self.client.clone(), self.url.clone(), self.next.clone());
        // Each connection has people of its own, so that nobody speaks twice at once.
        let people: Vec<_> = (connection..self.people).step_by(self.clients).collect();
        async move {
            let (mut seconds, mut refused) = (Vec::new(), 0);
            for (turn, person) in people.iter().cycle().enumerate() {
                let due = match pace {
                    Pace::Once if turn >= people.len() => break,
                    Pace::For(time) if started.elapsed() >= time => break,
                    Pace::Once | Pace::For(_) => None,
                    Pace::Ticks { rate, time } => {
                        let due = Duration::from_secs_f64(ticks.fetch_add(1, Ordering::Relaxed) as f64 / rate);
                        if due >= time {
                            break;
                        }
                        Some(started + due)
                    }
                };
                let n = next.fetch_add(1, Ordering::Relaxed);
                let phone = match who {
                    Who::Known => format!("5198{person:07}"),
                    Who::Strangers => format!("5197{n:07}"),
                };
                let body = body(&phone, n);
                let header = signature::sign("demo-app-secret", body.as_bytes());
                if let Some(due) = due {
                    tokio::time::sleep_until(due.into()).await;
                }
                // A delivery that had to wait for a free connection has waited since it was due.
                let asked = due.unwrap_or_else(Instant::now);
                let request = client.post(&*url).header(signature::HEADER, header).body(body);
                match acknowledged(request).await {
                    Ok(true) => seconds.push(asked.elapsed().as_secs_f64()),
                    Ok(false) | Err(_) => refused += 1,
                }
            }
            (seconds, refused)
        }
    }
}

async fn acknowledged(request: reqwest::RequestBuilder) -> reqwest::Result<bool> {
    let response = request.send().await?;
    let status = response.status();
    response.bytes().await?;
    Ok(status.is_success())
}

fn body(phone: &str, n: u64) -> String {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [{"field": "messages",
        "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "525500000001", "phone_number_id": "100000000000001"},
            "contacts": [{"wa_id": phone, "profile": {"name": "Ana"}}],
            "messages": [{"from": phone, "id": format!("wamid.{}.{n}", std::process::id()), "timestamp": "1795000000",
                          "type": "text", "text": {"body": "Hola, ¿me pueden ayudar con mi pedido?"}}]}}]}]})
    .to_string()
}

#[expect(clippy::disallowed_methods, reason = "a load driver that speaks to this machine alone")]
pub(crate) fn client(connections: usize) -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(connections)
        .timeout(Duration::from_secs(10))
        .build()?)
}
