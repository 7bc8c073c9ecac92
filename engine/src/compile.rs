//! From a document's text to a flow, and everything that is wrong with it.
//!
//! Read with places → read nodes, texts and expressions → resolve targets → build the graph → check the whole.
//! A flow comes out whenever the document can be understood, also with errors: a draft can be tried. Only a flow
//! without errors may be published ([`Compiled::is_publishable`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::check::problems::Problem;
use crate::check::{channel, graph, references, translations};
use crate::diagnostic::{Diagnostic, Range, Related};
use crate::flow::{Exit, Flow, Node, Port, Target};
use crate::json::{self, Data, Span, Tree};
use crate::limits;
use crate::node::{Body, NodeKind};
use crate::reader::{Object, Room, locate, wrong_type, wrong_value};
use crate::settings::{self, Variable};
use crate::world::Names;

/// What compiling came to.
#[derive(Debug)]
pub struct Compiled {
    /// The flow, if the document can be understood.
    pub flow: Option<Flow>,
    /// Everything that was found, in the order of the document.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// Whether the flow may be published: it is there, and nothing is an error.
    #[must_use]
    pub fn is_publishable(&self) -> bool {
        self.flow.is_some() && !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles a document. Without a catalogue, references to what is outside of it are not checked.
///
/// ```
/// let compiled = hilo_engine::compile(r#"{ "id": "f", "name": "F", "nodes": [
///     { "id": "hola", "type": "message", "content": "Hola {{contact_nam}}", "next": "fin" } ] }"#, None);
/// let codes: Vec<_> = compiled.diagnostics.iter().map(|d| (d.code, d.path.as_str())).collect();
/// assert_eq!(codes, [("FL311", "/nodes/0/content"), ("FL101", "/nodes/0/next")]);
/// assert_eq!(compiled.diagnostics[0].help.as_deref(), Some("¿Querías decir «contact_name»?"));
/// ```
#[must_use]
pub fn compile(text: &str, catalog: Option<&Catalog>) -> Compiled {
    let refuse = |diagnostic: Diagnostic| Compiled { flow: None, diagnostics: vec![diagnostic] };
    if text.len() > limits::DOCUMENT_BYTES {
        return refuse(too_large("document", text.len(), limits::DOCUMENT_BYTES));
    }
    let tree = match json::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            let mut diagnostic = Diagnostic::new(Problem::NotJson, "").with("what", error.what);
            diagnostic.range = Some(range(text, Span { start: error.at, end: error.at + 1 }));
            diagnostic.speak(crate::diagnostic::Voice::Spanish);
            return refuse(diagnostic);
        }
    };
    let names = Names { variables: collect_names(&tree) };
    let mut room = Room {
        names: &names,
        catalog,
        findings: Vec::new(),
        broken: false,
        locals: &[],
        read: BTreeSet::new(),
        exits: Vec::new(),
        node: "".into(),
        translations: Vec::new(),
        translated: BTreeSet::new(),
    };
    let draft = Draft::read(&tree, &mut room);
    let mut flow = draft.and_then(|draft| draft.build(&tree, &mut room));
    let Room { mut findings, broken, .. } = room;
    flow = flow.filter(|_| !broken);
    if let Some(flow) = &mut flow {
        flow.names = names;
    }
    place(&mut findings, text, &tree);
    Compiled { flow, diagnostics: findings }
}

/// What was read, before it is put together.
struct Draft {
    id: Arc<str>,
    name: String,
    campaign_id: Option<Arc<str>>,
    language: String,
    start: Target,
    settings: settings::Settings,
    triggers: Vec<settings::Trigger>,
    variables: Vec<Variable>,
    nodes: Vec<Node>,
    /// Ids of nodes that are there but could not be read: what leads to them is not wrong.
    unread: BTreeSet<Arc<str>>,
    /// Whether every node was read, so that the whole can be looked at.
    complete: bool,
}

impl Draft {
    fn read<'d>(tree: &'d Tree, room: &mut Room<'d>) -> Option<Self> {
        let mut object = Object::open(tree, String::new(), room)?;
        if let Some(version) = object.number(room, "schemaVersion")
            && version != 1.0
        {
            let diagnostic = Diagnostic::new(Problem::UnknownVersion, "/schemaVersion");
            room.refuse(diagnostic.with("found", version.to_string()));
        }
        object.missing(room, "id");
        let id = object.id(room, "id").unwrap_or_else(|| "".into());
        let name = object.required_string(room, "name", 120).unwrap_or_default().to_owned();
        let campaign_id = object.id(room, "campaignId");
        let _ = object.string(room, "description", 2_000);
        let language = object.string(room, "language", 16).unwrap_or("es").to_owned();
        let start = object.target(room, "start");
        if let Some(languages) = object.get("translations") {
            if matches!(languages.data, Data::Object(_)) {
                room.translations = languages.members().iter().map(|m| (m.key.clone(), &m.value)).collect();
            } else {
                room.refuse(wrong_type("/translations", "object", languages));
            }
        }
        for (key, range) in [("ui", None), ("tests", Some(0..=100))] {
            match (object.get(key), range) {
                (Some(ui), None) if ui.span.end - ui.span.start > limits::UI_BYTES => {
                    room.refuse(Diagnostic {
                        path: "/ui".to_owned(),
                        ..too_large("ui", ui.span.end - ui.span.start, limits::UI_BYTES)
                    });
                }
                (Some(_), Some(range)) => {
                    let _ = object.list(room, key, range);
                }
                (Some(_) | None, _) => {}
            }
        }
        let settings = settings::read(&mut object, room);
        let triggers = settings::triggers(&mut object, room);
        let variables = settings::variables(&mut object, room);
        object.missing(room, "nodes");
        let list = object.list(room, "nodes", 1..=usize::MAX);
        if list.len() > limits::NODES {
            room.refuse(Diagnostic { path: "/nodes".to_owned(), ..too_large("nodes", list.len(), limits::NODES) });
        }
        let mut nodes = Vec::with_capacity(list.len().min(limits::NODES));
        let mut unread = BTreeSet::new();
        let mut complete = (1..=limits::NODES).contains(&list.len());
        for (tree, path) in list.into_iter().take(limits::NODES) {
            match node(tree, path, room) {
                Some(node) => nodes.push(node),
                None => {
                    complete = false;
                    unread.extend(tree.get("id").and_then(Tree::as_str).map(Arc::from));
                }
            }
        }
        room.node = "".into();
        object.finish(room);
        Some(Self { id, name, campaign_id, language, start, settings, triggers, variables, nodes, unread, complete })
    }

    /// Resolves targets, builds the graph, and checks the whole.
    fn build(self, tree: &Tree, room: &mut Room<'_>) -> Option<Flow> {
        let Self {
            id,
            name,
            campaign_id,
            language,
            start,
            mut settings,
            mut triggers,
            variables,
            mut nodes,
            unread,
            complete,
        } = self;
        let mut index: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if let Some(first) = index.get(&node.id) {
                let mut diagnostic =
                    Diagnostic::new(Problem::DuplicateNode, format!("{}/id", node.path)).in_node(&node.id);
                let first = nodes.get(*first).map(|n| n.path.clone()).unwrap_or_default();
                diagnostic.related.push(Related { node_id: node.id.to_string(), path: first });
                room.refuse(diagnostic.with("id", &*node.id));
                continue;
            }
            index.insert(node.id.clone(), at);
        }
        let edges: usize = nodes.iter().map(|node| node.exits.len()).sum();
        if edges > limits::EDGES {
            room.refuse(too_large("edges", edges, limits::EDGES));
        }
        for node in &mut nodes {
            node.exits.iter_mut().for_each(|exit| exit.to = resolve(exit, &index));
        }
        settings.exits.iter_mut().for_each(|exit| exit.to = resolve(exit, &index));
        for exit in triggers.iter_mut().filter_map(|trigger| trigger.start.as_mut()) {
            exit.to = resolve(exit, &index);
        }
        let start_exit = Exit::new(Port::Start, start, "/start".to_owned());
        let start = match &start_exit.target {
            Target::Node(id) => index.get(id).copied(),
            Target::Open | Target::Ends => Some(0),
        };
        let personal = personal(&variables, &nodes);
        let hash = Sha256::digest(tree.canonical("ui").as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let visits_size = nodes.iter().map(|node| node.id.len() + 8).sum();
        let mut flow = Flow {
            visits_size,
            id,
            name,
            campaign_id,
            version: 0,
            hash: hash.into(),
            language,
            start: start.unwrap_or(0),
            settings,
            triggers,
            variables,
            names: Names::default(),
            personal,
            nodes,
            index,
            graph: crate::flow::Graph::default(),
        };
        flow.graph = graph::build(&flow);
        references::check(&flow, &start_exit, &unread, complete, room);
        if complete {
            graph::check(&flow, room);
        }
        channel::check(&flow, room);
        translations::check(tree, room);
        (!flow.nodes.is_empty()).then_some(flow)
    }
}

/// Reads one node.
fn node(tree: &Tree, path: String, room: &mut Room<'_>) -> Option<Node> {
    room.node = tree.get("id").and_then(Tree::as_str).unwrap_or_default().into();
    let before = room.findings.len();
    let mut object = Object::open(tree, path, room)?;
    object.missing(room, "id");
    object.missing(room, "type");
    let id = object.id(room, "id");
    let word = object.string(room, "type", usize::MAX);
    let kind = word.and_then(NodeKind::read);
    if let (Some(word), None) = (word, kind) {
        room.refuse(wrong_value(&object.at("type"), word, NodeKind::ALL.iter().map(|kind| kind.as_str())));
    }
    let title = object.string(room, "title", 120).map(str::to_owned);
    let _ = object.string(room, "comment", 2_000);
    let path = object.path.clone();
    let mut read = None;
    if let Some(kind) = kind {
        let body = Body::read(kind, &mut object, room);
        object.exit_if(room, "onError", Port::OnError);
        object.finish(room);
        read = Some(body);
    }
    let exits = std::mem::take(&mut room.exits);
    for diagnostic in room.findings.iter_mut().skip(before) {
        diagnostic.node_id = Some(room.node.to_string());
    }
    // Two nodes without an id must not look like two nodes with the same one.
    Some(Node { id: id?, title, path, exits, body: read? })
}

fn resolve(exit: &Exit, index: &BTreeMap<Arc<str>, usize>) -> Option<usize> {
    if let Target::Node(id) = &exit.target { index.get(id).copied() } else { None }
}

fn personal(variables: &[Variable], nodes: &[Node]) -> BTreeSet<String> {
    let mut personal: BTreeSet<String> = variables.iter().filter(|v| v.pii).map(|v| v.name.clone()).collect();
    personal.extend(nodes.iter().filter_map(|node| node.body.personal()).map(str::to_owned));
    // What is made of a personal value is personal too.
    let made: Vec<(&str, &[String])> = nodes.iter().flat_map(|node| node.body.made()).collect();
    loop {
        let more =
            made.iter().find(|(name, from)| !personal.contains(*name) && from.iter().any(|n| personal.contains(n)));
        match more {
            Some((name, _)) => personal.insert((*name).to_owned()),
            None => return personal,
        };
    }
}

/// Every variable that a document declares or assigns, before anything else is read.
fn collect_names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |tree: Option<&Tree>| names.extend(tree.and_then(Tree::as_str).map(str::to_owned));
    for variable in tree.get("variables").map(Tree::items).unwrap_or_default() {
        add(variable.get("name"));
    }
    for node in tree.get("nodes").map(Tree::items).unwrap_or_default() {
        ["saveAs", "variable", "commentVariable"].iter().for_each(|key| add(node.get(key)));
        for key in ["assignments", "map"] {
            node.get(key).map(Tree::items).unwrap_or_default().iter().for_each(|one| add(one.get("name")));
        }
        node.get("outputs").map(Tree::members).unwrap_or_default().iter().for_each(|m| add(Some(&m.value)));
    }
    names.retain(|name| settings::is_variable(name));
    names
}

fn too_large(what: &str, found: usize, allowed: usize) -> Diagnostic {
    let diagnostic = Diagnostic::new(Problem::TooLarge, "").with("what", what);
    diagnostic.with("found", found.to_string()).with("allowed", allowed.to_string())
}

/// Gives every finding its place in the text and its sentence, in the order of the document.
fn place(findings: &mut Vec<Diagnostic>, text: &str, tree: &Tree) {
    let lines = Lines::new(text);
    let mut order: Vec<(usize, usize, Diagnostic)> = Vec::with_capacity(findings.len());
    for (n, mut diagnostic) in findings.drain(..).enumerate() {
        let key = matches!(diagnostic.problem, Problem::UnknownKey | Problem::RepeatedKey);
        let mut pointer = diagnostic.path.as_str();
        let mut span = locate(tree, pointer, key);
        // What is missing stands where it would stand: in the nearest thing around it.
        while span.is_none() && !pointer.is_empty() {
            pointer = pointer.rfind('/').and_then(|at| pointer.get(..at)).unwrap_or_default();
            span = locate(tree, pointer, false);
        }
        let span = span.unwrap_or(tree.span);
        diagnostic.range = Some(lines.range(text, span));
        diagnostic.speak(crate::diagnostic::Voice::Spanish);
        order.push((span.start, n, diagnostic));
    }
    order.sort_by_key(|(start, n, _)| (*start, *n));
    findings.extend(order.into_iter().map(|(_, _, diagnostic)| diagnostic));
}

fn range(text: &str, span: Span) -> Range {
    Lines::new(text).range(text, span)
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn range(&self, text: &str, span: Span) -> Range {
        let line = self.0.partition_point(|start| *start <= span.start);
        let start = self.0.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = text.get(start..span.start).map_or(1, |before| before.chars().count() + 1);
        let length = text.get(span.start..span.end).map_or(1, |found| found.chars().count());
        Range { line: line.max(1), column, length }
    }
}

#[cfg(test)]
mod tests;
