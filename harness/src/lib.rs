//! dedup-harness: compares deduplication strategies on pings whose truth is known.
//!
//! Data flows one way: scenario, stream, pipeline, strategy, truth, record, and from there to tables.

pub mod cmd;
pub mod compare;
pub mod exit;
pub mod filter;
pub mod machine;
pub mod progress;
pub mod record;
pub mod render;
pub mod stats;
pub mod stream;
