//! What the integration tests share.

use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_strategies::{Context, Sizing};

/// A context for embedded strategies, small enough for laws to reach the capacities that follow from it.
pub(crate) fn context(seed: u64, workers: usize) -> Context {
    Context {
        workers: NonZeroUsize::new(workers).expect("laws ask for one worker at least"),
        seed,
        state_dir: std::env::temp_dir(),
        sizing: Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 2000 },
        memory_limit: 1 << 30,
        redis: None,
        store_time_factor: 1.0,
    }
}
