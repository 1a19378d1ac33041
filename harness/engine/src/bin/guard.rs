//! Removes what servers leave behind when their parent ends. The tests of this package start it where a user's run starts
//! `dedup-harness` itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    dedup_engine::servers::guard::dispatch().unwrap_or(ExitCode::from(2))
}
