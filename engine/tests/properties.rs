//! What holds for every document, every input and every state: no panic, the same result twice, and bounds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use hilo_engine::{
    Act, Effect, Input, Location, Media, Message, MessageKind, State, Status, TurnContext, compile, step,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Effects of one turn, at most: nodes of a turn and of a fault's way out, times what one node may emit.
const EFFECTS: usize = 4_000;

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "nowhere"];

fn target() -> impl Strategy<Value = Value> {
    prop_oneof![4 => prop::sample::select(&IDS[..]).prop_map(Value::from), 1 => Just(Value::Null)]
}

fn text() -> impl Strategy<Value = String> {
    let parts = [
        "hola",
        "¿qué?",
        "{{x}}",
        "{{y.z}}",
        "{{#if x}}sí{{else}}no{{/if}}",
        "{{#each y}}{{item}}{{/each}}",
        "{{money x \"CLP\"}}",
        "{{contact.name}}",
        "{{date now}}",
        "{{input.text}}",
        "{{default x \"—\"}}",
        "{{nadie}}",
        "{{> p}}",
        "}}",
        " ",
        "\n\n",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()).prop_map(str::to_owned), 1..5)
        .prop_map(|parts| parts.concat())
}

fn expression() -> impl Strategy<Value = String> {
    let parts = [
        "x",
        "y",
        "1",
        "\"a\"",
        "len(x)",
        "num(x)",
        "[x, y]",
        "x + 1",
        "x.y",
        "x?.y",
        "y[0]",
        "contains(x, \"a\")",
        "hours.open",
        "hour(now)",
        "is_set(y)",
        "x ?? 1",
        "lower(x)",
        "1 / 0",
        "-x",
        "!x",
        "nadie",
        "f(x)",
        "`${x}`",
    ];
    let operators = [" + ", " && ", " == ", " > ", " in ", " || ", " ?? "];
    let part = || prop::sample::select(parts.to_vec());
    prop_oneof![
        part().prop_map(str::to_owned),
        (part(), prop::sample::select(operators.to_vec()), part()).prop_map(|(a, o, b)| format!("{a}{o}{b}")),
    ]
}

/// A node of any kind. Boxed, for the strategies of nine kinds are large on the stack.
fn node(id: &'static str) -> BoxedStrategy<Value> {
    let message =
        (text(), target()).prop_map(|(content, next)| json!({ "type": "message", "content": content, "next": next }));
    let menu = (text(), prop::collection::vec((text(), target()), 1..5), target(), any::<bool>(), expression()).prop_map(
        |(content, options, next, from_list, list)| {
            let options: Vec<Value> = options
                .into_iter()
                .enumerate()
                .map(|(i, (label, next))| json!({ "label": label, "value": format!("v{i}"), "next": next, "synonyms": ["quiero"] }))
                .collect();
            let mut menu = json!({ "type": "menu", "content": content, "options": options, "next": next, "saveAs": "x" });
            if from_list {
                menu["optionsFrom"] = json!({ "list": list, "label": "{{item}}", "value": "{{item}}{{index}}" });
            }
            menu
        },
    );
    let kinds = [
        "text", "number", "integer", "email", "phone", "date", "time", "datetime", "yes_no", "location", "image", "any",
    ];
    let input = (text(), prop::sample::select(kinds.to_vec()), target(), prop::option::of(expression()), any::<bool>()).prop_map(
        |(content, kind, next, check, skip)| {
            let mut input = json!({ "type": "input", "content": content, "variable": "x", "inputType": kind, "next": next, "skipIfSet": skip });
            if let Some(check) = check {
                input["validation"] = json!({ "expr": check, "min": "today-1y" });
            }
            input
        },
    );
    let condition = (expression(), target(), target()).prop_map(
        |(when, next, other)| json!({ "type": "condition", "cases": [{ "when": when, "next": next }], "else": other }),
    );
    let variable = (expression(), text(), target()).prop_map(|(expr, value, next)| {
        json!({ "type": "variable", "next": next, "assignments": [{ "name": "y", "expr": expr }, { "name": "x", "value": [value, 1] }, { "name": "contact.name", "expr": "y" }] })
    });
    let go_to = (target(), prop::option::of(1..5u32), target()).prop_map(|(target, most, out)| {
        let mut go_to = json!({ "type": "go_to", "target": target, "exhausted": out });
        if let Some(most) = most {
            go_to["maxVisits"] = most.into();
        }
        go_to
    });
    let how = [json!("buffer"), json!("ignore"), json!("continue"), json!({ "next": "a" })];
    let delay = (1..100u32, prop::sample::select(how.to_vec()), target())
        .prop_map(|(seconds, how, next)| json!({ "type": "delay", "seconds": seconds, "typing": true, "onMessage": how, "next": next }));
    let transfer = (text(), prop::option::of(target())).prop_map(|(message, away)| {
        let mut transfer = json!({ "type": "transfer_to_agent", "queueId": "q", "message": message });
        if let Some(away) = away {
            transfer["unavailable"] = json!({ "on": ["closed", "no_agents"], "next": away });
        }
        transfer
    });
    let close = text().prop_map(|message| json!({ "type": "close", "message": message }));
    let kinds = prop_oneof![3 => message.boxed(), 4 => menu.boxed(), 4 => input.boxed(), 2 => condition.boxed(), 2 => variable.boxed(), 2 => go_to.boxed(), 2 => delay.boxed(), 1 => transfer.boxed(), 1 => close.boxed(), 1 => Just(json!({ "type": "end" }))];
    (kinds, prop::option::of(target()))
        .prop_map(move |(mut node, on_error)| {
            node["id"] = id.into();
            if let Some(on_error) = on_error {
                node["onError"] = on_error;
            }
            node
        })
        .boxed()
}

fn document() -> impl Strategy<Value = Value> {
    let nodes = (node("a"), node("b"), node("c"), node("d"), node("e"));
    let settings = (prop::option::of(target()), prop::option::of(text()), any::<bool>(), target());
    (nodes, settings).prop_map(|((a, b, c, d, e), (on_error, invalid, resume, command))| {
        let mut settings = json!({ "commands": [{ "keywords": ["menu"], "match": "contains", "next": command, "resume": resume }] });
        if let Some(on_error) = on_error {
            settings["onError"] = on_error;
        }
        if let Some(invalid) = invalid {
            settings["defaults"] = json!({ "invalid": { "message": invalid, "maxAttempts": 2 },
                "timeout": { "after": "PT1M", "reminders": [{ "after": "PT30S", "content": "¿?" }] } });
        }
        json!({ "id": "f", "name": "F", "settings": settings, "variables": [{ "name": "y", "default": [1, 2] }], "nodes": [a, b, c, d, e] })
    })
}

/// What may happen; tokens are completed from the state, so that most of them are current.
#[derive(Debug, Clone)]
enum Happening {
    Say(String, bool),
    Tap(usize),
    Share(MessageKind),
    Timer(usize),
    Queue(bool, bool, u32),
    Fails(usize),
    Jump(&'static str),
    StrayTimer(String),
}

fn happening() -> impl Strategy<Value = Happening> {
    let words = [
        "1",
        "2",
        "hola",
        "quiero eso",
        "menu",
        "sí",
        "no",
        "ana@correo.cl",
        "24/11/2026",
        "12,5",
        "",
        "🎉",
        "{{x}}",
        "v1",
        "9:30",
    ];
    let said = prop_oneof![3 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    let kinds = [MessageKind::Image, MessageKind::Location, MessageKind::Contacts, MessageKind::Unsupported];
    prop_oneof![
        6 => (said, any::<bool>()).prop_map(|(text, early)| Happening::Say(text, early)),
        3 => (0..5usize).prop_map(Happening::Tap),
        1 => prop::sample::select(kinds.to_vec()).prop_map(Happening::Share),
        3 => (0..5usize).prop_map(Happening::Timer),
        2 => (any::<bool>(), any::<bool>(), 0..2u32).prop_map(|(open, full, agents)| Happening::Queue(open, full, agents)),
        1 => (0..5usize).prop_map(Happening::Fails),
        1 => prop::sample::select(&IDS[..]).prop_map(Happening::Jump),
        1 => any::<String>().prop_map(Happening::StrayTimer),
    ]
}

fn input(happening: Happening, n: usize, state: &State, context: &TurnContext) -> Input {
    let message = Message::text(format!("m{n}"), "", context.now);
    match happening {
        Happening::Say(text, early) => Input::Message(Message { text: Some(text), early, ..message }),
        Happening::Tap(at) => {
            let payload = state.wait.as_ref().and_then(|wait| {
                let option = wait.offered.get(at)?;
                Some(format!("{}|{}|{}|{}", state.run.id, wait.node, wait.visit, option.value))
            });
            Input::Message(Message { kind: MessageKind::Interactive, text: Some("título".into()), payload, ..message })
        }
        Happening::Share(kind) => Input::Message(Message {
            kind,
            text: None,
            media: Some(Media { file_id: "f".into(), mime: "image/png".into(), size: 9, name: None, caption: None }),
            location: Some(Location { lat: 1.0, lon: f64::NAN, name: None, address: None }),
            ..message
        }),
        Happening::Timer(at) => {
            let token = state.timers.get(at).map_or_else(String::new, |timer| timer.token.clone());
            Input::Timer { token, at: None }
        }
        Happening::Queue(open, full, agents) => {
            let token = state.wait.as_ref().map_or_else(String::new, |wait| wait.token.clone());
            Input::QueueStatus { token, open, full, agents }
        }
        Happening::Fails(at) => {
            Input::SendFailed { token: format!("{}:1:0", IDS[at]), permanent: true, code: "131047".into() }
        }
        Happening::Jump(node) => Input::Jump { node: node.into(), vars: Map::new(), reason: "x".into() },
        Happening::StrayTimer(token) => Input::Timer { token, at: None },
    }
}

fn written(result: &(State, Vec<Effect>, hilo_engine::Trace)) -> String {
    serde_json::to_string(result).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_flow_and_every_conversation_keeps_the_rules(document in document(), happenings in prop::collection::vec(happening(), 1..25)) {
        let compiled = compile(&document.to_string(), None);
        let again = compile(&document.to_string(), None);
        prop_assert_eq!(&compiled.diagnostics, &again.diagnostics);
        let Some(flow) = compiled.flow else { return Ok(()) };
        let mut context = TurnContext::at("2026-11-24T17:00:00Z".parse().unwrap());
        let start = Input::Start { trigger: "any_message".into(), message: None, consume: false, vars: Map::new(), at: None };
        let mut state = State::new("r", &flow, context.now);
        let mut next = Some(start);
        let mut happenings = happenings.into_iter().enumerate();
        let mut keys = std::collections::BTreeSet::new();
        while let Some(given) = next {
            // What is stored and read again is the same state.
            let stored: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
            let result = step(&flow, state.clone(), given.clone(), &context);
            prop_assert_eq!(written(&result), written(&step(&flow, stored, given, &context)));
            let (after, effects, _) = result;
            prop_assert!(matches!(after.status, Status::Waiting | Status::Ended), "{:?}", after.status);
            prop_assert!(after.status == Status::Ended || after.wait.is_some());
            prop_assert!((after.status == Status::Ended) == after.outcome.is_some());
            prop_assert!(after.status == Status::Ended || !after.timers.is_empty(), "nobody waits for ever");
            prop_assert!(after.status == Status::Waiting || after.timers.is_empty(), "nothing is left armed");
            prop_assert!(effects.len() <= EFFECTS, "{} effects", effects.len());
            let sends = effects.iter().filter(|e| matches!(e.act, Act::Send(_))).count();
            prop_assert!(sends <= 11, "{sends} messages");
            prop_assert!(serde_json::to_string(&after).unwrap().len() <= 64 * 1024);
            prop_assert!(effects.iter().all(|e| keys.insert(e.key.to_string())), "a key is never used again");
            state = after;
            context.now += chrono::TimeDelta::seconds(7);
            next = happenings.next().map(|(n, happening)| input(happening, n, &state, &context));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,400}") {
        let compiled = compile(&text, None);
        prop_assert!(compiled.flow.is_some() || !compiled.diagnostics.is_empty());
    }

    #[test]
    fn any_damage_to_a_document_gives_diagnostics(document in document(), at in any::<prop::sample::Index>(), with in "\\PC{0,6}", cut in 0..12usize) {
        let text = document.to_string();
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        let end = (at + cut).min(letters.len());
        letters.splice(at..end, with.chars());
        let damaged: String = letters.into_iter().collect();
        let compiled = compile(&damaged, None);
        prop_assert!(compiled.diagnostics.iter().all(|d| !d.message.is_empty() && d.range.is_some()));
        if serde_json::from_str::<Value>(&damaged).is_ok() {
            prop_assert!(compiled.diagnostics.iter().all(|d| d.code != "FL001"), "what is JSON is read");
        }
    }

    #[test]
    fn any_value_in_any_place_gives_diagnostics(document in document(), node in 0..5usize, key in any::<prop::sample::Index>(), which in 0..8usize) {
        let strange = [json!(null), json!(true), json!(-1), json!(1e300), json!(""), json!([]), json!({}), json!([[{ "a": [] }]])];
        let mut document = document;
        let members = document["nodes"][node].as_object_mut().unwrap();
        let name = members.keys().nth(key.index(members.len())).unwrap().clone();
        members.insert(name, strange[which].clone());
        let compiled = compile(&document.to_string(), None);
        prop_assert!(compiled.flow.is_some() || compiled.diagnostics.iter().any(hilo_engine::Diagnostic::is_error));
    }

    #[test]
    fn any_expression_and_any_text_is_refused_or_runs(expression in "[a-z0-9 ()\\[\\]{}\"'`$+*/<>=!&|.,?:;#-]{0,80}", content in "[a-z {}#/@>.^~&!\"'()|=\\[\\]]{0,80}") {
        let document = json!({ "id": "f", "name": "F", "nodes": [
            { "id": "v", "type": "variable", "assignments": [{ "name": "x", "expr": expression }], "next": "m" },
            { "id": "m", "type": "close", "message": content } ] });
        if let Some(flow) = compile(&document.to_string(), None).flow {
            let context = TurnContext::at("2026-11-24T17:00:00Z".parse().unwrap());
            let start = Input::Start { trigger: "manual".into(), message: None, consume: false, vars: Map::new(), at: None };
            let (state, _, _) = step(&flow, State::new("r", &flow, context.now), start, &context);
            prop_assert_eq!(state.status, Status::Ended);
        }
    }
}
