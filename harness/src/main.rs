//! The `dedup-harness` binary: the command line with the strategies that come with it.

fn main() -> std::process::ExitCode {
    dedup_harness::main_with(&[])
}
