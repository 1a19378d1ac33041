//! One file for each line of the list of strategies.

mod common;

pub mod apbf;
pub mod apbf_time;
pub mod beam_deduplicate;
#[cfg(feature = "bloomfilter")]
pub mod bloom;
#[cfg(feature = "bloomfilter")]
pub mod bloom_rotating;
#[cfg(feature = "durable")]
pub mod bloom_verified;
pub mod bsbf;
pub mod cuckoo;
#[cfg(feature = "durable")]
pub mod durable;
pub mod exact;
pub mod exact_compact;
pub mod fingerprint_64;
#[cfg(feature = "moka")]
pub mod lru;
#[cfg(feature = "lru")]
pub mod lru_exact;
#[cfg(feature = "moka")]
pub mod lru_tinylfu;
pub mod noop;
pub mod pubsubio;
#[cfg(feature = "lru")]
pub mod pubsubio_direct;
pub mod pubsubio_flink;
pub mod rlbsbf;
pub mod split_block;
pub mod stable_bloom;
pub mod window_batch;

use crate::contract::Definition;
#[cfg(feature = "redis")]
use crate::redis;

/// Every strategy, one line each, in the order in which tables show them; without those whose library was left out.
pub const STRATEGIES: &[Definition] = &[
    noop::DEFINITION,
    exact::DEFINITION,
    exact_compact::DEFINITION,
    fingerprint_64::DEFINITION,
    #[cfg(feature = "moka")]
    lru::DEFINITION,
    #[cfg(feature = "lru")]
    lru_exact::DEFINITION,
    #[cfg(feature = "moka")]
    lru_tinylfu::DEFINITION,
    #[cfg(feature = "bloomfilter")]
    bloom::DEFINITION,
    #[cfg(feature = "bloomfilter")]
    bloom_rotating::DEFINITION,
    split_block::DEFINITION,
    apbf::DEFINITION,
    apbf_time::DEFINITION,
    stable_bloom::DEFINITION,
    bsbf::DEFINITION,
    rlbsbf::DEFINITION,
    cuckoo::DEFINITION,
    #[cfg(feature = "durable")]
    bloom_verified::DEFINITION,
    #[cfg(feature = "durable")]
    durable::DEFINITION,
    window_batch::DEFINITION,
    pubsubio::DEFINITION,
    #[cfg(feature = "lru")]
    pubsubio_direct::DEFINITION,
    pubsubio_flink::DEFINITION,
    beam_deduplicate::DEFINITION,
    #[cfg(feature = "redis")]
    redis::mozilla::DEFINITION,
    #[cfg(feature = "redis")]
    redis::claim::DEFINITION,
    #[cfg(feature = "redis")]
    redis::lease::DEFINITION,
    #[cfg(feature = "redis")]
    redis::tiered::DEFINITION,
];
