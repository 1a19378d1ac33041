//! Deduplication strategies for at-least-once event pipelines, behind one contract.
//!
//! A strategy is built from a [`Definition`] with [`Settings`] and a [`Context`], hands out one [`Worker`] for each
//! pipeline worker, and declares a [`Promise`] that a harness can judge it by. Time is always an argument: nothing
//! here reads a clock.

mod by_key;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
pub mod definition;
pub mod hardware;
pub mod hash;
pub mod promise;
pub mod settings;
pub mod shards;
pub mod theory;
pub mod time;

pub mod apbf;
pub mod bera;
pub mod bloom;
pub mod bloom_rotating;
pub mod bloom_verified;
pub mod compact;
pub mod cuckoo;
pub mod durable;
pub mod exact;
pub mod exact_compact;
mod filter;
pub mod fingerprint_64;
mod forgetful;
pub mod lru;
pub mod lru_exact;
pub mod lru_tinylfu;
mod marks;
pub mod noop;
pub mod pubsubio;
pub mod redis;
pub mod split_block;
pub mod stable_bloom;
pub mod tiered;
pub mod window_batch;

pub use contract::{
    DeliveryId, Footprint, HeldPings, Outcome, Ping, PingKey, Routing, Settled, Strategy, Unavailable,
    Verdict, Worker, worker_of,
};
pub use definition::{Build, BuildError, Context, Definition, Needs, RedisEndpoint, Role, Sizing};
pub use promise::{Bound, Memory, Promise, UnderFaults, Window};
pub use settings::{SettingDef, SettingError, Settings};
pub use time::Timestamp;

/// Every strategy, one line each, in the order in which tables show them.
pub const STRATEGIES: &[Definition] = &[
    noop::DEFINITION,
    exact::DEFINITION,
    exact_compact::DEFINITION,
    fingerprint_64::DEFINITION,
    lru::DEFINITION,
    lru_exact::DEFINITION,
    lru_tinylfu::DEFINITION,
    bloom::DEFINITION,
    bloom_rotating::DEFINITION,
    split_block::DEFINITION,
    apbf::DEFINITION,
    apbf::BY_TIME,
    stable_bloom::DEFINITION,
    bera::BSBF,
    bera::RLBSBF,
    cuckoo::DEFINITION,
    bloom_verified::DEFINITION,
    durable::DEFINITION,
    window_batch::DEFINITION,
    pubsubio::service::DEFINITION,
    pubsubio::direct::DEFINITION,
    pubsubio::flink::DEFINITION,
    pubsubio::deduplicate::DEFINITION,
    redis::mozilla::DEFINITION,
    redis::claim::DEFINITION,
    redis::lease::DEFINITION,
    tiered::DEFINITION,
];
