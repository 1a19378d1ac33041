//! The command line tool.

use std::process::ExitCode;

use dedup_harness::servers::guard;

fn main() -> ExitCode {
    if let Some(code) = guard::dispatch() {
        return code;
    }
    ExitCode::SUCCESS
}
