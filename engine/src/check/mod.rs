//! What can be wrong with a flow that can be read: one kind of finding, one file.
//!
//! Findings about the shape of the document are made where it is read (`reader.rs`, `node/*`), those about one text
//! or expression where it is compiled. What needs the whole flow is here, each a function from the flow to
//! diagnostics. To add one: a line in `problems.rs`, a function here, a test in its file.

pub(crate) mod channel;
pub(crate) mod graph;
pub(crate) mod problems;
pub(crate) mod references;
pub(crate) mod translations;
