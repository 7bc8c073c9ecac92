//! The flow language of Hilo: document → diagnostics → graph → step. Pure.
//!
//! [`compile`] reads a document and gives a [`Flow`] with everything that is wrong with it; [`step`] takes one input
//! and gives the next [`State`], the [`Effect`]s that are to happen, and a [`Trace`] of what was done and why:
//!
//! ```
//! use hilo_engine::{Act, Input, Message, State, TurnContext, compile, step};
//!
//! let flow = compile(r#"{ "id": "f", "name": "F", "nodes": [
//!     { "id": "nombre", "type": "input", "content": "¿Cómo te llamas?", "variable": "nombre", "next": "hola" },
//!     { "id": "hola", "type": "close", "message": "¡Hola, {{nombre}}!" } ] }"#, None).flow.unwrap();
//! let context = TurnContext::at("2026-11-24T14:00:00Z".parse().unwrap());
//! let said = |effects: &[hilo_engine::Effect]| effects.iter().find_map(|effect| match &effect.act {
//!     Act::Send(send) => Some(send.body.clone()),
//!     _ => None,
//! });
//!
//! let start = Input::Start { trigger: "any_message".into(), message: None, consume: false, vars: Default::default(), at: None };
//! let (state, effects, _) = step(&flow, State::new("run-1", &flow, context.now), start, &context);
//! assert_eq!(said(&effects).as_deref(), Some("¿Cómo te llamas?"));
//!
//! let (state, effects, _) = step(&flow, state, Input::Message(Message::text("m1", "Ana", context.now)), &context);
//! assert_eq!(said(&effects).as_deref(), Some("¡Hola, Ana!"));
//! assert_eq!(state.outcome.as_deref(), Some("closed"));
//! ```
//!
//! The engine reads no clock, draws nothing at random, does no I/O and cannot panic. It must not know who calls it:
//! no SQL, no HTTP, no Temporal, no WhatsApp. What it is to know stands in the [`TurnContext`]; what it wants done
//! goes out as an effect.
//!
//! To add a kind of node, see `node/mod.rs`; a finding, `check/mod.rs`; a function of expressions,
//! `expression/functions/mod.rs`; a helper of texts, `template/helpers.rs`. [`talk`] plays conversations written as
//! text, which is how flows are tested.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::todo,
    clippy::wildcard_enum_match_arm
)]

mod answer;
mod calendar;
mod catalog;
mod check;
mod compile;
mod context;
mod diagnostic;
mod effect;
mod expression;
mod fault;
mod flow;
mod format;
mod input;
mod json;
pub mod limits;
mod node;
mod pattern;
mod phone;
mod reader;
mod room;
mod session;
mod settings;
mod step;
pub mod talk;
mod template;
mod trace;
mod trigger;
mod turn;
mod voice;
mod words;
mod world;

pub use calendar::{Calendar, Day, Hours, Open};
pub use catalog::Catalog;
pub use check::problems::Problem;
pub use compile::{Compiled, compile};
pub use context::{Campaign, Channel, Chat, Company, Contact, Mode, TurnContext};
pub use diagnostic::{Diagnostic, Fix, Range, Related, Severity, Voice};
pub use effect::{
    Act, Choice, Effect, Key, Level, Link, OnEnd, OutboundMedia, OutboundTemplate, Presentation, Priority, Send, Track,
    Transfer,
};
pub use fault::{Fault, FaultCode};
pub use flow::{Edge, Exit, Flow, Graph, Node, Port, Target, Vertex};
pub use input::{Input, Location, Media, Message, MessageKind, Payload};
pub use limits::Limits;
pub use node::{NodeKind, Waits};
pub use session::{Counters, Frame, Interrupted, Offered, Run, State, Status, Timer, Wait, WaitKind};
pub use settings::{Trigger, TriggerKind};
pub use step::step;
pub use trace::{Event, HIDDEN, Trace};
pub use trigger::{Chosen, Occasion, choose};
