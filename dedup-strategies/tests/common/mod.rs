//! What the integration tests share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dedup_strategies::{Context, Sizing};

/// A context for embedded strategies, small enough for laws to reach the capacities that follow from it.
pub(crate) fn context(seed: u64, workers: usize) -> Context {
    Context {
        workers: NonZeroUsize::new(workers).expect("laws ask for one worker at least"),
        seed,
        state_dir: empty_directory(),
        sizing: Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 2000 },
        memory_limit: 1 << 30,
        redis: None,
        store_time_factor: 1.0,
    }
}

/// A directory of this test executable's own that nobody used in this run; left to `cargo clean`.
fn empty_directory() -> PathBuf {
    static USED: AtomicUsize = AtomicUsize::new(0);
    let number = USED.fetch_add(1, Ordering::Relaxed).to_string();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(number);
    // What an earlier run left.
    let _ = std::fs::remove_dir_all(&directory);
    directory
}
