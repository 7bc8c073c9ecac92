use serde_json::{Value, json};

use super::*;
use crate::compile::compile as compile_flow;
use crate::context::TurnContext;
use crate::diagnostic::Severity;
use crate::flow::Flow;
use crate::limits::Limits;

/// A flow whose variables the expressions of these tests use.
fn flow() -> Flow {
    let names = [
        "edad",
        "deuda",
        "plan",
        "email",
        "nombre",
        "rut",
        "facturas",
        "fecha_compra",
        "fecha_visita",
        "intentos",
        "total",
        "tramo",
        "correo",
        "monto",
        "texto",
        "lista",
        "falta",
        "vacio",
    ];
    let variables: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let document = json!({ "id": "f", "name": "F", "variables": variables, "nodes": [{ "id": "a", "type": "end" }] });
    compile_flow(&document.to_string(), None).flow.unwrap()
}

fn values() -> std::collections::BTreeMap<String, Value> {
    let map = json!({
        "edad": 34, "deuda": "60000", "plan": "fibra", "email": "ana@correo.cl", "nombre": "Ana López", "rut": "12345678-5",
        "facturas": [{ "monto": 20000, "estado": "vencida" }, { "monto": 90000, "estado": "vencida" }],
        "fecha_compra": "2026-11-01", "fecha_visita": "2026-11-26", "intentos": 2, "total": 60000.0, "tramo": 1500,
        "correo": " Ana@Correo.CL ", "monto": 100.5, "texto": "Tengo un Reclámo", "lista": [1, 2, 3],
    });
    map.as_object().unwrap().clone().into_iter().collect()
}

fn context() -> TurnContext {
    let mut context = TurnContext::at("2026-11-24T17:30:00Z".parse().unwrap());
    context.contact.phone = Some("+56987654321".to_owned());
    context.contact.tags = vec!["vip".to_owned()];
    context
}

/// Compiles and evaluates; gives also the operations taken.
fn run(source: &str) -> (Result<Value, Fault>, u64) {
    let (flow, context, variables) = (flow(), context(), values());
    let mut findings = Vec::new();
    let Some(expression) = Expression::compile(source, "", Want::Value, flow.names(), &["value"], &mut findings) else {
        return (Err(Fault::new(FaultCode::Expression, format!("{findings:?}"))), 0);
    };
    assert!(findings.is_empty(), "{source}: {findings:#?}");
    let locals = [("value", json!("ana@correo.cl"))];
    let world = World {
        flow: &flow,
        context: &context,
        contact: &context.contact,
        variables: &variables,
        language: "es",
        node: "a",
        input: None,
        locals: &locals,
    };
    let limits = Limits::default();
    let mut left = limits.turn_operations;
    let result = expression.evaluate(&world, limits.expression_operations, &mut left);
    (result, limits.turn_operations - left)
}

#[track_caller]
fn check(source: &str, expected: Value) {
    assert_eq!(run(source).0, Ok(expected), "{source}");
}

#[track_caller]
fn problems(source: &str, want: Want) -> Vec<(&'static str, String)> {
    let mut findings = Vec::new();
    let flow = flow();
    Expression::compile(source, "", want, flow.names(), &[], &mut findings);
    findings
        .into_iter()
        .map(|mut finding| {
            finding.speak(crate::diagnostic::Voice::English);
            (finding.code, finding.help.unwrap_or_default())
        })
        .collect()
}

#[test]
fn what_designers_write_works() {
    let cases = [
        ("edad >= 18", json!(true)),
        ("edad >= 18 && edad < 65", json!(true)),
        ("num(deuda) > 50000 && !has_tag(contact, \"vip\")", json!(false)),
        ("plan == \"fibra\" || plan == \"cobre\"", json!(true)),
        ("plan in [\"fibra\", \"cobre\", \"5g\"]", json!(true)),
        ("plan in [\"cobre\"]", json!(false)),
        ("is_set(email) && !is_blank(nombre)", json!(true)),
        ("contains(texto, \"reclamo\")", json!(true)),
        ("matches(rut, \"[0-9]{7,8}-[0-9kK]\")", json!(true)),
        ("len(facturas) > 0", json!(true)),
        ("facturas[0].monto > 10000", json!(true)),
        ("sum(facturas, \"monto\") >= 100000", json!(true)),
        ("count_where(facturas, \"estado\", \"vencida\") > 1", json!(true)),
        ("hour(now) >= 9 && hour(now) < 18", json!(true)),
        ("weekday(now) in 1..=5", json!(true)),
        ("hours.open && !hours.holiday", json!(true)),
        ("days_between(fecha_compra, today) <= 30", json!(true)),
        ("date(fecha_visita) >= add_days(today, 2)", json!(true)),
        ("intentos + 1", json!(3)),
        ("falta ?? contact.name ?? \"cliente\"", json!("cliente")),
        ("if total > 50000 { \"alto\" } else { \"bajo\" }", json!("alto")),
        ("switch tramo { 0..1000 => \"a\", 1000..5000 => \"b\", _ => \"c\" }", json!("b")),
        ("lower(trim(correo))", json!("ana@correo.cl")),
        ("`${nombre} (${rut})`", json!("Ana López (12345678-5)")),
        ("round(monto * 1.19)", json!(120)),
        ("round(monto / 3, 2)", json!(33.5)),
        ("email_valid(value) && !ends_with(value, \"@example.com\")", json!(true)),
        ("phone_country(contact.phone) == \"CL\"", json!(true)),
        ("texto.lower().contains(\"tengo\")", json!(true)),
        ("slice(nombre, 0, 3) + word(nombre, 2)", json!("AnaLópez")),
        ("at(lista, 9)", json!(null)),
        ("at(lista, -1) + first(lista)", json!(4)),
        ("get(facturas, \"1.monto\", 0)", json!(90000)),
        ("get(contact, \"fields.plan\", \"ninguno\")", json!("ninguno")),
        ("max(lista) - min(3, 1, 2)", json!(2)),
        ("percent(1, 4)", json!(25)),
        ("fmt(fecha_visita, \"dd/MM/yyyy\")", json!("26/11/2026")),
        ("add_months(\"2026-01-31\", 1)", json!("2026-02-28")),
        ("age(\"2000-11-25\", today)", json!(25)),
        ("join(split(\"a,b,c\", \",\"), \"-\")", json!("a-b-c")),
        ("similar(\"pagar factura\", \"pagar facturas\") > 80", json!(true)),
        ("19990 * 0.8", json!(15992)),
        ("coalesce(falta, 0) + 1", json!(1)),
        ("clamp(edad, 0, 18)", json!(18)),
        ("pluck(facturas, \"monto\")", json!([20000, 90000])),
        ("find_where(facturas, \"monto\", 90000).estado", json!("vencida")),
        ("#{ a: 1, b: [true, ()] }", json!({ "a": 1, "b": [true, null] })),
    ];
    for (source, expected) in cases {
        check(source, expected);
    }
}

#[test]
fn what_section_13_6_says_is_so() {
    check("falta > 18", json!(false));
    check("\"12\" > 5", json!(false));
    check("edad == 34.0", json!(true));
    check("falta?.b?.c", json!(null));
    check("lista[-1]", json!(3));
    for fails in ["!vacio", "falta.b.c", "lista[9]", "1 / 0", "9223372036854775807 + edad", "edad < 18 || nombre"] {
        assert_eq!(run(fails).0.unwrap_err().code, FaultCode::Expression, "{fails}");
    }
    for refused in ["x == null", "a and b", "not a", "'texto'", "c ? a : b", "edad = 3", "let x = 1; x", "edad; edad"] {
        assert_eq!(problems(refused, Want::Value).first().unwrap().0, "FL301", "{refused}");
    }
    assert_eq!(problems("edad > 1 and plan == \"x\"", Want::Condition)[0].1, "and → &&");
    assert_eq!(problems("email == null", Want::Condition)[0].1, "x == null → !is_set(x)");
    assert_eq!(problems("plan == 'fibra'", Want::Condition)[0].1, "'texto' → \"texto\"");
}

#[test]
fn names_functions_and_results_are_checked_before_a_customer_meets_them() {
    let all = problems("edadd > 18 && ednd < 3 && longitud(plan) > 1 && len(plan, 2) > 1", Want::Condition);
    let codes: Vec<_> = all.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["FL303", "FL303", "FL302", "FL302"], "all at once");
    assert_eq!(all[2].1, "did you mean `edad`?");
    for wrong in ["\"sí\"", "1", "edad + 1", "lower(plan)", "[1]", "`${plan}`"] {
        assert_eq!(problems(wrong, Want::Condition).first().map(|p| p.0), Some("FL304"), "{wrong}");
    }
    for fine in ["edad > 1", "is_set(plan)", "vacio", "!is_set(plan)", "if edad > 1 { true } else { false }"] {
        assert_eq!(problems(fine, Want::Condition), [], "{fine}");
    }
    assert_eq!(problems("1 < 2", Want::Condition)[0].0, "FL306");
    assert_eq!(Problem::ConstantCondition.severity(), Severity::Warning);
}

/// Scripts that want more than they may have. None may run at all, or it runs out of operations: what is counted is
/// work, not time, so the result is the same on every machine.
#[test]
fn hostile_scripts_are_refused_or_run_out() {
    let long_text = "x".repeat(900);
    let deep = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let mut scripts: Vec<String> = [
        "loop {}",
        "while true {}",
        "for x in 0..1000000 { x }",
        "do {} while true",
        "fn f(x) { f(x) } f(1)",
        "let a = [1]; a",
        "eval(\"1\")",
        "sleep(5)",
        "timestamp()",
        "import \"x\" as y",
        "print(\"x\")",
        "debug(1)",
        "Fn(\"len\")",
        "call(\"len\")",
        "curry(1)",
        "is_def_fn(\"x\", 1)",
        "is_def_var(\"edad\")",
        "type_of(edad)",
        "this",
        "global::x",
        "|x| x > 1",
        "lista.map(|x| x)",
        "lista.filter(|x| true)",
        "lista.map(\"len\")",
        "lista.sort()",
        "lista.reduce(|a, b| a)",
        "lista.for_each(|x| x)",
        "lista.dedup()",
        "lista.drain(|x| true)",
        "lista.retain(|x| true)",
        "lista.push(1)",
        "lista.pad(1000000, 0)",
        "texto.pad(1000000, 'x')",
        "range(0, 1000000000).len()",
        "parse_json(\"{}\")",
        "parse_int(\"1\")",
        "rand()",
        "random()",
        "env(\"PATH\")",
        "open_file(\"/etc/passwd\")",
        "exec(\"id\")",
        "http_get(\"http://x\")",
        "exit()",
        "throw \"x\"",
        "return 1",
        "try { 1 } catch { 2 }",
        "const X = 1; X",
        "export edad",
        "edad = 2",
        "edad += 1",
        "{ 1 }",
        "switch edad { _ => { loop {} } }",
        "if true { while true {} } else { 1 }",
        "new_map()",
        "blob(1000000)",
        "lista.set(0, 1)",
        "lista.splice(0, 1, lista)",
        "contact.notes = 1",
        "`${eval(\"1\")}`",
        "secrets.token",
        "env.PATH",
        "conversations[0]",
    ]
    .map(str::to_owned)
    .into();
    scripts.push(deep("(", ")", 400));
    scripts.push(deep("[", "]", 400));
    scripts.push(deep("!", "", 900));
    scripts.push(format!("edad{}", " && edad > 1".repeat(80)));
    scripts.push("edad +".repeat(160) + " 1");
    scripts.push("x".repeat(8_193));
    assert!(scripts.len() >= 50, "{}", scripts.len());
    let flow = flow();
    for script in &scripts {
        let mut findings = Vec::new();
        Expression::compile(script, "", Want::Value, flow.names(), &[], &mut findings);
        assert!(findings.iter().any(Diagnostic::is_error), "{script} was not refused");
    }
    let doubled = |text: &str| format!("replace({text}, \"x\", \"xxxxxxxxxxxxxxxx\")");
    let bombs = [
        doubled(&doubled(&doubled(&doubled(&doubled("\"xxxxxxxx\""))))),
        format!("normalize(\"{long_text}\") + join(split(\"{}\", \",\"), \"{}\")", "a,".repeat(20), "b".repeat(20)),
        "(0..1000000000).len()".to_owned(),
        "[[[lista, lista], [lista, lista]], [[lista, lista], [lista, lista]]]".to_owned(),
    ];
    for bomb in bombs {
        let (result, operations) = run(&bomb);
        assert!(operations <= Limits::default().expression_operations, "{operations}");
        if let Err(fault) = result {
            assert!(matches!(fault.code, FaultCode::LimitOps | FaultCode::Expression), "{fault:?}");
        }
    }
}

#[test]
fn work_is_paid_for_in_one_counter() {
    let (result, cheap) = run("len(\"corto\")");
    assert_eq!(result, Ok(json!(5)));
    let text = "x".repeat(960);
    let (_, dear) = run(&format!("len(\"{text}\")"));
    assert!(dear >= cheap + 960 / limits::BYTES_PER_OPERATION as u64, "{cheap} {dear}");

    // Many calls on a long text: each alone is allowed, together they are not.
    let flow = flow();
    let context = context();
    let long = std::collections::BTreeMap::from([("texto".to_owned(), json!("palabra ".repeat(1_000)))]);
    let world = World {
        flow: &flow,
        context: &context,
        contact: &context.contact,
        variables: &long,
        language: "es",
        node: "a",
        input: None,
        locals: &[],
    };
    let source = format!("len(texto){}", " + len(normalize(texto))".repeat(20));
    let expression = Expression::compile(&source, "", Want::Value, flow.names(), &[], &mut Vec::new()).unwrap();
    let mut left = Limits::default().turn_operations;
    let fault = expression.evaluate(&world, 2_000, &mut left).unwrap_err();
    assert_eq!(fault.code, FaultCode::LimitOps);
    assert_eq!(left, Limits::default().turn_operations - 2_000, "what was spent is gone, and no more");

    // The turn's budget counts over expressions.
    let small = Expression::compile("len(texto)", "", Want::Value, flow.names(), &[], &mut Vec::new()).unwrap();
    let mut left = 200;
    assert!(small.evaluate(&world, 2_000, &mut left).is_ok());
    assert_eq!(small.evaluate(&world, 2_000, &mut left).unwrap_err().code, FaultCode::LimitOps);
    assert_eq!(left, 0);
}

#[test]
fn the_same_expression_gives_the_same_result_and_the_same_count() {
    let first = run("sum(facturas, \"monto\") > 100 && contains(texto, \"reclamo\") && hour(now) > 3");
    for _ in 0..1_000 {
        assert_eq!(run("sum(facturas, \"monto\") > 100 && contains(texto, \"reclamo\") && hour(now) > 3"), first);
    }
    assert_eq!(first.1, 19, "the count belongs to the language: debug and release builds agree");
}

#[test]
fn every_function_of_the_table_can_be_called() {
    for name in functions::names() {
        let (min, _) = functions::arity(name).unwrap();
        let source = format!("{name}({})", vec!["()"; min].join(", "));
        if let Err(fault) = run(&source).0 {
            assert!(!fault.text.contains("not found"), "{source}: {}", fault.text);
        }
    }
}

#[test]
fn a_pattern_that_explodes_elsewhere_costs_what_its_text_weighs() {
    let (result, operations) = run(&format!("matches(\"{}b\", \"(a+)+\")", "a".repeat(900)));
    assert_eq!(result, Ok(json!(false)));
    assert!(operations < 50, "{operations}");
}
