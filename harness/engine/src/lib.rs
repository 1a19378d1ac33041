//! What runs and measures: the pipeline with its faults, servers and nightly job, the passes over it, and the cells
//! that these run in.
//!
//! Data flows one way: scenario, stream, pipeline, strategy, truth, record. Nothing here knows the command line, a gate
//! or a page.

pub mod alloc;
pub mod answer;
mod bits;
pub mod cell;
pub mod environment;
pub mod faults;
pub mod nightly;
pub mod pacing;
pub mod passes;
pub mod pipeline;
pub mod predict;
pub mod process;
pub mod progress;
pub mod select;
pub mod servers;
pub mod suite;
pub mod wait;

/// What is recorded, and runs beside each other.
pub use dedup_records::{compare, filter, printable, record, stats, units};
/// The contract and the strategies that come with the harness.
pub use dedup_strategies as strategies;
