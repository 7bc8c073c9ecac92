//! `turns`: conversations of six turns, one and fifty at once, against the whole running system; beside a bare workflow
//! that answers each signal with one local activity that does nothing, on the same server, in the same run.
//!
//! A turn begins when the customer's message is handed to the stand-in for WhatsApp and ends when WhatsApp has taken the
//! last answer to it: a signed webhook, a stored message, a bell, a workflow task, a decision, a send. Fails when a goal
//! is missed (issue 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::bare::Yardstick;
use crate::system::System;
use crate::yardstick::{commits_per_second, psql};

/// At least this share of the bare workflow's turns a second, fifty at once.
const RATIO: f64 = 0.6;
/// At one, the median is at most so many times the bare one's with one Postgres commit added to it.
const MEDIAN: f64 = 2.5;
/// The worker's memory for each idle conversation that is open stays below, in KiB.
const MEMORY: f64 = 32.0;

/// What a customer says, and how many messages they have got in all afterwards.
const TALK: [(&str, usize); 6] = [("hola", 2), ("Ventas", 3), ("menu", 4), ("Ventas", 5), ("menu", 6), ("Ventas", 7)];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many conversations are under way at once
    #[arg(long, default_value_t = 50)]
    at_once: usize,
    /// How many conversations each measurement has at one; fifty at once have ten times as many
    #[arg(long, default_value_t = 30)]
    conversations: usize,
    /// How many idle conversations the worker's memory is measured with
    #[arg(long, default_value_t = 2000)]
    idle: usize,
}

/// What came of a measurement; times in seconds.
struct Turns {
    per_second: f64,
    p50: f64,
    p99: f64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(args.at_once > 0 && args.conversations > 0 && args.idle > 0, "nobody would say anything");
    let variable =
        |name: &str| std::env::var(name).with_context(|| format!("{name} is not set; run `cargo xtask bench turns`"));
    let (database, temporal) = (variable("DATABASE_URL")?, variable("TEMPORAL_ADDRESS")?);
    psql(&database, "create table if not exists bench_rows (id bigserial primary key, v text not null)")?;
    let commit = 1.0 / commits_per_second(&database, 1, 5)?;
    let bare = Yardstick::start(&temporal, &variable("TEMPORAL_NAMESPACE")?).await?;
    let system = Arc::new(System::start(crate::load::client(args.at_once)?).await?);

    let numbers = Arc::new(AtomicUsize::new(0));
    let few = args.conversations;
    let many = few * 10;
    println!("{:>6} {:>8} {:>9} {:>8} {:>8}", "", "at once", "turns/s", "p50 ms", "p99 ms");
    let mut measured = Vec::new();
    for (at_once, conversations) in [(1, few), (args.at_once, many)] {
        // Bare, ours, bare again: the machine may change its mind meanwhile.
        let before = measure(at_once, conversations, &numbers, bare_talk(&bare)).await?;
        let used = system.used()?;
        let began = Instant::now();
        let hilo = measure(at_once, conversations, &numbers, our_talk(&system)).await?;
        let (seconds, now) = (began.elapsed().as_secs_f64(), system.used()?);
        let after = measure(at_once, conversations, &numbers, bare_talk(&bare)).await?;
        for (who, turns) in [("bare", &before), ("Hilo", &hilo), ("bare", &after)] {
            println!(
                "{who:>6} {at_once:>8} {:>9.1} {:>8.1} {:>8.1}",
                turns.per_second,
                turns.p50 * 1e3,
                turns.p99 * 1e3
            );
        }
        for ((name, was, _), (_, is, memory)) in used.iter().zip(&now) {
            println!("{name:>15}: {:.2} CPUs, {} MiB", (is - was) / seconds, memory / 1024);
        }
        let share = hilo.per_second / f64::midpoint(before.per_second, after.per_second);
        let times = hilo.p50 / (f64::midpoint(before.p50, after.p50) + commit);
        measured.push((share, times));
    }
    let memory = idle(&system, args.idle, args.at_once, &numbers).await?;
    let (Some((_, times)), Some((share, _))) = (measured.first(), measured.last()) else { return Ok(()) };
    println!(
        "{} at once: {share:.2} of the bare turns/s (goal {RATIO}); at one: p50 {times:.2} times the bare one's and a \
         commit of {:.1} ms (goal at most {MEDIAN}); {memory:.1} KiB of the worker for each idle conversation (goal \
         below {MEMORY})",
        args.at_once,
        commit * 1e3
    );
    judge(*share, *times, memory)
}

fn judge(share: f64, times: f64, memory: f64) -> anyhow::Result<()> {
    ensure!(share >= RATIO, "{share:.2} of the bare turns a second is below the goal, {RATIO}");
    ensure!(times <= MEDIAN, "the median is {times:.2} times the bare one's; its goal is at most {MEDIAN}");
    ensure!(memory < MEMORY, "{memory:.1} KiB for each idle conversation; the goal is below {MEMORY}");
    Ok(())
}

/// Has one conversation, and gives the time of each of its turns.
type Talk = Arc<dyn Fn(String) -> futures::future::BoxFuture<'static, anyhow::Result<Vec<f64>>> + Send + Sync>;

fn bare_talk(bare: &Arc<Yardstick>) -> Talk {
    let bare = bare.clone();
    Arc::new(move |who| {
        let bare = bare.clone();
        Box::pin(async move {
            let mut times = Vec::new();
            for _ in TALK {
                let began = Instant::now();
                bare.turn(&who, u32::try_from(TALK.len())?).await?;
                times.push(began.elapsed().as_secs_f64());
            }
            Ok(times)
        })
    })
}

fn our_talk(system: &Arc<System>) -> Talk {
    let system = system.clone();
    Arc::new(move |who| {
        let system = system.clone();
        Box::pin(async move {
            let mut times = Vec::new();
            for (says, messages) in TALK {
                let began = Instant::now();
                system.turn(&who, says, messages).await?;
                times.push(began.elapsed().as_secs_f64());
            }
            Ok(times)
        })
    })
}

async fn measure(at_once: usize, conversations: usize, numbers: &AtomicUsize, talk: Talk) -> anyhow::Result<Turns> {
    let began = Instant::now();
    let left = Arc::new(AtomicUsize::new(conversations));
    let first = numbers.fetch_add(conversations, Ordering::SeqCst);
    let lines: Vec<_> = (0..at_once)
        .map(|_| {
            let (left, talk) = (left.clone(), talk.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while let Ok(n) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                    times.extend(talk(phone(first + n)).await?);
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for line in lines {
        times.extend(line.await??);
    }
    let seconds = began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    Ok(Turns { per_second: times.len() as f64 / seconds, p50: at(0.5), p99: at(0.99) })
}

/// Opens so many conversations that then wait, and gives the worker's memory for each, in KiB.
async fn idle(system: &Arc<System>, idle: usize, at_once: usize, numbers: &AtomicUsize) -> anyhow::Result<f64> {
    let worker = |system: &System| {
        let used = system.used()?;
        used.iter().find(|(name, ..)| *name == "worker").map(|(.., memory)| *memory).context("a worker")
    };
    let before = worker(system)?;
    let greeted = {
        let system = system.clone();
        Arc::new(move |who: String| -> futures::future::BoxFuture<'static, anyhow::Result<Vec<f64>>> {
            let system = system.clone();
            Box::pin(async move { system.turn(&who, "hola", 2).await.map(|()| Vec::new()) })
        })
    };
    measure(at_once, idle, numbers, greeted).await?;
    // What was allocated for the way goes back.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(worker(system)?.saturating_sub(before) as f64 / idle as f64)
}

fn phone(n: usize) -> String {
    format!("52155{n:08}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_a_failure_that_names_it() {
        assert!(judge(0.6, 2.5, 31.9).is_ok());
        for (verdict, goal) in [
            (judge(0.59, 1.0, 1.0), "turns a second"),
            (judge(f64::NAN, 1.0, 1.0), "turns a second"),
            (judge(1.0, 2.51, 1.0), "median"),
            (judge(1.0, 1.0, 32.0), "idle"),
        ] {
            assert!(verdict.unwrap_err().to_string().contains(goal), "{goal}");
        }
    }

    #[test]
    fn people_have_phones_of_their_own() {
        assert_eq!((phone(7), phone(12_345_678)), ("5215500000007".to_owned(), "5215512345678".to_owned()));
    }
}
