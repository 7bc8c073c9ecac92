//! What the graph says: what cannot be reached, what never ends, what never waits.

use std::collections::BTreeSet;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::NodeIndex;
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::{Dfs, EdgeRef};

use crate::check::problems::Problem;
use crate::diagnostic::{Diagnostic, Related};
use crate::effect::OnEnd;
use crate::flow::{Edge, Exit, Flow, Graph, Node, Port, Target, Vertex, root, vertex};
use crate::node::{NodeKind, Waits};
use crate::reader::Room;

/// Messages that may go out in a row without a warning.
const MESSAGES_IN_A_ROW: u32 = 10;

/// Builds the graph: a root, the nodes in order, an edge for every exit that leads to a node.
pub(crate) fn build(flow: &Flow) -> Graph {
    let mut graph = Graph::with_capacity(flow.nodes.len() + 1, flow.nodes.len() * 2);
    graph.add_node(Vertex::Root);
    for node in &flow.nodes {
        graph.add_node(Vertex::Node {
            id: node.id.clone(),
            kind: node.kind(),
            waits: node.body.waits(),
            terminal: node.body.is_terminal(),
        });
    }
    // INVARIANT: an edge is added only between places that exist; petgraph panics otherwise.
    if flow.start < flow.nodes.len() {
        graph.add_edge(root(), vertex(flow.start), Edge { port: Port::Start, path: "/start".to_owned() });
    }
    let triggers = flow.triggers.iter().filter_map(|trigger| trigger.start.as_ref());
    for exit in flow.settings.exits.iter().chain(triggers) {
        connect(&mut graph, root(), exit);
    }
    for (at, node) in flow.nodes.iter().enumerate() {
        node.exits.iter().for_each(|exit| connect(&mut graph, vertex(at), exit));
    }
    graph
}

fn connect(graph: &mut Graph, from: NodeIndex, exit: &Exit) {
    if let Some(to) = exit.to {
        graph.add_edge(from, vertex(to), Edge { port: exit.port.clone(), path: exit.path.clone() });
    }
}

/// Reports everything that the graph says.
pub(crate) fn check(flow: &Flow, room: &mut Room<'_>) {
    let reached = reached(flow);
    let mut circular = BTreeSet::new();
    loops(flow, room, &mut circular);
    questions_without_end(flow, room);
    no_way_out(flow, room, &reached, &circular);
    let mut ends_open = false;
    for (at, node) in flow.nodes.iter().enumerate() {
        if !reached.contains(&vertex(at)) {
            room.report(at_node(Problem::Unreachable, node).with("id", &*node.id));
            continue;
        }
        ends_open |= node.kind() == NodeKind::End;
        for exit in &node.exits {
            ends_open |= exit.target == Target::Ends;
            if exit.target == Target::Open {
                ends_open = true;
                open_exit(node, exit.path.clone(), &exit.port, room);
            }
        }
        if node.body.as_menu().is_some_and(|menu| menu.needs_next()) && node.exit(&Port::Next).is_none() {
            ends_open = true;
            open_exit(node, format!("{}/next", node.path), &Port::Next, room);
        }
        let has_time = flow.settings.timeout.is_some() || flow.settings.session.is_some();
        if node.body.question().is_some_and(|question| question.timeout.is_none()) && !has_time {
            room.report(at_node(Problem::NoTimeout, node));
        }
    }
    if ends_open {
        let on_end = match flow.settings.on_end {
            OnEnd::DefaultQueue => "default_queue",
            OnEnd::Close => "close",
            OnEnd::KeepOpen => "keep_open",
        };
        room.report(Diagnostic::new(Problem::EndsOpen, "").with("on_end", on_end));
    }
    messages_in_a_row(flow, room, &circular);
}

fn at_node(problem: Problem, node: &Node) -> Diagnostic {
    Diagnostic::new(problem, node.path.as_str()).in_node(&node.id)
}

fn open_exit(node: &Node, path: String, port: &Port, room: &mut Room<'_>) {
    room.report(Diagnostic::new(Problem::OpenExit, path).in_node(&node.id).with("exit", port.to_string()));
}

fn reached(flow: &Flow) -> BTreeSet<NodeIndex> {
    let mut reached = BTreeSet::new();
    let mut walk = Dfs::new(&flow.graph, root());
    while let Some(at) = walk.next(&flow.graph) {
        reached.insert(at);
    }
    reached
}

fn node_at(flow: &Flow, at: NodeIndex) -> Option<&Node> {
    flow.nodes.get(at.index().checked_sub(1)?)
}

/// The graph without some nodes and edges, with the same places.
fn without(
    flow: &Flow,
    drop_node: impl Fn(&Node) -> bool,
    drop_edge: impl Fn(&Node, &Port) -> bool,
) -> StableDiGraph<(), ()> {
    flow.graph.filter_map(
        |at, _| node_at(flow, at).is_none_or(|node| !drop_node(node)).then_some(()),
        |at, edge| {
            let from = flow.graph.edge_endpoints(at).and_then(|(from, _)| node_at(flow, from));
            from.is_none_or(|from| !drop_edge(from, &edge.port)).then_some(())
        },
    )
}

/// The circles of a graph, each in the order of the document.
fn circles(graph: &StableDiGraph<(), ()>) -> Vec<Vec<NodeIndex>> {
    let mut circles: Vec<Vec<NodeIndex>> = tarjan_scc(graph)
        .into_iter()
        .filter(|part| part.len() > 1 || part.first().is_some_and(|at| graph.contains_edge(*at, *at)))
        .collect();
    circles.iter_mut().for_each(|circle| circle.sort_unstable());
    circles.sort_unstable();
    circles
}

/// A finding about a circle, at its first node, with the others beside it.
fn about_circle(problem: Problem, flow: &Flow, circle: &[NodeIndex]) -> Option<Diagnostic> {
    let nodes: Vec<&Node> = circle.iter().filter_map(|at| node_at(flow, *at)).collect();
    let ids: Vec<&str> = nodes.iter().map(|node| &*node.id).collect();
    let mut diagnostic = at_node(problem, nodes.first()?).with("nodes", ids.join(" → "));
    let related = |node: &&Node| Related { node_id: node.id.to_string(), path: node.path.clone() };
    diagnostic.related = nodes.iter().map(related).collect();
    Some(diagnostic)
}

/// Circles that nobody has to answer. A fault's way cannot go in circles: the third fault ends the run. A `go_to`
/// that counts ends its circle too.
fn loops(flow: &Flow, room: &mut Room<'_>, circular: &mut BTreeSet<NodeIndex>) {
    let graph = without(
        flow,
        |node| node.body.waits() == Waits::Answer,
        |node, port| *port == Port::OnError || (*port == Port::Target && node.body.has_own_limit()),
    );
    for circle in circles(&graph) {
        let nodes = || circle.iter().filter_map(|at| node_at(flow, *at));
        let problem = if nodes().all(|node| node.kind() == NodeKind::GoTo) {
            Problem::GoToCircle
        } else if nodes().any(|node| node.body.waits() == Waits::Other) {
            Problem::LoopOfDelays
        } else {
            Problem::LoopWithoutWait
        };
        about_circle(problem, flow, &circle).into_iter().for_each(|diagnostic| room.report(diagnostic));
        circular.extend(circle);
    }
}

/// Circles of questions that no `go_to` counts.
fn questions_without_end(flow: &Flow, room: &mut Room<'_>) {
    let counted =
        |node: &Node, port: &Port| *port == Port::OnError || (*port == Port::Target && node.body.has_own_limit());
    for circle in circles(&without(flow, |_| false, counted)) {
        let asks = |at: &NodeIndex| node_at(flow, *at).is_some_and(|node| node.body.waits() == Waits::Answer);
        if circle.iter().any(asks) {
            let found = about_circle(Problem::EndlessQuestions, flow, &circle);
            found.into_iter().for_each(|diagnostic| room.report(diagnostic));
        }
    }
}

/// Nodes from which no path ends. A question also leads where the flow's defaults and commands do.
fn no_way_out(flow: &Flow, room: &mut Room<'_>, reached: &BTreeSet<NodeIndex>, circular: &BTreeSet<NodeIndex>) {
    let mut backward = flow.graph.map(|_, _| (), |_, _| ());
    let shared = flow.settings.exits.iter().filter(|exit| {
        let port = &exit.port;
        matches!(port, Port::DefaultInvalid | Port::DefaultTimeout | Port::SessionTimeout | Port::Command(_))
    });
    for exit in shared {
        for (at, node) in flow.nodes.iter().enumerate().filter(|(_, node)| node.body.waits() == Waits::Answer) {
            let own = (exit.port == Port::DefaultInvalid && node.exit(&Port::Invalid).is_some())
                || (exit.port == Port::DefaultTimeout && node.exit(&Port::Timeout).is_some());
            if let (Some(to), false) = (exit.to, own) {
                backward.add_edge(vertex(at), vertex(to), ());
            }
        }
    }
    let ends = |node: &Node| {
        let menu_ends = node.body.as_menu().is_some_and(|menu| menu.needs_next()) && node.exit(&Port::Next).is_none();
        node.body.is_terminal() || menu_ends || node.exits.iter().any(|exit| exit.to.is_none())
    };
    let mut ending = BTreeSet::new();
    let mut open: Vec<NodeIndex> =
        flow.nodes.iter().enumerate().filter(|(_, node)| ends(node)).map(|(at, _)| vertex(at)).collect();
    while let Some(at) = open.pop() {
        if ending.insert(at) {
            open.extend(backward.edges_directed(at, Direction::Incoming).map(|edge| edge.source()));
        }
    }
    for (at, node) in flow.nodes.iter().enumerate() {
        let at = vertex(at);
        if reached.contains(&at) && !ending.contains(&at) && !circular.contains(&at) {
            room.report(at_node(Problem::NoWayOut, node).with("id", &*node.id));
        }
    }
}

/// The longest run of messages without an answer, where there are no circles that make it endless.
fn messages_in_a_row(flow: &Flow, room: &mut Room<'_>, circular: &BTreeSet<NodeIndex>) {
    if !circular.is_empty() {
        return;
    }
    let graph = without(
        flow,
        |_| false,
        |node, port| {
            node.body.waits() == Waits::Answer
                || *port == Port::OnError
                || (*port == Port::Target && node.body.has_own_limit())
        },
    );
    // Every path is walked once, from its end: what remains is free of circles.
    let Ok(order) = petgraph::algo::toposort(&graph, None) else { return };
    let mut most: std::collections::BTreeMap<NodeIndex, u32> = std::collections::BTreeMap::new();
    let mut worst: Option<(u32, &Node)> = None;
    for at in order.into_iter().rev() {
        let Some(node) = node_at(flow, at) else { continue };
        let behind = graph.neighbors(at).filter_map(|to| most.get(&to).copied()).max().unwrap_or(0);
        let total = behind.saturating_add(node.body.messages());
        most.insert(at, total);
        if worst.is_none_or(|(found, _)| total > found) {
            worst = Some((total, node));
        }
    }
    if let Some((found, node)) = worst.filter(|(found, _)| *found > MESSAGES_IN_A_ROW) {
        room.report(at_node(Problem::ManyMessages, node).with("id", &*node.id).with("found", found.to_string()));
    }
}
