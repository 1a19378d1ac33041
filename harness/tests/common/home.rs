//! What tests of the binary share that run it in directories of their own.

use std::path::{Path, PathBuf};

#[path = "../../engine/tests/common/eventually.rs"]
mod eventually;

pub(crate) use eventually::eventually;

/// 4,000 pings in about three minutes of virtual time, one in five uniques repeated once.
pub(crate) const TINY: &str = r#"
about = "A few thousand pings with many duplicates."
seed = 5
pings = 4_000
window = "10m"
payload = "1KB"

[arrival]
process = "poisson"
rate = 20.0

[[repeat]]
cause = "redelivery"
share = 0.2
lag.uniform = ["1s", "5m"]
"#;

/// Names of the processes that run for `home`: those with it in their environment, command or working directory, but
/// for those that the kernel is about to bury.
pub(crate) fn processes(home: &Path) -> Vec<String> {
    let name = home.as_os_str().as_encoded_bytes();
    let holds = |bytes: Vec<u8>| bytes.windows(name.len()).any(|part| part == name);
    let read = |process: &Path, file: &str| std::fs::read(process.join(file)).unwrap_or_default();
    let ours = |process: &PathBuf| {
        let cwd = std::fs::read_link(process.join("cwd")).unwrap_or_default();
        cwd.starts_with(home) || ["environ", "cmdline"].iter().any(|file| holds(read(process, file)))
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(ours)
        .map(|process| String::from_utf8_lossy(&read(&process, "comm")).trim().to_string())
        .filter(|name| !name.is_empty())
        .collect()
}
