//! The gates from outside: what they let through, what they stop, and what they leave behind.
//!
//! This executable is both: called with a sub-command it is the harness, with wrapped strategies on its list whose
//! answers can be spoilt by an environment variable; called as a test it runs itself.

mod checks;
mod runs;
mod tool;
mod wrapped;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let sub_commands = ["gate", "__cell", "__guard", "__gate-worker"];
    if std::env::args().nth(1).is_some_and(|first| sub_commands.contains(&first.as_str())) {
        return dedup_harness::main_with(&wrapped::definitions());
    }
    let trials = checks::trials().into_iter().chain(runs::trials()).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that is a function.
fn trial(name: &'static str, run: fn()) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}
