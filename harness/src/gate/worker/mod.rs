//! One side of a pair, in a process of its own.
//!
//! The gate drives the old program and the new one over a small protocol of JSON lines ([`protocol`]), so that a
//! program built last month is measured by this month's gate. Everything that is reckoned is reckoned by the gate;
//! a worker only judges pings and says how long that took.

mod client;
mod drag;
pub mod protocol;
mod serve;

pub use client::{Prepared, Program, Side, Worker, WorkerError, is_program};
pub use protocol::SUB_COMMAND;
pub use serve::run as run_worker;
