//! Every recorded history goes through this build as it went through the one that recorded it, and a history that this
//! build would not have made is seen.
#![expect(clippy::expect_used, reason = "a test whose ground is missing stops")]

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hilo_activities::replay::{Recorded, replay, replay_with};
use serde_json::Value;

/// Fewer prove too little.
const AT_LEAST: usize = 20;

fn recorded() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/histories");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the histories")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| Recorded {
            name: file.file_stem().expect("a name").to_string_lossy().into_owned(),
            json: std::fs::read(file).expect("a history"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_history_replays() {
    let recorded = recorded();
    assert!(recorded.len() >= AT_LEAST, "only {} histories", recorded.len());
    let failed = replay(&recorded).await.expect("the replayer works");
    assert!(failed.is_empty(), "{failed:#?}");
}

macro_rules! each_is_seen {
    ($($name:ident)+) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn every_mutant_of_the_program_is_seen() {
            let recorded = recorded();
            let mut unseen = Vec::new();
            $(
                let replaying = recorded.clone();
                let replayed = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                    let replayed = replay_with::<hilo_mutants::$name::Conversation>(&replaying);
                    runtime.block_on(replayed).expect("the replayer works").len()
                });
                // Some are so far off that the SDK's own machinery stops.
                let failed = replayed.join().map_or("all".to_owned(), |failed| failed.to_string());
                println!("{}: fails {failed} of {} histories", stringify!($name), recorded.len());
                if failed == "0" {
                    unseen.push(stringify!($name));
                }
            )+
            assert!(unseen.is_empty(), "these could have been written without a history noticing: {unseen:?}");
        }
    };
}
hilo_mutants::each_mutant!(each_is_seen);

/// A way to spoil a history: what it amounts to, and what it does to the events; false where it finds no place.
type Mutant = (&'static str, fn(&mut [Value]) -> bool);

/// Histories as another program would have made them; each is what a careless change of the workflow amounts to.
const MUTANTS: [Mutant; 5] = [
    ("a turn was a performance", |events| rename(events, "hilo.turn", "hilo.perform")),
    ("a performance was a turn", |events| rename(events, "hilo.perform", "hilo.turn")),
    ("two activities have changed places", swap),
    ("an activity was a timer", |events| replace(events, "MarkerRecorded", "TimerStarted")),
    ("a timer was an activity", |events| replace(events, "TimerStarted", "MarkerRecorded")),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_mutant_of_the_histories_is_seen() {
    let recorded = recorded();
    for (what, spoil) in MUTANTS {
        let mutants: Vec<_> = recorded.iter().filter_map(|one| mutant(one, spoil)).collect();
        assert!(!mutants.is_empty(), "{what}: no history has a place for it");
        let failed = replay(&mutants).await.expect("the replayer works");
        let unseen: Vec<_> =
            mutants.iter().map(|m| &m.name).filter(|name| !failed.iter().any(|(seen, _)| seen == *name)).collect();
        assert!(unseen.is_empty(), "{what}: not seen in {unseen:?}");
    }
}

fn mutant(one: &Recorded, spoil: fn(&mut [Value]) -> bool) -> Option<Recorded> {
    let mut history: Value = serde_json::from_slice(&one.json).expect("JSON");
    let events = history.get_mut("events").and_then(Value::as_array_mut).expect("events");
    spoil(events).then(|| Recorded { name: one.name.clone(), json: serde_json::to_vec(&history).expect("JSON") })
}

fn is(event: &Value, kind: &str) -> bool {
    let attributes = event.get("attributes").and_then(Value::as_object);
    attributes.is_some_and(|attributes| attributes.keys().any(|key| *key == format!("{kind}EventAttributes")))
}

/// Gives the first local activity of one name another one. The name stands in base64 within its marker.
fn rename(events: &mut [Value], from: &str, to: &str) -> bool {
    events.iter_mut().filter(|event| is(event, "MarkerRecorded")).any(|event| {
        let mut done = false;
        each_text(event, &mut |text| {
            let plain = STANDARD.decode(text.as_bytes()).ok().and_then(|plain| String::from_utf8(plain).ok());
            if let Some(plain) = plain.filter(|plain| !done && plain.contains(&format!("\"{from}\""))) {
                *text = STANDARD.encode(plain.replace(&format!("\"{from}\""), &format!("\"{to}\"")));
                done = true;
            }
        });
        done
    })
}

fn each_text(value: &mut Value, act: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => act(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, act)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_text(field, act)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts what the second of two neighbouring activities did before what the first did.
fn swap(events: &mut [Value]) -> bool {
    let is_marker = |event: &Value| is(event, "MarkerRecorded");
    let Some(first) = events.windows(2).position(|pair| pair.iter().all(is_marker)) else { return false };
    let Some([one, other]) = events.get_mut(first..first + 2) else { return false };
    for key in ["event_type", "attributes"] {
        let (Some(a), Some(b)) = (one.get_mut(key), other.get_mut(key)) else { return false };
        std::mem::swap(a, b);
    }
    true
}

/// Puts what the first event of one kind says into the place of the first of another; ids stay in order.
fn replace(events: &mut [Value], kind: &str, with: &str) -> bool {
    let Some(other) = events.iter().find(|event| is(event, with)).cloned() else { return false };
    let Some(place) = events.iter_mut().find(|event| is(event, kind)) else { return false };
    for key in ["event_type", "attributes"] {
        let (Some(to), Some(from)) = (place.get_mut(key), other.get(key)) else { return false };
        *to = from.clone();
    }
    true
}
