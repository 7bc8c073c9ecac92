//! A compiled flow: immutable, shared, the same for every run of its version.
//!
//! Nodes carry their exits; the graph (petgraph) carries the same edges for analyses and drawings, under a virtual
//! root that leads to every place where a run can enter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::EdgeRef;

use crate::node::{Body, NodeKind, Waits};
use crate::settings::{Settings, Trigger, Variable};
use crate::world::Names;

/// A compiled flow. `Send + Sync`: one `Arc<Flow>` serves every conversation.
#[derive(Debug)]
pub struct Flow {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) campaign_id: Option<Arc<str>>,
    pub(crate) version: u32,
    pub(crate) hash: Arc<str>,
    pub(crate) language: String,
    pub(crate) start: usize,
    pub(crate) settings: Settings,
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) names: Names,
    /// Variables whose values must not be shown.
    pub(crate) personal: BTreeSet<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) index: BTreeMap<Arc<str>, usize>,
    pub(crate) graph: Graph,
    /// Bytes that counting every node's visits takes in a state.
    pub(crate) visits_size: usize,
}

/// The flow as a graph.
pub type Graph = StableDiGraph<Vertex, Edge>;

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vertex {
    /// Where runs come from.
    Root,
    /// A node of the flow.
    Node {
        /// Its id.
        id: Arc<str>,
        /// Its kind.
        kind: NodeKind,
        /// What it waits for.
        waits: Waits,
        /// Whether the run ends there.
        terminal: bool,
    },
}

/// An edge of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The exit that it leaves by.
    pub port: Port,
    /// JSON Pointer to where it is written.
    pub path: String,
}

/// A node of the flow.
#[derive(Debug)]
pub struct Node {
    pub(crate) id: Arc<str>,
    pub(crate) title: Option<String>,
    pub(crate) path: String,
    pub(crate) exits: Vec<Exit>,
    pub(crate) body: Body,
}

/// A way out of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its name.
    pub port: Port,
    /// Where it leads.
    pub target: Target,
    /// JSON Pointer to where it is written, or would be.
    pub path: String,
    /// The target's place among the nodes; none if it ends there or leads nowhere.
    pub(crate) to: Option<usize>,
}

/// Where an exit leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It is not connected: the run ends there.
    Open,
    /// It says that the run ends there.
    Ends,
    /// To a node.
    Node(Arc<str>),
}

/// The name of an exit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// The usual way on.
    Next,
    /// A fault.
    OnError,
    /// Too many wrong answers.
    Invalid,
    /// Silence.
    Timeout,
    /// A menu without options.
    Empty,
    /// An option, by its value.
    Option(Arc<str>),
    /// An option built from a list.
    Built,
    /// A case, by its place.
    Case(usize),
    /// No case.
    Else,
    /// Where a `go_to` leads.
    Target,
    /// A `go_to` that was passed too often.
    Exhausted,
    /// A message that cut a delay short.
    Interrupted,
    /// A queue that does not take the chat.
    Unavailable,
    /// From the root: where runs start.
    Start,
    /// From the root: a trigger's own start, by its place.
    Trigger(usize),
    /// From the root: a command, by its place.
    Command(usize),
    /// From the root: the flow's `onError`.
    FlowError,
    /// From the root: the flow's default for wrong answers.
    DefaultInvalid,
    /// From the root: the flow's default for silence.
    DefaultTimeout,
    /// From the root: inactivity.
    SessionTimeout,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Option(value) => return write!(f, "option:{value}"),
            Self::Case(i) => return write!(f, "case:{i}"),
            Self::Trigger(i) => return write!(f, "trigger:{i}"),
            Self::Command(i) => return write!(f, "command:{i}"),
            Self::Next => "next",
            Self::OnError => "onError",
            Self::Invalid => "invalid",
            Self::Timeout => "timeout",
            Self::Empty => "empty",
            Self::Built => "optionsFrom",
            Self::Else => "else",
            Self::Target => "target",
            Self::Exhausted => "exhausted",
            Self::Interrupted => "interrupted",
            Self::Unavailable => "unavailable",
            Self::Start => "start",
            Self::FlowError => "settings.onError",
            Self::DefaultInvalid => "settings.defaults.invalid",
            Self::DefaultTimeout => "settings.defaults.timeout",
            Self::SessionTimeout => "settings.sessionTimeout",
        };
        f.write_str(word)
    }
}

impl Exit {
    pub(crate) fn new(port: Port, target: Target, path: String) -> Self {
        Self { port, target, path, to: None }
    }
}

impl Node {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        self.body.kind()
    }

    /// What the canvas shows.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.id)
    }

    /// Its ways out.
    #[must_use]
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    pub(crate) fn exit(&self, port: &Port) -> Option<&Exit> {
        self.exits.iter().find(|exit| exit.port == *port)
    }
}

impl Flow {
    /// Its key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The campaign that owns it.
    #[must_use]
    pub fn campaign_id(&self) -> Option<&str> {
        self.campaign_id.as_deref()
    }

    /// Its published version; 0 is a draft.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The same flow as a published version.
    #[must_use]
    pub fn published_as(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// SHA-256 of its canonical document (RFC 8785, without `ui`), in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Language of its texts.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Its nodes, in the document's order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node by its id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.index.get(id).and_then(|at| self.nodes.get(*at))
    }

    /// When it starts.
    #[must_use]
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// The flow as a graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Places from which a node can be reached directly, with the exit that leads to it.
    pub fn entries(&self, id: &str) -> impl Iterator<Item = (&Vertex, &Edge)> {
        let at = self.index.get(id).map(|at| vertex(*at));
        at.into_iter()
            .flat_map(|at| self.graph.edges_directed(at, Direction::Incoming))
            .filter_map(|edge| Some((self.graph.node_weight(edge.source())?, edge.weight())))
    }

    /// The node at which runs start. A flow always has one: `compile` gives none without nodes.
    pub(crate) fn first(&self) -> &Node {
        self.nodes.get(self.start).or(self.nodes.first()).unwrap_or(&NOWHERE)
    }

    pub(crate) fn start_id(&self) -> Arc<str> {
        self.first().id.clone()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether a variable's value must not be shown.
    pub(crate) fn is_personal(&self, variable: &str) -> bool {
        self.personal.contains(variable)
    }
}

/// Stands in for the first node of a flow without nodes, which cannot be made: so nothing here can panic.
static NOWHERE: LazyLock<Node> = LazyLock::new(|| Node {
    id: "".into(),
    title: None,
    path: String::new(),
    exits: Vec::new(),
    body: Body::nothing(),
});

/// The graph's place of the node at a place of the list; the root stands before all of them.
pub(crate) fn vertex(at: usize) -> NodeIndex {
    NodeIndex::new(at + 1)
}

/// The graph's root.
pub(crate) fn root() -> NodeIndex {
    NodeIndex::new(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Flow>();
    }
}
