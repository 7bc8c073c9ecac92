//! `webhooks`: signed deliveries of one message each, from many connections at once, answered after their commit, while
//! the relay rings what they leave in the outbox; beside pgbench with eight clients committing one row each, on the same
//! database, before the gateway starts and after it has gone.
//!
//! Fails when a goal is missed (issue 2, check 49).

use std::time::Duration;

use anyhow::{Context, ensure};

use crate::gateway::Gateway;
use crate::load::{Acks, Load, Who};
use crate::yardstick::{commits_per_second, psql};

/// As many as possible: at least this share of pgbench's commits, and a 99th percentile below so many times the mean.
const RATIO: f64 = 0.4;
const TAIL: f64 = 10.0;
/// So many clients does pgbench have.
const CLIENTS: usize = 8;
/// At a rate: what the median and the 99th percentile may take, in seconds.
const MEDIAN: f64 = 0.025;
const P99: f64 = 0.25;

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
    /// How many times it is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Deliver so many a second instead of as many as possible (check 49: `--rate 100 --seconds 300 --rounds 1`)
    #[arg(long)]
    rate: Option<f64>,
    /// Measure the intake alone: nobody is there to be rung, so bells stay in the outbox
    #[arg(long)]
    no_ring: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(args.rounds > 0 && args.clients > 0 && args.people >= args.clients, "nobody would deliver anything");
    let database =
        std::env::var("DATABASE_URL").context("DATABASE_URL is not set; run `cargo xtask bench webhooks`")?;
    match args.rate {
        Some(rate) => at_a_rate(&args, rate).await,
        None => beside_pgbench(&args, &database).await,
    }
}

/// A gateway to which everybody has written once: a first message makes a client, a later one finds them.
async fn gateway_with_people(args: &Args) -> anyhow::Result<(Gateway, Load)> {
    let gateway = Gateway::start(args.no_ring)?;
    let load = Load::new(gateway.url(), args.clients, args.people)?;
    gateway.until_ready(load.client()).await?;
    load.once_each().await?;
    Ok((gateway, load))
}

async fn beside_pgbench(args: &Args, database: &str) -> anyhow::Result<()> {
    psql(database, "create table if not exists bench_rows (id bigserial primary key, v text not null)")?;
    let time = Duration::from_secs(args.seconds);
    // Without the gateway: its relay goes on ringing what a round has left, and would make the yardstick short.
    let before = commits_per_second(database, CLIENTS, args.seconds)?;
    let (gateway, load) = gateway_with_people(args).await?;
    let mut known = Vec::new();
    for _ in 0..args.rounds {
        known.push(load.flat_out(Who::Known, time).await?);
    }
    // Last, for each of them makes a client, a conversation and a workflow.
    let strangers = load.flat_out(Who::Strangers, time).await?;
    drop(gateway);
    let after = commits_per_second(database, CLIENTS, args.seconds)?;

    let commits = f64::midpoint(before, after);
    println!("pgbench: {before:.0} commits/s before, {after:.0} after");
    println!("{:>10} {:>7} {HEAD}", "who", "ratio");
    let rounds = known.iter().map(|acks| (Who::Known, acks)).chain([(Who::Strangers, &strangers)]);
    for (who, acks) in rounds.clone() {
        println!("{:>10} {:>7.3} {}", who.name(), acks.per_second / commits, line(acks));
    }
    let ratio = median(known.iter().map(|acks| acks.per_second / commits));
    let tail = median(known.iter().map(|acks| acks.p99 / acks.mean));
    println!(
        "median of the known: {ratio:.2} of pgbench (goal {RATIO}), p99 {tail:.1} times the mean (goal below {TAIL})"
    );
    judge(ratio, tail, rounds.map(|(_, acks)| acks.refused).sum())
}

fn judge(ratio: f64, tail: f64, refused: usize) -> anyhow::Result<()> {
    ensure!(refused == 0, "{refused} deliveries were not answered 2xx");
    ensure!(ratio >= RATIO, "the ratio {ratio:.2} is below its goal, {RATIO}");
    ensure!(tail < TAIL, "p99 is {tail:.1} times the mean; its goal is below {TAIL}");
    Ok(())
}

/// At a steady rate a ratio says nothing; what counts is how long an answer takes.
async fn at_a_rate(args: &Args, rate: f64) -> anyhow::Result<()> {
    let (_gateway, load) = gateway_with_people(args).await?;
    println!("{HEAD}");
    for _ in 0..args.rounds {
        let acks = load.at_a_rate(rate, Duration::from_secs(args.seconds)).await?;
        println!("{}", line(&acks));
        judge_at_a_rate(&acks, rate)?;
    }
    println!("goals met: p50 at most {:.0} ms, p99 at most {:.0} ms, nothing but 2xx", MEDIAN * 1e3, P99 * 1e3);
    Ok(())
}

fn judge_at_a_rate(acks: &Acks, rate: f64) -> anyhow::Result<()> {
    ensure!(acks.refused == 0, "{} deliveries were not answered 2xx", acks.refused);
    ensure!(acks.p50 <= MEDIAN, "p50 is {:.1} ms; its goal is at most {:.0}", acks.p50 * 1e3, MEDIAN * 1e3);
    ensure!(acks.p99 <= P99, "p99 is {:.1} ms; its goal is at most {:.0}", acks.p99 * 1e3, P99 * 1e3);
    ensure!(acks.per_second >= rate * 0.99, "{:.1} a second are fewer than {rate}", acks.per_second);
    Ok(())
}

const HEAD: &str = "    acks/s    count  not 2xx   mean ms    p50 ms    p99 ms  p99/mean";

fn line(acks: &Acks) -> String {
    format!(
        "{:>10.0} {:>8} {:>8} {:>9.2} {:>9.2} {:>9.2} {:>9.1}",
        acks.per_second,
        acks.count,
        acks.refused,
        acks.mean * 1e3,
        acks.p50 * 1e3,
        acks.p99 * 1e3,
        acks.p99 / acks.mean
    )
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_a_failure_that_names_it() {
        assert!(judge(0.4, 9.9, 0).is_ok());
        for (verdict, goal) in [
            (judge(0.39, 2.0, 0), "ratio"),
            (judge(f64::NAN, 2.0, 0), "ratio"),
            (judge(0.5, 10.0, 0), "p99"),
            (judge(0.5, 2.0, 1), "2xx"),
        ] {
            assert!(verdict.unwrap_err().to_string().contains(goal), "{goal}");
        }
    }

    #[test]
    fn at_a_rate_slowness_refusals_and_falling_behind_are_failures() {
        let good = || Acks { count: 100, refused: 0, per_second: 99.9, mean: 0.004, p50: 0.003, p99: 0.02 };
        assert!(judge_at_a_rate(&good(), 100.0).is_ok());
        for (acks, goal) in [
            (Acks { p50: 0.026, ..good() }, "p50"),
            (Acks { p99: 0.251, ..good() }, "p99"),
            (Acks { refused: 1, ..good() }, "2xx"),
            (Acks { per_second: 90.0, ..good() }, "a second"),
        ] {
            assert!(judge_at_a_rate(&acks, 100.0).unwrap_err().to_string().contains(goal), "{goal}");
        }
    }
}
