//! What several strategies have in common.

pub(crate) mod age_partitioned;
pub(crate) mod biased_sampling;
pub(crate) mod by_key;
#[cfg(any(feature = "lru", feature = "moka"))]
pub(crate) mod capacity_and_window;
pub(crate) mod decaying;
pub(crate) mod generations;
pub(crate) mod keyed_catalogue;
#[cfg(feature = "durable")]
pub(crate) mod mark_after_delivery;
#[cfg(feature = "moka")]
pub(crate) mod moka_cache;
pub(crate) mod window_set;
