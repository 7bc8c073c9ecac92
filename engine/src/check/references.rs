//! Names that must exist: targets in the flow, queues and reasons in the catalogue, variables that are read.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::check::problems::Problem;
use crate::diagnostic::{Diagnostic, Fix};
use crate::flow::{Exit, Flow, Node, Port, Target};
use crate::node::Reference;
use crate::reader::Room;

/// Reports names that do not exist.
pub(crate) fn check(flow: &Flow, start: &Exit, unread: &BTreeSet<Arc<str>>, complete: bool, room: &mut Room<'_>) {
    let known = || flow.index.keys().map(|id| &**id);
    let triggers = flow.triggers.iter().filter_map(|trigger| trigger.start.as_ref());
    for exit in std::iter::once(start).chain(&flow.settings.exits).chain(triggers) {
        if let Target::Node(id) = &exit.target
            && !flow.index.contains_key(id)
            && !unread.contains(id)
        {
            let diagnostic = Diagnostic::new(Problem::UnknownEntry, exit.path.as_str()).with("target", &**id);
            room.report(fixed(flow, exit, id, diagnostic.suggesting(id, known())));
        }
    }
    for node in &flow.nodes {
        for exit in &node.exits {
            if let (Target::Node(id), None) = (&exit.target, exit.to)
                && !unread.contains(id)
            {
                let diagnostic = Diagnostic::new(Problem::UnknownTarget, exit.path.as_str()).in_node(&node.id);
                let diagnostic = diagnostic.with("target", &**id).with("exit", exit_name(node, &exit.port));
                room.report(fixed(flow, exit, id, diagnostic.suggesting(id, known())));
            }
        }
        catalogued(node, room);
    }
    // A node that could not be read may have read it.
    let never_read: Vec<_> = flow
        .variables
        .iter()
        .enumerate()
        .filter(|(_, variable)| complete && !room.read.contains(&variable.name))
        .collect();
    for (at, variable) in never_read {
        let path = format!("/variables/{at}/name");
        room.report(Diagnostic::new(Problem::NeverRead, path).with("name", variable.name.as_str()));
    }
}

/// An exit as its author knows it: an option by its label.
fn exit_name(node: &Node, port: &Port) -> String {
    if let (Port::Option(value), Some(menu)) = (port, node.body.as_menu())
        && let Some(label) = menu.options().iter().find(|o| o.value == *value).and_then(|o| o.label.as_fixed())
    {
        return label.to_owned();
    }
    port.to_string()
}

/// With a button that creates the node, and one that takes the nearest.
fn fixed(flow: &Flow, exit: &Exit, id: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    let queue = flow.nodes.iter().find_map(|node| match node.body.reference() {
        Some(Reference::Queue(queue)) => Some(queue),
        Some(Reference::Reason(_)) | None => None,
    });
    let node = json!({ "id": id, "type": "transfer_to_agent", "queueId": queue.unwrap_or("queue-1") });
    diagnostic.fixes.push(Fix {
        title: format!("Crear nodo «{id}»"),
        patch: vec![json!({ "op": "add", "path": "/nodes/-", "value": node })],
    });
    if let Some(nearest) = diagnostic.args.get("suggestion") {
        diagnostic.fixes.push(Fix {
            title: format!("Usar «{nearest}»"),
            patch: vec![json!({ "op": "replace", "path": exit.path, "value": nearest })],
        });
    }
    diagnostic
}

fn catalogued(node: &Node, room: &mut Room<'_>) {
    let Some(catalog) = room.catalog else { return };
    let (problem, key, word, name, known) = match node.body.reference() {
        Some(Reference::Queue(queue)) => (Problem::UnknownQueue, "queueId", "queue", queue, &catalog.queues),
        Some(Reference::Reason(reason)) => (Problem::UnknownReason, "reason", "reason", reason, &catalog.reasons),
        None => return,
    };
    if let Some(known) = known
        && !known.contains(name)
    {
        let diagnostic = Diagnostic::new(problem, format!("{}/{key}", node.path)).in_node(&node.id);
        room.report(diagnostic.with(word, name).suggesting(name, known.iter().map(String::as_str)));
    }
}
