//! What tests of servers share.

mod eventually;

use dedup_engine::servers::Launch;

pub(crate) use eventually::eventually;

/// What removes a server that outlives its test: a program of the package whose test it is.
const GUARD: Option<&str> = match option_env!("CARGO_BIN_EXE_guard") {
    Some(guard) => Some(guard),
    None => option_env!("CARGO_BIN_EXE_dedup-harness"),
};

/// How to start a server in a test: the guard is a program of the package, not the test's own. Where no redis-server is
/// installed the test fails, and says how to install it.
pub(crate) fn launch() -> Launch {
    let guard = GUARD.expect("the package has one").into();
    Launch { guard, ..Launch::find().unwrap_or_else(|error| panic!("{error}")) }
}
