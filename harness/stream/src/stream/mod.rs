//! Pings with known truth: generated from a scenario, or read from a trace.

mod ahead;
mod bad_id;
mod cause;
mod clock;
mod event;
mod generate;
mod key_share;
mod keys;
mod ndjson;
mod pending;
mod pick;
mod random;
mod thin;

#[cfg(test)]
mod tests;

pub use ahead::Ahead;
pub use event::{CauseId, Event, Id, InvalidId, Origin, Source, SourceError, Spelling};
pub use generate::Stream;
pub use key_share::KeyShare;
pub(crate) use key_share::OfShare;
pub use keys::KeyCipher;
pub use ndjson::{NdjsonError, write_ndjson};
