//! What tests of servers share.

use std::time::{Duration, Instant};

use dedup_engine::servers::Launch;

/// How to start a server in a test: the guard is a program of the package, not the test's own. Where no redis-server is
/// installed the test fails, and says how to install it.
pub(crate) fn launch() -> Launch {
    let guard = crate::GUARD.into();
    Launch { guard, ..Launch::find().unwrap_or_else(|error| panic!("{error}")) }
}

/// Waits until `holds`, which another process brings about; fails after far longer than it can take.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come about in two minutes");
        std::thread::yield_now();
    }
}
