//! `hilo flow run FILE`: a conversation with a flow in the terminal, in the lines of a talk, so that what was said can
//! be kept as a test; or a talk from a file, played against it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use hilo_domain::clock::{Clock, SystemClock};
use hilo_engine::talk::{Player, Talk, show};
use hilo_engine::{Effect, Flow, TurnContext};

/// Which flow, and what to say to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The document
    file: PathBuf,
    /// A talk to play instead of asking
    #[arg(long, value_name = "FILE.talk")]
    script: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let compiled = hilo_engine::compile(&read(&args.file)?, None);
    let Some(flow) = compiled.flow else {
        bail!("{} is too broken to be run; `hilo flow check` says what is wrong", args.file.display());
    };
    match &args.script {
        Some(script) => play(&flow, &read(script)?),
        None => {
            let (input, mut output) = (std::io::stdin(), std::io::stdout());
            let hint = input.is_terminal();
            talk(&flow, input.lock(), &mut output, hint).map(|()| ExitCode::SUCCESS)
        }
    }
}

fn play(flow: &Flow, script: &str) -> anyhow::Result<ExitCode> {
    let talk = match Talk::parse(script) {
        Ok(talk) => talk,
        Err(failures) => {
            failures.iter().for_each(|failure| eprintln!("{failure}"));
            bail!("the script cannot be read");
        }
    };
    match talk.play(flow) {
        Ok(played) => {
            println!("The talk went as it is written; {} nodes were visited.", played.visited.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            eprintln!("{failure}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Reads what the customer does, line by line, and prints what the bot does.
fn talk(flow: &Flow, input: impl BufRead, output: &mut impl Write, hint: bool) -> anyhow::Result<()> {
    if hint {
        writeln!(
            output,
            "# Write as the customer; [Option] taps, (image) shares a file, ~ 10m lets time pass; Ctrl-D ends."
        )?;
    }
    let mut player = Player::new(flow, TurnContext::at(SystemClock.now()));
    for line in input.lines() {
        let line = line?;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match act(&mut player, line) {
            Ok(effects) => {
                for shown in effects.iter().filter_map(show) {
                    writeln!(output, "{shown}")?;
                }
            }
            Err(what) => writeln!(output, "# {what}")?,
        }
        if let Some(outcome) = player.outcome() {
            writeln!(output, ". {outcome}")?;
        }
    }
    Ok(())
}

fn act(player: &mut Player<'_>, line: &str) -> Result<Vec<Effect>, String> {
    let said = line.strip_prefix("> ").unwrap_or(line);
    if let Some(time) = line.strip_prefix('~') {
        return seconds(time.trim())
            .map(|n| player.wait(n))
            .ok_or_else(|| format!("`{time}` is no time; write 30s, 10m, 2h or 1d"));
    }
    if let Some(option) = said.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return player.tap(option).ok_or_else(|| format!("there is no option `{option}` to tap"));
    }
    if let Some(kind) = said.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return player
            .share(kind)
            .ok_or_else(|| format!("nobody can share `{kind}`; write (image), (location) or (contacts)"));
    }
    Ok(player.say(said))
}

/// `30s`, `10m`, `2h`, `1d`.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    text.get(..text.len() - 1)?.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_reads_like_a_talk() {
        let flow = hilo_engine::compile(include_str!("../../flows/demo.json"), None).flow.unwrap();
        let mut out = Vec::new();
        talk(&flow, "hola\n[nada]\n~ nunca\n".as_bytes(), &mut out, false).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.lines().next().unwrap().starts_with("< "), "{out}");
        assert!(out.contains("# there is no option `nada` to tap"), "{out}");
        assert!(out.contains("is no time"), "{out}");
    }
}
