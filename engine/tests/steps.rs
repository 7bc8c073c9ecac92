//! The rules of a step that a talk does not show: what is ignored, what is limited, what becomes of faults, and the
//! form in which it is all stored.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use chrono::{DateTime, TimeDelta, Utc};
use hilo_engine::{
    Act, Effect, Event, FaultCode, Flow, Input, Limits, Message, MessageKind, State, Status, Trace, TurnContext,
    WaitKind, compile, step,
};
use serde_json::{Map, Value, json};

fn now() -> DateTime<Utc> {
    "2026-11-24T17:00:00Z".parse().unwrap()
}

fn flow(settings: Value, nodes: Value) -> Flow {
    let document = json!({ "id": "f", "name": "F", "settings": settings, "nodes": nodes });
    let compiled = compile(&document.to_string(), None);
    compiled.flow.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// A run being stepped.
struct Run<'f> {
    flow: &'f Flow,
    context: TurnContext,
    state: State,
    trace: Trace,
}

impl<'f> Run<'f> {
    fn new(flow: &'f Flow) -> Self {
        Self { flow, context: TurnContext::at(now()), state: State::new("r", flow, now()), trace: Trace::default() }
    }

    fn started(flow: &'f Flow) -> Self {
        let mut run = Self::new(flow);
        run.start(None);
        run
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let (state, effects, trace) = step(self.flow, self.state.clone(), input, &self.context);
        self.state = state;
        self.trace = trace;
        effects
    }

    fn start(&mut self, at: Option<&str>) -> Vec<Effect> {
        let at = at.map(str::to_owned);
        self.step(Input::Start { trigger: "manual".into(), message: None, consume: false, vars: Map::new(), at })
    }

    fn say(&mut self, id: &str, text: &str) -> Vec<Effect> {
        let message = Message::text(id, text, self.context.now);
        self.step(Input::Message(message))
    }

    fn timer(&mut self, token: &str) -> Vec<Effect> {
        self.step(Input::Timer { token: token.to_owned(), at: None })
    }

    fn after(&mut self, seconds: i64) {
        self.context.now += TimeDelta::seconds(seconds);
    }

    fn ignored(&self) -> Option<&str> {
        self.trace
            .0
            .iter()
            .find_map(|event| if let Event::Ignored { reason, .. } = event { Some(reason.as_str()) } else { None })
    }

    fn faults(&self) -> Vec<FaultCode> {
        self.trace
            .0
            .iter()
            .filter_map(|event| if let Event::Fault { code, .. } = event { Some(*code) } else { None })
            .collect()
    }

    fn wait(&self) -> &hilo_engine::Wait {
        self.state.wait.as_ref().unwrap()
    }
}

fn said(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(|e| if let Act::Send(send) = &e.act { Some(send.body.as_str()) } else { None }).collect()
}

fn question() -> Flow {
    flow(
        json!({}),
        json!([
            { "id": "a", "type": "input", "content": "¿?", "variable": "x", "next": "b",
              "timeout": { "after": "PT10M", "reminders": [{ "after": "PT5M", "content": "¿Sigues?" }], "next": "c" } },
            { "id": "b", "type": "input", "content": "¿Otra?", "variable": "y", "next": "c" },
            { "id": "c", "type": "close", "message": "Adiós {{x}}" }
        ]),
    )
}

#[test]
fn a_run_that_has_ended_changes_no_more() {
    let flow = question();
    let mut run = Run::started(&flow);
    run.step(Input::Cancel { reason: "taken".into() });
    assert_eq!(run.state.outcome.as_deref(), Some("cancelled"));
    let ended = run.state.clone();
    let inputs = [
        Input::Message(Message::text("m", "hola", now())),
        Input::Timer { token: "a:1:0".into(), at: None },
        Input::Jump { node: "b".into(), vars: Map::new(), reason: "x".into() },
        Input::Cancel { reason: "again".into() },
        Input::SendFailed { token: "a:1:0".into(), permanent: true, code: "1".into() },
    ];
    for input in inputs {
        assert_eq!(run.step(input), []);
        assert_eq!(run.ignored(), Some("ended"));
    }
    assert_eq!(run.state, ended);
}

#[test]
fn a_message_that_comes_twice_counts_once() {
    let flow = question();
    let mut run = Run::started(&flow);
    run.say("m1", "uno");
    let before = run.state.clone();
    assert_eq!(run.say("m1", "uno"), []);
    assert_eq!((run.ignored(), &run.state), (Some("duplicate"), &before));
}

#[test]
fn a_stale_timer_changes_nothing_and_is_traced() {
    let flow = question();
    let mut run = Run::started(&flow);
    let old = run.state.timers.clone();
    for token in ["a:2:0", "b:1:0", "a:1:9", "session:2", "session:0", "nonsense", ""] {
        assert_eq!(run.timer(token), [], "{token}");
        assert_eq!(run.ignored(), Some("stale"));
    }
    // A wrong answer starts the clock anew: the timer that was set before is stale by its time.
    run.after(60);
    run.say("m1", "");
    let again = run.state.timers.iter().find(|t| t.token == "a:1:0").unwrap().at;
    assert_eq!(again, now() + TimeDelta::seconds(660));
    let first = old.iter().find(|t| t.token == "a:1:0").unwrap().at;
    run.step(Input::Timer { token: "a:1:0".into(), at: Some(first) });
    assert_eq!(run.ignored(), Some("stale"));
    run.step(Input::Timer { token: "a:1:0".into(), at: Some(again) });
    assert_eq!(run.state.outcome.as_deref(), Some("closed"));
}

#[test]
fn timers_are_set_taken_away_and_listed() {
    let flow = question();
    let mut run = Run::new(&flow);
    let set = |effects: &[Effect]| -> Vec<String> {
        effects
            .iter()
            .filter_map(|e| if let Act::SetTimer { token, .. } = &e.act { Some(token.clone()) } else { None })
            .collect()
    };
    let gone = |effects: &[Effect]| -> Vec<String> {
        effects
            .iter()
            .filter_map(|e| if let Act::CancelTimer { token } = &e.act { Some(token.clone()) } else { None })
            .collect()
    };
    assert_eq!(set(&run.start(None)), ["a:1:1", "a:1:0", "session:1"]);
    assert_eq!(run.wait().deadline, Some(now() + TimeDelta::seconds(600)));
    run.after(300);
    assert_eq!(said(&run.timer("a:1:1")), ["¿Sigues?"]);
    assert_eq!(run.wait().reminders_sent, 1);
    let effects = run.say("m1", "Ana");
    assert_eq!(gone(&effects), ["a:1:0", "session:1"]);
    assert_eq!(set(&effects), ["session:2"]);
    assert_eq!(run.state.timers.iter().map(|t| t.token.as_str()).collect::<Vec<_>>(), ["session:2"]);
    // Nobody answers for a day.
    run.after(86_400);
    let effects = run.timer("session:2");
    assert!(effects.iter().any(|e| matches!(&e.act, Act::CloseChat { reason } if reason == "no_response")));
    assert_eq!((run.state.outcome.as_deref(), run.state.timers.len()), (Some("expired"), 0));
}

#[test]
fn a_delay_is_no_silence_of_the_customer() {
    let flow = flow(
        json!({ "sessionTimeout": { "after": "PT1H" } }),
        json!([
            { "id": "d", "type": "delay", "duration": "P2D", "next": "a" },
            { "id": "a", "type": "input", "content": "¿?", "variable": "x" }
        ]),
    );
    let mut run = Run::started(&flow);
    let armed = |run: &Run<'_>| run.state.timers.iter().map(|t| t.token.clone()).collect::<Vec<_>>();
    assert_eq!(armed(&run), ["d:1:0"]);
    run.after(2 * 86_400);
    run.timer("d:1:0");
    assert_eq!(armed(&run), ["session:1"]);
    assert_eq!(run.state.timers[0].at, run.context.now + TimeDelta::seconds(3_600));
}

#[test]
fn the_first_message_is_not_the_answer_unless_the_trigger_says_so() {
    let flow = question();
    let start = |consume| Input::Start {
        trigger: "keyword".into(),
        message: Some(Message::text("m0", "Ana", now())),
        consume,
        vars: Map::new(),
        at: None,
    };
    let mut run = Run::new(&flow);
    run.step(start(false));
    assert_eq!(&*run.wait().node, "a");
    assert_eq!(run.say("m0", "Ana"), [], "the message that started the run is known");
    let mut run = Run::new(&flow);
    run.step(start(true));
    assert_eq!((&*run.wait().node, &run.state.frame().unwrap().vars["x"]), ("b", &json!("Ana")));
}

#[test]
fn runs_start_where_they_are_told_and_jump_where_they_are_moved() {
    let flow = question();
    let mut run = Run::new(&flow);
    run.start(Some("b"));
    assert_eq!(&*run.wait().node, "b");
    run.start(None);
    assert_eq!(run.ignored(), Some("already_started"));
    let vars = Map::from_iter([("x".to_owned(), json!("Eva")), ("no vale".to_owned(), json!(1))]);
    let effects = run.step(Input::Jump { node: "c".into(), vars, reason: "supervisor".into() });
    assert_eq!(said(&effects), ["Adiós Eva"]);
    let mut lost = Run::new(&flow);
    lost.start(Some("nowhere"));
    assert_eq!(lost.faults(), [FaultCode::UnresolvedTarget]);
    assert_eq!(lost.state.outcome.as_deref(), Some("failed"));
    let mut early = Run::new(&flow);
    early.say("m", "hola");
    assert_eq!((early.ignored(), early.state.status), (Some("not_started"), Status::Running));
}

#[test]
fn a_tap_of_an_older_question_is_its_title() {
    let flow = flow(
        json!({}),
        json!([
            { "id": "a", "type": "menu", "content": "¿A?", "saveAs": "a", "options": [{ "label": "Uno", "value": "1x" }, { "label": "Dos", "value": "2x" }], "next": "b" },
            { "id": "b", "type": "menu", "content": "¿B?", "saveAs": "b", "options": [{ "label": "Tres", "value": "3x" }, { "label": "Dos", "value": "otro" }], "next": "c" },
            { "id": "c", "type": "input", "content": "¿C?", "variable": "c" }
        ]),
    );
    let mut run = Run::new(&flow);
    let effects = run.start(None);
    let payload =
        effects.iter().find_map(|e| if let Act::Send(s) = &e.act { Some(s.options[1].payload.clone()) } else { None });
    let tap = |id: &str, title: &str| {
        let message = Message::text(id, title, now());
        Input::Message(Message { kind: MessageKind::Interactive, payload: payload.clone(), ..message })
    };
    run.step(tap("m1", "Dos"));
    assert_eq!(run.state.frame().unwrap().vars["a"], "2x");
    run.step(tap("m2", "Dos"));
    assert_eq!(run.state.frame().unwrap().vars["b"], "otro", "by its title, not by its old value");
}

#[test]
fn values_too_long_for_a_payload_are_tapped_by_their_fingerprint() {
    let long = "x".repeat(100);
    let id = "n".repeat(64);
    let flow = flow(
        json!({}),
        json!([{ "id": id, "type": "menu", "content": "¿?", "saveAs": "v", "options": [{ "label": "Uno", "value": long }], "next": "z" },
            { "id": "z", "type": "input", "content": "¿Z?", "variable": "z" }]),
    );
    let mut run = Run::new(&flow);
    run.state.run.id = "0190a5e8-7a3c-7b1e-9f00-0123456789ab".into();
    let effects = run.start(None);
    let payload = effects
        .iter()
        .find_map(|e| if let Act::Send(s) = &e.act { Some(s.options[0].payload.clone()) } else { None })
        .unwrap();
    assert!(payload.len() <= 200, "{}", payload.len());
    run.step(Input::Message(Message { payload: Some(payload), ..Message::text("m", "Otro título", now()) }));
    assert_eq!(run.state.frame().unwrap().vars["v"], long);
}

/// A node that fails, and ways out that fail too.
fn failing(on_error: Value, settings: Value) -> Flow {
    flow(
        settings,
        json!([
            { "id": "a", "type": "condition", "cases": [{ "when": "contact.fields.x.y", "next": "ok" }], "onError": on_error },
            { "id": "ok", "type": "close" },
            { "id": "bad", "type": "message", "content": "{{contact.nada.de.eso}}", "next": "ok" },
            { "id": "sorry", "type": "close", "message": "Perdón", "reason": "bot_error" }
        ]),
    )
}

#[test]
fn a_fault_takes_the_nodes_way_out_then_the_flows_then_the_engines() {
    let own = failing(json!("sorry"), json!({ "onError": "ok" }));
    let mut run = Run::new(&own);
    assert_eq!(said(&run.start(None)), ["Perdón"]);
    assert_eq!((run.faults(), run.state.counters.faults), (vec![FaultCode::Expression], 1));

    let flows = failing(json!(null), json!({ "onError": "sorry" }));
    assert_eq!(said(&Run::new(&flows).start(None)), ["Perdón"]);

    let none = failing(json!(null), json!({}));
    let mut run = Run::new(&none);
    let effects = run.start(None);
    assert_eq!(said(&effects), ["Te comunico con una persona de nuestro equipo."]);
    let transfer =
        effects.iter().find_map(|e| if let Act::RequestTransfer(t) = &e.act { Some(t) } else { None }).unwrap();
    assert_eq!((transfer.queue_id.as_deref(), transfer.reason.as_deref()), (None, Some("bot_error")));
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
    let logged = effects
        .iter()
        .any(|e| matches!(&e.act, Act::Log { code, node: Some(node), .. } if code == "expression" && &**node == "a"));
    assert!(logged, "every fault is logged with code and node");
}

#[test]
fn a_fault_inside_a_faults_way_out_gives_up_at_once() {
    let flow = failing(json!("bad"), json!({ "onError": "sorry" }));
    let mut run = Run::new(&flow);
    run.start(None);
    assert_eq!(run.faults(), [FaultCode::Expression, FaultCode::Template]);
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
}

#[test]
fn the_third_fault_of_a_run_gives_up() {
    let flow = flow(
        json!({ "onError": "q" }),
        json!([
            { "id": "q", "type": "input", "content": "¿?", "variable": "x", "next": "a" },
            { "id": "a", "type": "condition", "cases": [{ "when": "contact.fields.x.y", "next": "q" }] }
        ]),
    );
    let mut run = Run::started(&flow);
    for n in 1..=3 {
        assert_eq!(run.state.status, Status::Waiting);
        run.say(&format!("m{n}"), "algo");
        assert_eq!(run.state.counters.faults, n);
    }
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
}

#[test]
fn a_flow_that_talks_for_ever_is_stopped() {
    let circle = flow(
        json!({}),
        json!([{ "id": "a", "type": "go_to", "target": "b" }, { "id": "b", "type": "go_to", "target": "a" }]),
    );
    let mut run = Run::new(&circle);
    let effects = run.start(None);
    assert_eq!(run.faults(), [FaultCode::LimitVisits]);
    assert!(run.state.counters.visits.values().sum::<u32>() <= 100);
    assert!(effects.len() < 400 && effects.iter().any(|e| matches!(e.act, Act::RequestTransfer(_))));

    let chatty = flow(
        json!({ "limits": { "visitsPerNode": 100 } }),
        json!([{ "id": "a", "type": "message", "content": "bla", "next": "b" }, { "id": "b", "type": "go_to", "target": "a" }]),
    );
    let mut run = Run::new(&chatty);
    let effects = run.start(None);
    assert_eq!(run.faults(), [FaultCode::LimitSends]);
    assert_eq!(said(&effects).len(), 11, "ten and the engine's own sentence");

    let silent = flow(
        json!({ "limits": { "visitsPerNode": 100, "stepsPerTurn": 100 }, "onError": "a" }),
        json!([{ "id": "a", "type": "go_to", "target": "b" }, { "id": "b", "type": "go_to", "target": "a" }]),
    );
    let mut run = Run::new(&silent);
    run.start(None);
    assert!(run.faults().starts_with(&[FaultCode::LimitSteps]), "{:?}", run.faults());
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
}

#[test]
fn a_run_has_only_so_many_turns() {
    let flow = flow(
        json!({ "limits": { "turns": 5, "visitsPerNode": 100 } }),
        json!([{ "id": "a", "type": "input", "content": "¿?", "variable": "x", "next": "a" }]),
    );
    let mut run = Run::started(&flow);
    for n in 0..4 {
        run.say(&format!("m{n}"), "algo");
        assert_eq!(run.state.status, Status::Waiting);
    }
    run.say("last", "algo");
    assert_eq!(run.faults(), [FaultCode::LimitTurns]);
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
}

#[test]
fn variables_do_not_grow_without_end() {
    let flow = flow(
        json!({ "onError": "end" }),
        json!([
            { "id": "q", "type": "input", "content": "¿?", "variable": "x", "next": "double" },
            { "id": "double", "type": "variable", "assignments": [{ "name": "all", "expr": "[all ?? [], x, x, x]" }], "next": "q" },
            { "id": "end", "type": "end" }
        ]),
    );
    let mut run = Run::started(&flow);
    for n in 0..20 {
        run.say(&format!("m{n}"), &"ñ".repeat(900));
        let size = serde_json::to_string(&run.state).unwrap().len();
        assert!(size <= 64 * 1024, "{size}");
    }
    let cut = flow_cut();
    let mut run = Run::new(&cut);
    let effects = run.start(None);
    assert_eq!(run.state.frame().unwrap().vars["list"].as_array().unwrap().len(), 100);
    assert!(run.state.frame().unwrap().vars["text"].as_str().unwrap().len() <= 8 * 1024);
    assert_eq!(effects.iter().filter(|e| matches!(&e.act, Act::Log { code, .. } if code == "variable_cut")).count(), 2);
}

fn flow_cut() -> Flow {
    let list: Vec<u32> = (0..150).collect();
    flow(
        json!({}),
        json!([
            { "id": "a", "type": "variable", "assignments": [
                { "name": "list", "value": list }, { "name": "text", "value": "ñ".repeat(5_000) } ], "next": "q" },
            { "id": "q", "type": "input", "content": "¿?", "variable": "x" }
        ]),
    )
}

#[test]
fn a_script_bomb_ends_in_its_own_conversation_by_operations_not_by_time() {
    let bomb = format!("len(x){}", " + len(normalize(x))".repeat(45));
    let flow = flow(
        json!({}),
        json!([
            { "id": "q", "type": "input", "content": "¿?", "variable": "x", "next": "bomb" },
            { "id": "bomb", "type": "variable", "assignments": [{ "name": "y", "expr": bomb }], "next": "q" }
        ]),
    );
    let mut run = Run::started(&flow);
    run.say("m1", &"palabra ".repeat(500));
    assert_eq!(run.faults(), [FaultCode::LimitOps]);
    assert_eq!(run.state.outcome.as_deref(), Some("failed"));
    // The same flow with a short answer is a flow like any other.
    let mut other = Run::started(&flow);
    other.say("m1", "palabra");
    assert_eq!((other.faults(), other.wait().kind), (vec![], WaitKind::Answer));
    // A caller may give less, never more than the maximum.
    let mut poor = Run::started(&flow);
    poor.context.limits = Limits { turn_operations: 10, ..Limits::default() };
    poor.say("m1", "palabra");
    assert_eq!(poor.faults(), [FaultCode::LimitOps]);
    assert_eq!(
        Limits { turn_operations: u64::MAX, ..Limits::default() }.clamped().turn_operations,
        Limits::MAXIMA.turn_operations
    );
}

#[test]
fn personal_values_are_in_no_trace_no_transfer_and_no_analytics() {
    let document = json!({ "id": "f", "name": "F", "variables": [{ "name": "rut", "pii": true }], "nodes": [
        { "id": "a", "type": "input", "content": "¿RUT?", "variable": "rut", "next": "b" },
        { "id": "b", "type": "input", "content": "¿Correo?", "variable": "correo", "inputType": "email", "pii": true, "next": "c" },
        { "id": "c", "type": "variable", "assignments": [{ "name": "clave", "expr": "rut + \"x\"" }, { "name": "saludo", "value": ["{{clave}}"] }, { "name": "contact.email", "expr": "correo" }], "next": "d" },
        { "id": "d", "type": "transfer_to_agent", "queueId": "queue-1" } ] });
    let flow = compile(&document.to_string(), None).flow.unwrap();
    let mut run = Run::started(&flow);
    let mut seen = String::new();
    for (id, text) in [("m1", "SECRETO-1"), ("m2", "secreto@correo.cl")] {
        let effects = run.say(id, text);
        let shown: Vec<_> = effects.iter().filter(|e| !matches!(e.act, Act::UpdateContact { .. })).collect();
        seen.push_str(&serde_json::to_string(&shown).unwrap());
        seen.push_str(&serde_json::to_string(&run.trace).unwrap());
    }
    assert!(!seen.to_lowercase().contains("secreto"), "{seen}");
}

#[test]
fn effects_are_numbered_by_run_turn_and_place() {
    let flow = question();
    let mut run = Run::new(&flow);
    let keys = |effects: Vec<Effect>| -> Vec<String> { effects.iter().map(|e| e.key.to_string()).collect() };
    let first = keys(run.start(None));
    assert_eq!(first, (0..first.len()).map(|i| format!("r/1/{i}")).collect::<Vec<_>>());
    let second = keys(run.say("m1", "x"));
    assert_eq!(second[0], "r/2/0");
}

/// A state as the first release wrote it. What is written here must be readable for ever; never edit it.
const STORED: &str = include_str!("documents/state-v1.json");

#[test]
fn a_state_of_the_first_release_is_read_and_goes_on() {
    let state: State = serde_json::from_str(STORED).unwrap();
    assert_eq!(
        serde_json::to_value(&state).unwrap(),
        serde_json::from_str::<Value>(STORED).unwrap(),
        "nothing is lost on the way"
    );
    let flow = question();
    let mut run = Run { flow: &flow, context: TurnContext::at(now()), state, trace: Trace::default() };
    run.say("m9", "Ana");
    assert_eq!(&*run.wait().node, "b");
}

#[test]
fn a_state_of_another_flow_ends_in_a_fault_or_a_drop_not_in_a_panic() {
    let one = question();
    let other = flow(json!({}), json!([{ "id": "z", "type": "input", "content": "¿?", "variable": "x" }]));
    let state = Run::started(&one).state;
    for input in [
        Input::Message(Message::text("m", "hola", now())),
        Input::Timer { token: "a:1:0".into(), at: None },
        Input::Timer { token: "a:1:1".into(), at: None },
        Input::Timer { token: "session:1".into(), at: None },
        Input::Jump { node: "z".into(), vars: Map::new(), reason: "migration".into() },
    ] {
        let (state, _, _) = step(&other, state.clone(), input, &TurnContext::at(now()));
        assert!(state.counters.turns == 2);
    }
    let mut empty = state;
    empty.stack.clear();
    let (_, _, trace) = step(&one, empty, Input::Message(Message::text("m", "hola", now())), &TurnContext::at(now()));
    assert!(!trace.0.is_empty());
}
