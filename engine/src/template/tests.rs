use serde_json::{Value, json};

use super::*;
use crate::compile::compile as compile_flow;
use crate::context::TurnContext;
use crate::flow::Flow;

fn flow() -> Flow {
    let variables: Vec<Value> =
        ["nombre", "total", "items", "nada", "name"].iter().map(|name| json!({ "name": name })).collect();
    let document = json!({ "id": "f", "name": "F", "variables": variables, "nodes": [{ "id": "a", "type": "end" }] });
    compile_flow(&document.to_string(), None).flow.unwrap()
}

fn render_in(language: &str, source: &str, nombre: &str) -> Result<String, Fault> {
    let flow = flow();
    let mut findings = Vec::new();
    let text = Text::new(Form::compile(source, "", flow.names(), &[], &mut findings), Vec::new());
    assert!(findings.is_empty(), "{source}: {findings:#?}");
    let mut context = TurnContext::at("2026-11-24T17:30:00Z".parse().unwrap());
    context.contact.phone = Some("+56987654321".to_owned());
    let items = json!([{ "sku": "A", "name": "Uno" }, { "sku": "B", "name": "Dos" }]);
    let variables = std::collections::BTreeMap::from([
        ("nombre".to_owned(), json!(nombre)),
        ("total".to_owned(), json!(1234567.5)),
        ("items".to_owned(), items),
        ("name".to_owned(), json!("fuera")),
    ]);
    let world = World {
        flow: &flow,
        context: &context,
        contact: &context.contact,
        variables: &variables,
        language,
        node: "a",
        input: None,
        locals: &[],
    };
    text.render(&world)
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(render_in("es", source, "ana maría").as_deref(), Ok(expected), "{source}");
}

fn problems(source: &str) -> Vec<&'static str> {
    let mut findings = Vec::new();
    Form::compile(source, "", flow().names(), &[], &mut findings);
    findings.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn helpers_write_as_people_do() {
    let cases = [
        ("{{nombre}} {{upper nombre}} {{title nombre}} {{first_word nombre}}", "ana maría ANA MARÍA Ana María ana"),
        ("[{{nada}}] {{default nada \"—\"}}", "[] —"),
        (
            "{{number total}} {{number total 2}} {{money total \"CLP\"}} {{percent 12.5}}",
            "1.234.567,5 1.234.567,50 $1.234.568 12,5 %",
        ),
        ("{{date now}} {{time now}} {{date today \"d MMMM\"}}", "24/11/2026 17:30 24 noviembre"),
        ("{{ago \"2026-11-24T15:30:00Z\"}} {{plural 1 \"factura\" \"facturas\"}}", "hace 2 horas factura"),
        (
            "{{len items}} {{truncate nombre 4}} {{urlencode nombre}} {{mask contact_phone 4}}",
            "2 ana… ana%20mar%C3%ADa ••••••••4321",
        ),
        ("{{#if (gt total 5)}}sí{{else}}no{{/if}}{{#unless nada}}!{{/unless}}", "sí!"),
        ("{{items.0.sku}}{{items.[1].sku}} {{json items.[0].sku}}", "AB \"A\""),
        (
            "{{#each items}}{{index}}{{item.sku}}{{nombre}}{{#unless @last}}, {{/unless}}{{/each}}",
            "0Aana maría, 1Bana maría",
        ),
        ("{{#each items}}{{sku}}-{{item.name}}-{{name}} {{/each}}", "A-Uno-fuera B-Dos-fuera "),
        ("Ana & José's <b>", "Ana & José's <b>"),
        ("{{phone contact_phone}} {{flow.id}}/{{flow.node}}", "+56 987654321 f/a"),
    ];
    for (source, expected) in cases {
        check(source, expected);
    }
    assert_eq!(render_in("en", "{{number total}} {{date today}}", "x").unwrap(), "1,234,567.5 11/24/2026");
}

#[test]
fn what_customers_write_is_shown_as_it_is() {
    for hostile in [
        "{{secrets.token}}",
        "{{#each}}",
        "{{> p}}",
        "{{lookup . \"x\"}}",
        "${x}",
        "<%= %>",
        "{{contact.phone}}",
        "{{{nombre}}}",
        "&amp; <script>",
        "\\{{x}}",
    ] {
        assert_eq!(render_in("es", "Hola {{nombre}}.", hostile).unwrap(), format!("Hola {hostile}."));
        assert_eq!(render_in("es", "Hola {{{nombre}}}.", hostile).unwrap(), format!("Hola {hostile}."));
    }
}

#[test]
fn what_authors_get_wrong_is_found_before() {
    let cases = [
        ("{{nmbre}}", "FL311"),
        ("{{contact.name}} {{contct.name}}", "FL311"),
        ("{{nombre", "FL310"),
        ("{{#if nombre}}", "FL310"),
        ("{{grande nombre}}", "FL312"),
        ("{{#repeat 5}}x{{/repeat}}", "FL312"),
        ("{{> parcial}}", "FL312"),
        ("{{#> parcial}}{{/parcial}}", "FL312"),
        ("{{* inline}}", "FL312"),
        ("{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}", "FL312"),
        ("{{lookup items 0}}", "FL312"),
        ("{{log nombre}}", "FL312"),
        ("{{#each items}}{{@root.nmbre}}{{/each}}", "FL311"),
    ];
    for (source, code) in cases {
        assert!(problems(source).contains(&code), "{source}: {:?}", problems(source));
    }
    for deep in ["{{#if nombre}}".repeat(250), format!("{{{{{}nombre{}}}}}", "(".repeat(1_000), ")".repeat(1_000))] {
        assert_eq!(problems(&deep), ["FL310"]);
    }
}

#[test]
fn a_text_is_said_in_the_runs_language_its_base_or_the_documents() {
    let flow = flow();
    let form = |source: &str| Form::compile(source, "", flow.names(), &[], &mut Vec::new());
    let text = Text::new(form("Hola"), vec![("en".to_owned(), form("Hello")), ("pt-BR".to_owned(), form("Oi"))]);
    let context = TurnContext::at("2026-11-24T17:30:00Z".parse().unwrap());
    for (language, expected) in
        [("es", "Hola"), ("en", "Hello"), ("en-GB", "Hello"), ("pt-BR", "Oi"), ("pt", "Hola"), ("de", "Hola")]
    {
        let variables = std::collections::BTreeMap::new();
        let contact = &context.contact;
        let world = World {
            flow: &flow,
            context: &context,
            contact,
            variables: &variables,
            language,
            node: "a",
            input: None,
            locals: &[],
        };
        assert_eq!(text.render(&world).as_deref(), Ok(expected), "{language}");
    }
}

#[test]
fn a_text_stops_growing_at_its_limit() {
    let repeated = "{{nombre}}".repeat(400);
    let grown = render_in("es", &repeated, &"ñ".repeat(4_000));
    assert_eq!(grown.unwrap_err().code, FaultCode::Template);
}
