//! What the integration tests share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dedup_strategies::{Context, Sizing};

/// A context for embedded strategies, small enough for laws to reach the capacities that follow from it.
pub(crate) fn context(seed: u64, workers: usize) -> Context {
    Context {
        workers: NonZeroUsize::new(workers).expect("laws ask for one worker at least"),
        seed,
        state_dir: fresh_directory(),
        sizing: Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 2000 },
        memory_limit: 1 << 30,
        redis: None,
        server: None,
        store_time_factor: 1.0,
    }
}

/// A directory that no strategy has used. What processes that have ended left behind is removed first.
pub(crate) fn fresh_directory() -> PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    static MADE: AtomicU64 = AtomicU64::new(0);
    let root = ROOT.get_or_init(|| {
        let all = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("states");
        for of_process in std::fs::read_dir(&all).into_iter().flatten().flatten() {
            if !Path::new("/proc").join(of_process.file_name()).exists() {
                let _ = std::fs::remove_dir_all(of_process.path());
            }
        }
        all.join(std::process::id().to_string())
    });
    let directory = root.join(MADE.fetch_add(1, Ordering::Relaxed).to_string());
    std::fs::create_dir_all(&directory).expect("the target directory can be written");
    directory
}
