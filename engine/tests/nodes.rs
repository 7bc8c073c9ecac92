//! A kind of node that no talk shows is not finished.
#![expect(clippy::panic, reason = "a test that cannot go on says so")]

use std::path::Path;

use hilo_engine::talk::Talk;
use hilo_engine::{NodeKind, compile};

#[expect(clippy::disallowed_methods, reason = "the test reads the files that the engine must not read")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_example_above_every_kind_compiles() {
    for kind in NodeKind::ALL {
        let name = kind.as_str();
        let source = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/node/{name}.rs")));
        let lines =
            source.lines().skip_while(|line| *line != "//! ```json").skip(1).take_while(|line| *line != "//! ```");
        let example: String = lines.map(|line| line.trim_start_matches("//!")).collect();
        let node: serde_json::Value =
            serde_json::from_str(&example).unwrap_or_else(|error| panic!("{name}.rs: {error}"));
        assert_eq!(node["type"], name);
        let variables = ["plan", "nombre", "cantidad"].map(|name| serde_json::json!({ "name": name }));
        let document = serde_json::json!({ "id": "f", "name": "F", "variables": variables, "nodes": [node] });
        let compiled = compile(&document.to_string(), None);
        let wrong: Vec<_> = compiled.diagnostics.iter().filter(|d| d.is_error() && d.code != "FL101").collect();
        assert!(compiled.flow.is_some() && wrong.is_empty(), "{name}.rs: {:#?}", compiled.diagnostics);
    }
}

#[test]
fn every_kind_has_a_talk_that_visits_it() {
    for kind in NodeKind::ALL {
        let name = kind.as_str();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows/talks");
        let talk = Talk::parse(&read(&folder.join(format!("{name}.talk")))).unwrap();
        assert_eq!(talk.flow.as_deref(), Some(name), "{name}.talk plays {name}.json");
        let flow = compile(&read(&folder.join(format!("{name}.json"))), None).flow.unwrap();
        let played = talk.play(&flow).unwrap_or_else(|failure| panic!("{name}.talk: {failure}"));
        let of_kind = flow.nodes().iter().filter(|node| node.kind() == *kind);
        assert!(of_kind.clone().any(|node| played.visited.contains(node.id())), "{name}.talk visits no {name}");
    }
}
