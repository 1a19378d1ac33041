//! What an error of the store says: with its place, and its cause where the store has kept that for itself.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::contract::Unavailable;

/// What the store at `path` says when it fails with `error`.
pub(super) fn failure(path: &Path, error: &fjall::Error) -> Unavailable {
    Unavailable(format!("the store of marks in {} failed: {}", path.display(), cause(path, error)))
}

/// Why the store at `path` fails with `error`.
pub(super) fn cause(path: &Path, error: &fjall::Error) -> String {
    match error {
        // What went wrong in the background, or in the call before, it does not say.
        fjall::Error::Poisoned => match probe(path) {
            Err(cause) => cause.to_string(),
            Ok(()) => "a write failed, and its cause is gone by now: was the disk full?".to_string(),
        },
        fjall::Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// Whether the disk has no room, or the user may not have more of it.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// About as much as the store writes at once.
const PROBE_BYTES: usize = 1 << 20;

/// Writes as the store does: what fails there fails here.
fn probe(path: &Path) -> io::Result<()> {
    let path = path.join("probe");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![1; PROBE_BYTES])?;
        file.sync_data()
    });
    let _ = std::fs::remove_file(&path);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_that_the_store_keeps_for_itself_is_found_and_told_with_the_place() {
        let directory = tempfile::tempdir().unwrap();
        let said = |path: &Path| failure(path, &fjall::Error::Poisoned).0;
        let gone = directory.path().join("gone");
        assert_eq!(
            said(&gone),
            format!(
                "the store of marks in {} failed: No such file or directory (os error 2)",
                gone.display()
            )
        );
        let whole = said(directory.path());
        assert!(whole.contains("was the disk full?") && !whole.contains("Poisoned"), "{whole}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
