//! Every `flows/talks/*.talk`, played against its flow; every shipped flow, compiled and seen whole.
//!
//! A talk's flow is `flows/talks/NAME.json`, or `flows/NAME.json`. The grammar of talks is in `hilo_engine::talk`.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hilo_engine::talk::{Played, Talk};
use hilo_engine::{Compiled, compile};

fn flows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows")
}

#[expect(clippy::disallowed_methods, reason = "the test reads the files that the engine must not read")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn flow_of(talk: &Talk) -> Compiled {
    let name = talk.flow.as_deref().expect("a talk says its flow");
    let own = flows().join(format!("talks/{name}.json"));
    let path = if own.exists() { own } else { flows().join(format!("{name}.json")) };
    compile(&read(&path), None)
}

/// Plays a talk; gives its flow's name and what was visited.
fn play(path: &Path) -> Result<(String, Played), String> {
    let name = path.display();
    let talk = Talk::parse(&read(path)).map_err(|failures| {
        failures.iter().map(|failure| format!("{name}: {failure}")).collect::<Vec<_>>().join("\n")
    })?;
    let compiled = flow_of(&talk);
    let flow = compiled.flow.ok_or_else(|| format!("{name}: {:#?}", compiled.diagnostics))?;
    let played = talk.play(&flow).map_err(|failure| format!("{name}: {failure}"))?;
    Ok((talk.flow.unwrap_or_default(), played))
}

#[test]
fn every_talk_goes_as_it_is_written() {
    let talks = files(&flows().join("talks"), "talk");
    assert!(talks.len() > 10, "the talks were not found");
    let failures: Vec<String> = talks.iter().filter_map(|path| play(path).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_node_of_a_shipped_flow_is_visited_by_a_talk() {
    let mut visited: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&flows().join("talks"), "talk") {
        let (flow, played) = play(&path).unwrap();
        visited.entry(flow).or_default().extend(played.visited);
    }
    for path in files(&flows(), "json").into_iter().chain(files(&flows().join("talks"), "json")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let flow = compile(&read(&path), None).flow.unwrap();
        let seen = visited.get(&name).cloned().unwrap_or_default();
        let unseen: Vec<&str> = flow.nodes().iter().map(|node| node.id()).filter(|id| !seen.contains(*id)).collect();
        assert!(unseen.is_empty(), "{name}: no talk visits {unseen:?}");
    }
}

#[test]
fn shipped_flows_have_neither_errors_nor_warnings() {
    for path in files(&flows(), "json").into_iter().filter(|path| !path.ends_with("seed.json")) {
        let compiled = compile(&read(&path), None);
        assert!(compiled.is_publishable(), "{}: {:#?}", path.display(), compiled.diagnostics);
        let warnings: Vec<_> =
            compiled.diagnostics.iter().filter(|d| d.severity > hilo_engine::Severity::Info).collect();
        assert!(warnings.is_empty(), "{}: {warnings:#?}", path.display());
    }
}

#[test]
fn a_bot_that_says_more_or_less_than_its_talk_fails_it() {
    let flow =
        compile(r#"{"id":"f","name":"F","nodes":[{"id":"a","type":"close","message":"Uno"}]}"#, None).flow.unwrap();
    let fails = |talk: &str| Talk::parse(talk).unwrap().play(&flow).unwrap_err().to_string();
    assert_eq!(fails("> hola"), "line 1: after this the bot also says `< Uno`");
    assert_eq!(fails("> hola\n< Uno\n< Dos"), "line 3: expected `< Dos`, but the bot says nothing more");
    assert_eq!(fails("> hola\n< Dos"), "line 2: expected `< Dos`, heard `< Uno`");
    assert_eq!(fails("> hola\n< Uno  [Sí]"), "line 2: expected `< Uno  [Sí]`, heard `< Uno`");
    assert_eq!(fails("> hola\n< Uno\n. failed"), "line 3: the run ended as `closed`, not as `failed`");
    assert_eq!(fails("> hola\n< Uno\n@ a"), "line 3: the run does not wait, not even at `a`");
    assert_eq!(fails("> hola\n< Uno\n= x 1"), "line 3: `x` is null, not 1");
    assert!(
        fails("> hola\n< Uno\n! close_chat reason=spam")
            .starts_with("line 3: no effect `close_chat` like this; found: [{")
    );
    assert_eq!(fails("> hola\n< Uno\n> [Sí]"), "line 3: the bot does not offer [Sí]");
}
