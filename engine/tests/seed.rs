//! The founding example of the project: it loads byte for byte, says exactly what is wrong with it, and runs.

use hilo_engine::talk::Player;
use hilo_engine::{Act, Compiled, Severity, TurnContext, compile};

/// As JSON.
const JSON: &str = include_str!("../../flows/seed.json");

/// As it was first written, in the object literal of a TypeScript page.
const LITERAL: &str = include_str!("documents/seed.literal");

fn codes(compiled: &Compiled) -> Vec<(&str, &str, Severity)> {
    compiled.diagnostics.iter().map(|d| (d.code, d.path.as_str(), d.severity)).collect()
}

#[test]
fn it_gives_exactly_two_errors_and_one_warning() {
    let expected = [
        ("FL210", "/nodes/1", Severity::Warning),
        ("FL101", "/nodes/1/options/0/next", Severity::Error),
        ("FL101", "/nodes/1/options/1/next", Severity::Error),
    ];
    for text in [JSON, LITERAL] {
        let compiled = compile(text, None);
        assert_eq!(codes(&compiled), expected);
        assert!(
            compiled.flow.is_some()
                && compiled.diagnostics.iter().filter(|d| d.is_error()).all(|d| !d.fixes.is_empty())
        );
    }
}

#[test]
fn both_notations_are_the_same_flow() {
    assert_eq!(compile(JSON, None).flow.unwrap().hash(), compile(LITERAL, None).flow.unwrap().hash());
    let json: serde_json::Value = serde_json::from_str(JSON).unwrap();
    assert_eq!(json["nodes"][1]["options"][2]["label"], "3. Hablar con agente");
}

#[test]
fn its_quick_fixes_make_it_publishable() {
    let mut document: serde_json::Value = serde_json::from_str(JSON).unwrap();
    for diagnostic in compile(JSON, None).diagnostics.iter().filter(|d| d.is_error()) {
        let patch = &diagnostic.fixes[0].patch[0];
        assert_eq!((&patch["op"], &patch["path"]), (&"add".into(), &"/nodes/-".into()));
        document["nodes"].as_array_mut().unwrap().push(patch["value"].clone());
    }
    let compiled = compile(&document.to_string(), None);
    assert!(compiled.is_publishable(), "{:#?}", compiled.diagnostics);
}

#[test]
fn as_a_draft_its_third_option_reaches_the_queue() {
    let flow = compile(JSON, None).flow.unwrap();
    for answer in ["3", "3. Hablar con agente", "hablar con agente", "tres", "agent"] {
        let mut player = Player::new(&flow, TurnContext::at("2026-11-24T17:00:00Z".parse().unwrap()));
        player.say("hola");
        let effects = player.say(answer);
        let queue = effects
            .iter()
            .find_map(|e| if let Act::RequestTransfer(t) = &e.act { t.queue_id.as_deref() } else { None });
        assert_eq!(queue, Some("queue-1"), "{answer}");
    }
}
