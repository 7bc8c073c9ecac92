#![doc = include_str!("../README.md")]

mod clock;
mod config;
mod connection;
mod content;
mod courier;
mod error;
mod faults;
mod graph;
mod id;
mod journal;
mod limiter;
mod page;
mod receipts;
mod record;
mod sim;
mod simulator;
mod state;
mod view;
mod webhook;
mod world;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Config, CustomerConfig, Limits, NumberConfig, Receipts, Throughput, Webhooks};
pub use error::Error;
pub use simulator::{Simulator, run};
