//! `hilo replay`: recorded histories against this build.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use hilo_activities::replay::{Recorded, replay};
use hilo_domain::id::ChatId;
use hilo_relay::temporal::Temporal;
use hilo_store::{begin, chats};
use hilo_workflows::conversation::workflow_id;
use rust_embed::RustEmbed;

use crate::config::Config;
use crate::run::open_for_work;

/// The histories that this build was tested with.
#[derive(RustEmbed)]
#[folder = "workflows/histories"]
struct Known;

/// What to replay, or to record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Recorded histories; none are those that this build carries
    files: Vec<PathBuf>,
    /// Save the history of this chat's conversation, as far as its present run, instead
    #[arg(long, value_name = "CHAT_ID", conflicts_with = "files")]
    record: Option<ChatId>,
}

/// Replays; exit 1 when this build would not have gone the same way.
pub(crate) async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(chat) = args.record {
        record(&Config::load()?, chat).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let histories =
        if args.files.is_empty() { known() } else { args.files.iter().map(|f| read(f)).collect::<Result<_, _>>()? };
    let failed = replay(&histories).await?;
    for (name, why) in &failed {
        println!("✗ {name}: {why}");
    }
    println!("{} of {} histories replay", histories.len() - failed.len(), histories.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn known() -> Vec<Recorded> {
    let mut names: Vec<_> = Known::iter().filter(|name| name.ends_with(".json")).collect();
    names.sort();
    let all = names.iter().filter_map(|name| Some((name.to_string(), Known::get(name)?.data.into_owned())));
    all.map(|(name, json)| Recorded { name, json }).collect()
}

fn read(file: &Path) -> anyhow::Result<Recorded> {
    let json = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Recorded { name: file.display().to_string(), json })
}

async fn record(config: &Config, chat: ChatId) -> anyhow::Result<()> {
    let pool = open_for_work(config)?;
    let mut tx = begin(&pool).await.context("the database cannot be reached")?;
    let Some(found) = chats::get(&mut tx, chat).await? else { bail!("there is no chat {chat}") };
    let temporal = Temporal::connect(&config.temporal).await?;
    let json = temporal.history(&workflow_id(found.conversation)).await?;
    let file = format!("{chat}.json");
    std::fs::write(&file, json).with_context(|| format!("{file} cannot be written"))?;
    println!("{file}: the present run of the chat's conversation; it names ids, and no client's words");
    Ok(())
}
