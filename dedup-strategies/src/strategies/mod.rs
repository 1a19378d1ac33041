//! One file for each line of the list of strategies.

mod common;

pub mod apbf;
pub mod beam_deduplicate;
pub mod bloom;
pub mod bloom_rotating;
pub mod bloom_verified;
pub mod bsbf;
pub mod cuckoo;
pub mod durable;
pub mod exact;
pub mod exact_compact;
pub mod fingerprint_64;
pub mod lru;
pub mod lru_exact;
pub mod lru_tinylfu;
pub mod noop;
pub mod pubsubio;
pub mod pubsubio_direct;
pub mod pubsubio_flink;
pub mod rlbsbf;
pub mod split_block;
pub mod stable_bloom;
pub mod window_batch;

pub use common::biased_sampling;

use crate::contract::Definition;
use crate::redis;

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
    bsbf::DEFINITION,
    rlbsbf::DEFINITION,
    cuckoo::DEFINITION,
    bloom_verified::DEFINITION,
    durable::DEFINITION,
    window_batch::DEFINITION,
    pubsubio::DEFINITION,
    pubsubio_direct::DEFINITION,
    pubsubio_flink::DEFINITION,
    beam_deduplicate::DEFINITION,
    redis::mozilla::DEFINITION,
    redis::claim::DEFINITION,
    redis::lease::DEFINITION,
    redis::tiered::DEFINITION,
];
