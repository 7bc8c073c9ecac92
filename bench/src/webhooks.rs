//! `webhooks`: signed deliveries of one message each, from many clients at once, answered after their commit; beside
//! pgbench with eight clients committing one row each, on the same database, before and after.
//!
//! Goal: at least 0.4 of pgbench's commits, p99 below ten times the mean.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use hilo_whatsapp::meta::signature;
use serde_json::json;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many deliveries are under way at once
    #[arg(long, default_value_t = 128)]
    clients: usize,
    /// How many seconds each measurement takes
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many people write
    #[arg(long, default_value_t = 1000)]
    people: usize,
    /// How many times the pair is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Deliver so many a second instead of as many as possible (check 49: `--rate 100 --seconds 300 --rounds 1 --ring`)
    #[arg(long)]
    rate: Option<f64>,
    /// Let the gateway ring the Temporal of TEMPORAL_ADDRESS; without, nobody is there to be rung
    #[arg(long)]
    ring: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let binary = std::env::var("HILO_BIN").context("HILO_BIN names the binary; run `cargo xtask bench webhooks`")?;
    let database =
        std::env::var("DATABASE_URL").context("DATABASE_URL is not set; run `cargo xtask bench webhooks`")?;
    let url = "http://127.0.0.1:18080";
    command(&binary, "migrate", &args).status().context("migrate")?;
    command(&binary, "seed", &args).arg("--demo").status().context("seed")?;
    let gateway = Gateway(command(&binary, "serve", &args).spawn().context("serve")?);
    let client = client(args.clients)?;
    until_ready(&client, url).await?;
    psql(&database, "create table if not exists bench_rows (id bigserial primary key, v text not null)")?;

    // Everybody writes once before it counts: a first message makes a client, a later one finds them.
    load(&client, url, &args, Limit::Each(1)).await?;
    println!(
        "{:>6} {:>12} {:>12} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "round", "commits/s", "acks/s", "ratio", "mean ms", "p50 ms", "p99 ms", "p99/mean"
    );
    let mut ratios = Vec::new();
    for round in 1..=args.rounds {
        let before = pgbench(&database, args.seconds / 2)?;
        let acks = load(&client, url, &args, Limit::For(Duration::from_secs(args.seconds))).await?;
        let after = pgbench(&database, args.seconds / 2)?;
        let commits = f64::midpoint(before, after);
        let ratio = acks.per_second / commits;
        ratios.push((ratio, acks.p99 / acks.mean));
        println!(
            "{round:>6} {commits:>12.0} {:>12.0} {ratio:>7.2} {:>9.2} {:>9.2} {:>9.2} {:>9.1}",
            acks.per_second,
            acks.mean * 1e3,
            acks.p50 * 1e3,
            acks.p99 * 1e3,
            acks.p99 / acks.mean
        );
    }
    drop(gateway);
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, tail) = ratios.get(ratios.len() / 2).copied().context("no round was measured")?;
    println!("median: {ratio:.2} of pgbench (goal 0.40), p99 {tail:.1} times the mean (goal below 10)");
    Ok(())
}

struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.0.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        drop(self.0.wait());
    }
}

fn command(binary: &str, name: &str, args: &Args) -> Command {
    let mut command = Command::new(binary);
    command
        .arg(name)
        .env("HILO_HTTP_ADDR", "127.0.0.1:18080")
        .env("HILO_SECRET_KEY", "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .env("HILO_LOG", "error");
    if !args.ring {
        command.env("TEMPORAL_ADDRESS", "127.0.0.1:1");
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "a load driver that speaks to this machine alone")]
fn client(connections: usize) -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(connections)
        .timeout(Duration::from_secs(10))
        .build()?)
}

async fn until_ready(client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    for _ in 0..600 {
        if client.get(format!("{url}/readyz")).send().await.is_ok_and(|r| r.status() == 200) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the gateway did not become ready")
}

#[derive(Clone, Copy)]
enum Limit {
    For(Duration),
    Each(usize),
}

struct Acks {
    per_second: f64,
    mean: f64,
    p50: f64,
    p99: f64,
}

async fn load(client: &reqwest::Client, url: &str, args: &Args, limit: Limit) -> anyhow::Result<Acks> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let url: Arc<str> = format!("{url}/webhooks/meta").into();
    let started = Instant::now();
    let first = NEXT.load(Ordering::Relaxed);
    let tasks: Vec<_> = (0..args.clients)
        .map(|worker| {
            let (client, url, people, clients, rate) =
                (client.clone(), url.clone(), args.people, args.clients, args.rate);
            tokio::spawn(async move {
                let mut seconds = Vec::new();
                let mut person = worker;
                let mut said = 0;
                loop {
                    match limit {
                        Limit::For(duration) if started.elapsed() >= duration => break,
                        Limit::Each(n) if said >= n * people.div_ceil(clients) => break,
                        _ => {}
                    }
                    let n = NEXT.fetch_add(1, Ordering::Relaxed);
                    let body = body(person % people, n);
                    let header = signature::sign("demo-app-secret", body.as_bytes());
                    if let (Limit::For(_), Some(rate)) = (limit, rate) {
                        let due = started + Duration::from_secs_f64((n - first) as f64 / rate);
                        tokio::time::sleep_until(due.into()).await;
                    }
                    let asked = Instant::now();
                    let response = client.post(&*url).header(signature::HEADER, header).body(body).send().await?;
                    ensure!(response.status() == 200, "a delivery was answered {}", response.status());
                    response.bytes().await?;
                    seconds.push(asked.elapsed().as_secs_f64());
                    person += clients;
                    said += 1;
                }
                Ok(seconds)
            })
        })
        .collect();
    let mut seconds = Vec::new();
    for task in tasks {
        seconds.extend(task.await??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    seconds.sort_by(f64::total_cmp);
    let count = seconds.len() as f64;
    let at = |share: f64| seconds.get((count * share) as usize).copied().unwrap_or_default();
    Ok(Acks { per_second: count / elapsed, mean: seconds.iter().sum::<f64>() / count, p50: at(0.5), p99: at(0.99) })
}

fn body(person: usize, n: u64) -> String {
    let phone = format!("5198{person:07}");
    json!({"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [{"field": "messages",
        "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "525500000001", "phone_number_id": "100000000000001"},
            "contacts": [{"wa_id": phone, "profile": {"name": "Ana"}}],
            "messages": [{"from": phone, "id": format!("wamid.{}.{n}", std::process::id()), "timestamp": "1795000000",
                          "type": "text", "text": {"body": "Hola, ¿me pueden ayudar con mi pedido?"}}]}}]}]})
    .to_string()
}

fn pgbench(database: &str, seconds: u64) -> anyhow::Result<f64> {
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), "insert into bench_rows (v) values ('x');\n")?;
    let output = Command::new(tool("pgbench")?)
        .args(["--no-vacuum", "--client=8", "--jobs=2", &format!("--time={seconds}"), "--file"])
        .arg(script.path())
        .arg(database)
        .output()
        .context("pgbench cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split_whitespace().next());
    tps.and_then(|tps| tps.parse().ok())
        .with_context(|| format!("pgbench says no tps: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn psql(database: &str, sql: &str) -> anyhow::Result<()> {
    ensure!(Command::new(tool("psql")?).args(["-q", "-c", sql]).arg(database).status()?.success(), "{sql}");
    Ok(())
}

/// Debian keeps Postgres's tools out of PATH.
fn tool(name: &str) -> anyhow::Result<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|all| {
            all.flatten().map(|entry| entry.path().join("bin").join(name)).filter(|path| path.exists()).collect()
        })
        .unwrap_or_default();
    found.sort();
    Ok(found.pop().unwrap_or_else(|| name.into()))
}
