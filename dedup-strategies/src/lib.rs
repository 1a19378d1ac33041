//! Deduplication strategies for at-least-once event pipelines, behind one contract.
//!
//! A strategy is built from a [`Definition`] with [`Settings`] and a [`Context`], hands out one [`Worker`] for each
//! pipeline worker, and declares a [`Promise`] that a harness can judge it by. Time is always an argument: nothing
//! here reads a clock.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
pub mod redis;
pub mod strategies;
pub mod structures;
#[cfg(test)]
mod testing;

pub use contract::{definition, promise, settings, time};
pub use structures::{hardware, hash, shards, theory, window_set};

pub use contract::definition::{Build, BuildError, Context, Definition, Needs, RedisEndpoint, Role, Sizing};
pub use contract::promise::{Bound, Memory, Promise, UnderFaults, Window};
pub use contract::settings::{SettingDef, SettingError, Settings};
pub use contract::time::Timestamp;
pub use contract::{
    DeliveryId, Footprint, HeldPings, Outcome, Ping, PingKey, Routing, Settled, Strategy, Unavailable,
    Verdict, Worker, worker_of,
};

pub use strategies::STRATEGIES;
