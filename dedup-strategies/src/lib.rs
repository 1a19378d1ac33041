#![doc = include_str!("../README.md")]
//!
//! # The contract
//!
//! A strategy is built from a [`Definition`] with [`Settings`] and a [`Context`], hands out one [`Worker`] for each
//! pipeline worker, and declares a [`Promise`] that a harness can judge it by. Time is always an argument: nothing
//! here reads a clock.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
#[cfg(all(test, feature = "durable", feature = "lru"))]
mod interleavings;
#[cfg(feature = "protocol")]
pub mod protocol;
#[cfg(feature = "redis")]
pub mod redis;
pub mod strategies;
pub mod structures;
mod sync;
#[cfg(test)]
mod testing;

pub use contract::{
    Address, Batching, Bound, Build, BuildError, Context, Definition, DeliveryId, Estimate, Eviction,
    Footprint, Forgets, Hears, HeldPings, Kept, Listens, Memory, Needs, Operation, Outcome, Ping, PingKey,
    Promise, Prospect, RedisEndpoint, Resets, Role, Routing, Server, SettingDef, SettingDefault,
    SettingError, SettingKind, Settings, Settled, Sizing, Strategy, Timestamp, Unavailable, UnderFaults,
    Verdict, WhileAway, Window, Worker, definition, driver, judge_each, promise, settings, time, worker_of,
};
pub use strategies::STRATEGIES;
pub use structures::{hardware, hash, shards, theory, window_set};
