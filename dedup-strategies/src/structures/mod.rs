//! Data structures that strategies are made of; those that are public are usable without a strategy around them.

pub mod age_partitioned;
pub mod biased_sampling;
#[cfg(feature = "bloomfilter")]
pub(crate) mod bloom;
#[cfg(any(feature = "bloomfilter", feature = "redis"))]
pub(crate) mod bloom_plan;
pub mod cuckoo;
mod decay;
pub mod hardware;
pub mod hash;
pub mod id_catalogue;
#[cfg(feature = "lru")]
pub(crate) mod lru_window;
#[cfg(feature = "durable")]
pub(crate) mod mark_store;
mod poisson;
pub mod shards;
pub mod split_block;
pub mod stable_bloom;
pub mod theory;
pub mod window_set;
