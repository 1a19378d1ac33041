//! Instructions of the judge loop, counted by valgrind where it is present.
//!
//! A worker runs under callgrind, which counts only inside of the function that judges: pings are made, and the strategy
//! is built, uncounted. The count depends on the compiler and its flags, so it is compared only with one by the same.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::cells::GateCell;
use super::worker::protocol::Task;
use super::worker::{Prepared, Program, Side, WorkerError};

/// The name of the metric.
pub const METRIC: &str = "instructions_count";

/// Pings that are judged under valgrind, which takes some fifty times as long.
const PINGS: usize = 40_000;

/// The longest that a worker may be silent under valgrind.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether valgrind is present.
pub fn valgrind() -> bool {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Instructions that this program takes to judge the first pings of `cell`. None where the strategy cannot run here.
pub fn count(cell: &GateCell, directory: &Path, stop: &AtomicBool) -> Result<Option<u64>, WorkerError> {
    let failed = |reason: String| WorkerError::Failed { program: "valgrind".into(), reason };
    let directory = tempfile::Builder::new().prefix("valgrind-").tempdir_in(directory);
    let directory = directory.map_err(|error| failed(error.to_string()))?;
    let counts = directory.path().join("callgrind.out");
    let path = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let under = [
        "valgrind",
        "--quiet",
        "--tool=callgrind",
        "--toggle-collect=*judge_loop*",
        &format!("--callgrind-out-file={}", counts.display()),
    ];
    let program =
        Program { side: Side::Candidate, path, under: under.map(str::to_string).to_vec(), slow_down: None };
    let (mut worker, _) = program.start(PATIENCE, stop)?;
    let task = Task {
        scenario: cell.scenario.name.clone(),
        toml: cell.scenario.text.clone(),
        strategy: cell.strategy.definition.name.to_string(),
        settings: cell.strategy.given.clone(),
        seed: cell.scenario.seed,
        warm_up_pings: PINGS / 2,
        pings: PINGS / 2,
        core: None,
        directory: directory.path().to_path_buf(),
        memory_limit: crate::process::available_bytes() / 3,
        slow_down: None,
    };
    let Prepared::Ready(ready) = worker.prepare(&task)? else { return Ok(None) };
    worker.slice(ready.pings.div_ceil(ready.batch.max(1)))?;
    worker.finish()?;
    let text =
        std::fs::read_to_string(&counts).map_err(|error| failed(format!("{}: {error}", counts.display())))?;
    total(&text).map(Some).ok_or_else(|| failed("its file has no total".into()))
}

/// From callgrind's file (the line `totals:` or, in older versions, `summary:`).
fn total(text: &str) -> Option<u64> {
    let line = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    line("totals:").or_else(|| line("summary:")).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_either_line() {
        assert_eq!(total("events: Ir\n\nfn=(1)\n1 2\n\ntotals: 4711\n"), Some(4711));
        assert_eq!(total("events: Ir\nsummary: 12 0\n"), Some(12));
        assert_eq!(total("events: Ir\ntotals: 0\n"), None);
        assert_eq!(total(""), None);
    }
}
