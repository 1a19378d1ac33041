//! Pings with known truth: generated from a scenario, or read from a trace.

mod event;

pub use event::{CauseId, Event, Id, InvalidId, Origin, Source, SourceError};
