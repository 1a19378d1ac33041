//! dedup-harness: compares deduplication strategies on pings whose truth is known.
//!
//! Data flows one way: scenario, stream, pipeline, strategy, truth, record, and from there to tables.

pub mod record;
pub mod scenario;
pub mod stream;
