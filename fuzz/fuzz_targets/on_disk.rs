//! Readers take paths: one file for each process, written anew for each input.

use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

/// Calls `read` with a file of these bytes.
pub fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| tempfile::tempdir().unwrap());
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path);
}
