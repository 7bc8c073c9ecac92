use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{Severity, Voice};

/// Codes and places of everything that is found.
fn found(document: &Value) -> Vec<(&'static str, String)> {
    let compiled = compile(&document.to_string(), None);
    compiled.diagnostics.iter().map(|d| (d.code, d.path.clone())).collect()
}

#[track_caller]
fn check(document: Value, expected: &[(&'static str, &str)]) {
    let mut found = found(&document);
    let mut expected: Vec<_> = expected.iter().map(|(code, path)| (*code, (*path).to_owned())).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// A document of these nodes that says what it wants to say about time.
fn flow(nodes: Value) -> Value {
    json!({ "id": "f", "name": "F", "settings": { "sessionTimeout": { "after": "PT1H" } }, "nodes": nodes })
}

#[test]
fn what_is_not_json_says_where() {
    let compiled = compile("{\n  \"id\": \"f\",\n  \"name\": }", None);
    assert!(compiled.flow.is_none());
    let diagnostic = &compiled.diagnostics[0];
    assert_eq!((diagnostic.code, diagnostic.range.unwrap().line, diagnostic.range.unwrap().column), ("FL001", 3, 11));
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let document = json!({
        "id": "¡no!", "nam": "x", "schemaVersion": 2,
        "nodes": [
            { "id": "a", "type": "mesage" },
            { "id": "b", "type": "message", "contnt": "x", "typingMs": "rápido" },
            { "id": "c", "type": "input", "content": 5, "variable": "if", "inputType": "mail" },
            { "id": "d", "type": "delay", "seconds": 0 },
            { "id": "e", "type": "close", "reason": "Adiós" },
            7
        ]
    });
    check(
        document,
        &[
            ("FL002", "/id"),
            ("FL002", "/nam"),
            ("FL002", ""),
            ("FL003", "/schemaVersion"),
            ("FL002", "/nodes/0/type"),
            ("FL002", "/nodes/1"),
            ("FL002", "/nodes/1/contnt"),
            ("FL002", "/nodes/1/typingMs"),
            ("FL002", "/nodes/2/content"),
            ("FL007", "/nodes/2/variable"),
            ("FL002", "/nodes/2/inputType"),
            ("FL002", "/nodes/3/seconds"),
            ("FL002", "/nodes/4/reason"),
            ("FL002", "/nodes/5"),
        ],
    );
}

#[test]
fn sentences_name_the_word_the_place_and_a_way_out() {
    let text = "{\n \"id\": \"f\", \"name\": \"F\",\n \"nodes\": [ { \"id\": \"a\", \"type\": \"message\", \"content\": \"x\", \"nexxt\": \"a\" } ] }";
    let mut diagnostic = compile(text, None).diagnostics.into_iter().find(|d| d.code == "FL002").unwrap();
    assert_eq!(diagnostic.message, "La clave «nexxt» no existe aquí.");
    assert_eq!(diagnostic.help.as_deref(), Some("¿Querías decir «next»?"));
    assert_eq!(diagnostic.node_id.as_deref(), Some("a"));
    let range = diagnostic.range.unwrap();
    assert_eq!((range.line, range.column, range.length), (3, 61, 7));
    diagnostic.speak(Voice::English);
    assert_eq!(
        (diagnostic.message.as_str(), diagnostic.help.as_deref()),
        ("unknown key `nexxt`", Some("did you mean `next`?"))
    );
}

#[test]
fn unknown_targets_have_buttons_that_mend_them() {
    let document = flow(json!([
        { "id": "menu", "type": "menu", "content": "?", "options": [{ "label": "Pagar", "value": "pay", "next": "pago" }] },
        { "id": "pagos", "type": "close" }
    ]));
    let compiled = compile(&document.to_string(), None);
    let diagnostic = compiled.diagnostics.iter().find(|d| d.code == "FL101").unwrap();
    assert_eq!(diagnostic.message, "«Pagar» lleva a «pago», que no existe.");
    assert_eq!(diagnostic.path, "/nodes/0/options/0/next");
    assert_eq!(diagnostic.fixes[0].patch[0]["value"]["id"], "pago");
    assert_eq!(
        diagnostic.fixes[1].patch,
        [json!({ "op": "replace", "path": "/nodes/0/options/0/next", "value": "pagos" })]
    );
    assert!(
        compiled.flow.is_some()
            && !Compiled { flow: compiled.flow, diagnostics: compiled.diagnostics }.is_publishable()
    );
    check(
        json!({ "id": "f", "name": "F", "start": "x", "triggers": [{ "type": "any_message", "start": "y" }],
            "settings": { "onError": "z", "commands": [{ "keywords": ["a"], "next": "w" }] }, "nodes": [{ "id": "a", "type": "close" }] }),
        &[
            ("FL102", "/start"),
            ("FL102", "/triggers/0/start"),
            ("FL102", "/settings/onError"),
            ("FL102", "/settings/commands/0/next"),
        ],
    );
}

#[test]
fn the_graph_is_looked_at_whole() {
    // Two nodes that talk for ever, one that nothing leads to, one that is not connected.
    check(
        flow(json!([
            { "id": "a", "type": "message", "content": "x", "next": "b" },
            { "id": "b", "type": "message", "content": "y", "next": "a" },
            { "id": "c", "type": "message", "content": "z" }
        ])),
        &[("FL202", "/nodes/0"), ("FL201", "/nodes/2")],
    );
    check(
        flow(json!([{ "id": "a", "type": "message", "content": "x" }])),
        &[("FL204", "/nodes/0/next"), ("FL209", "")],
    );
    check(
        flow(json!([
            { "id": "a", "type": "go_to", "target": "b" }, { "id": "b", "type": "go_to", "target": "a" }
        ])),
        &[("FL206", "/nodes/0")],
    );
    check(
        flow(json!([
            { "id": "a", "type": "message", "content": "x", "next": "b" },
            { "id": "b", "type": "delay", "seconds": 5, "next": "a" }
        ])),
        &[("FL208", "/nodes/0")],
    );
    // A question in the circle: it never ends by itself, but a counted jump ends it.
    let circle = |target: Value| {
        flow(json!([
            { "id": "a", "type": "input", "content": "?", "variable": "x", "next": "b" },
            target,
            { "id": "c", "type": "close" }
        ]))
    };
    check(
        circle(json!({ "id": "b", "type": "go_to", "target": "a" })),
        &[("FL205", "/nodes/0"), ("FL203", "/nodes/0"), ("FL203", "/nodes/1"), ("FL201", "/nodes/2")],
    );
    check(circle(json!({ "id": "b", "type": "go_to", "target": "a", "maxVisits": 3, "exhausted": "c" })), &[]);
}

#[test]
fn a_circle_is_returned_as_its_nodes() {
    let document = flow(json!([
        { "id": "a", "type": "message", "content": "x", "next": "b" }, { "id": "b", "type": "message", "content": "y", "next": "a" }
    ]));
    let compiled = compile(&document.to_string(), None);
    let circle = compiled.diagnostics.iter().find(|d| d.code == "FL202").unwrap();
    assert_eq!(circle.related.iter().map(|r| r.node_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(circle.args["nodes"], "a → b");
}

#[test]
fn waits_are_checked() {
    check(
        json!({ "id": "f", "name": "F", "nodes": [
            { "id": "a", "type": "input", "content": "?", "variable": "x", "next": "b" },
            { "id": "b", "type": "input", "content": "?", "variable": "y", "next": "c",
              "timeout": { "after": "P2D", "reminders": [{ "after": "P3D", "content": "¿?" }], "next": "c" } },
            { "id": "c", "type": "close" } ] }),
        &[("FL210", "/nodes/0"), ("FL212", "/nodes/1/timeout/after"), ("FL211", "/nodes/1/timeout/reminders/0/after")],
    );
}

#[test]
fn many_messages_in_a_row_are_counted() {
    let mut nodes: Vec<Value> = (0..12)
        .map(|i| json!({ "id": format!("n{i}"), "type": "message", "content": "x", "next": format!("n{}", i + 1) }))
        .collect();
    nodes.push(json!({ "id": "n12", "type": "close" }));
    check(flow(Value::Array(nodes)), &[("FL215", "/nodes/0")]);
}

#[test]
fn menus_are_read_as_the_matcher_and_whatsapp_do() {
    check(
        flow(json!([{ "id": "a", "type": "menu", "content": "?", "presentation": "buttons", "next": "b", "options": [
            { "label": "Sí", "value": "yes" },
            { "label": "1. Si!", "value": "other" },
            { "label": "No", "value": "yes" },
            { "label": "Una etiqueta demasiado larga", "value": "long" },
            { "label": "Sí", "value": "when", "when": "is_set(contact.name)" } ] },
            { "id": "b", "type": "close" }])),
        &[
            ("FL006", "/nodes/0/options/1/label"),
            ("FL006", "/nodes/0/options/2/value"),
            ("FL402", "/nodes/0/presentation"),
            ("FL403", "/nodes/0/options/3/label"),
            ("FL404", "/nodes/0/options/4/label"),
        ],
    );
    check(
        json!({ "id": "f", "name": "F",
            "settings": { "sessionTimeout": { "after": "PT1H" }, "commands": [{ "keywords": ["Ventas"], "next": "b" }] },
            "nodes": [{ "id": "a", "type": "menu", "content": "?", "options": [{ "label": "1. Ventas", "value": "s", "next": "b" }] },
                { "id": "b", "type": "close" }] }),
        &[("FL216", "/settings/commands/0/keywords")],
    );
}

#[test]
fn texts_expressions_and_names_are_checked_in_place() {
    check(
        json!({ "id": "f", "name": "F", "variables": [{ "name": "sin_leer" }, { "name": "contact" }, { "name": "x" }, { "name": "x" }],
            "nodes": [
              { "id": "a", "type": "condition", "cases": [{ "when": "x and 1", "next": "b" }, { "when": "xx > 1", "next": "b" }], "else": "b" },
              { "id": "b", "type": "variable", "assignments": [{ "name": "contact.phone", "value": "1" }, { "name": "y", "expr": "x", "value": 1 }], "next": "c" },
              { "id": "c", "type": "close", "message": "{{x}} {{zz}} {{x" } ] }),
        &[
            ("FL309", "/variables/0/name"),
            ("FL007", "/variables/1/name"),
            ("FL007", "/variables/3/name"),
            ("FL309", "/variables/1/name"),
            ("FL301", "/nodes/0/cases/0/when"),
            ("FL302", "/nodes/0/cases/1/when"),
            ("FL315", "/nodes/1/assignments/0/name"),
            ("FL002", "/nodes/1/assignments/1"),
            ("FL310", "/nodes/2/message"),
        ],
    );
}

#[test]
fn translations_are_compared_with_their_texts() {
    let document = json!({ "id": "f", "name": "F", "settings": { "sessionTimeout": { "after": "PT1H" } },
        "nodes": [
            { "id": "a", "type": "menu", "content": "Hola {{contact_name}}", "options": [{ "label": "Sí", "value": "yes", "next": "b" }] },
            { "id": "b", "type": "close", "message": "Adiós" }],
        "translations": { "en": { "a": { "content": "Hello {{company_name}}", "options.yes.label": "Yes", "footer": "x" }, "z": { "content": "?" } } } });
    check(
        document,
        &[
            ("FL603", "/translations/en/a/content"),
            ("FL602", "/translations/en/a/footer"),
            ("FL602", "/translations/en/z/content"),
            ("FL601", "/nodes/1/message"),
        ],
    );
}

#[test]
fn the_catalogue_is_asked_only_for_what_it_knows() {
    let document = json!({ "id": "f", "name": "F", "nodes": [
        { "id": "a", "type": "condition", "cases": [{ "when": "hours.open", "next": "b" }], "else": "c" },
        { "id": "b", "type": "transfer_to_agent", "queueId": "queue-9" },
        { "id": "c", "type": "close", "reason": "harto" } ] })
    .to_string();
    let catalog =
        Catalog { queues: Some(["queue-1".to_owned()].into()), reasons: Some(["resolved".to_owned()].into()) };
    let codes: Vec<_> = compile(&document, Some(&catalog)).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["FL103", "FL109"]);
    assert!(compile(&document, Some(&Catalog::default())).diagnostics.is_empty());
}

#[test]
fn limits_are_kept() {
    let many: Vec<Value> = (0..501).map(|i| json!({ "id": format!("n{i}"), "type": "close" })).collect();
    let compiled = compile(&flow(Value::Array(many)).to_string(), None);
    assert!(compiled.flow.is_none() && compiled.diagnostics.iter().any(|d| d.code == "FL005" && d.path == "/nodes"));
    assert!(compiled.diagnostics.len() <= limits::DIAGNOSTICS);
    let long = flow(json!([{ "id": "a", "type": "close", "message": "x".repeat(4_097) }]));
    check(long, &[("FL401", "/nodes/0/message")]);
    assert_eq!(compile(&" ".repeat(limits::DOCUMENT_BYTES + 1), None).diagnostics[0].code, "FL005");
    assert!(compile("{}", None).flow.is_none());
    assert!(compile("[]", None).flow.is_none());
}

#[test]
fn the_same_flow_has_the_same_hash_however_it_is_written() {
    let hash = |text: &str| compile(text, None).flow.unwrap().hash().to_owned();
    let one = hash(r#"{"id":"f","name":"F","nodes":[{"id":"a","type":"close"}]}"#);
    let other = hash(
        "{ \"nodes\": [ { type: 'close', id: 'a' } ], \"name\": \"F\", \"ui\": { \"viewport\": 1 }, \"id\": \"\\u0066\" }",
    );
    assert_eq!(one, other);
    assert_ne!(one, hash(r#"{"id":"f","name":"G","nodes":[{"id":"a","type":"close"}]}"#));
}

#[test]
fn drafts_with_unknown_names_can_be_tried() {
    let document = flow(json!([{ "id": "a", "type": "close", "message": "{{nadie}}" }]));
    let compiled = compile(&document.to_string(), None);
    assert!(compiled.flow.is_some());
    assert_eq!(compiled.diagnostics[0].severity, Severity::Error);
}
