//! Waiting for what another process brings about, and tells nobody.

use std::thread;
use std::time::{Duration, Instant};

/// Waits until `holds`; fails after far longer than it can take.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come about in two minutes");
        thread::sleep(Duration::from_millis(5));
    }
}
