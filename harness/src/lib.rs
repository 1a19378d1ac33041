//! dedup-harness: compares deduplication strategies on pings whose truth is known.
//!
//! Data flows one way: scenario, stream, pipeline, strategy, truth, record, and from there to tables. What
//! comes from the record on is in packages of its own, and knows no strategy, no server and no pipeline.
//!
//! A team's own strategies join from outside: [`main_with`] takes their definitions and is the whole command line.

pub mod advise;
mod cli;
pub mod cmd;
pub mod exit;
pub mod gate;
pub mod interrupt;
pub mod machine;
pub mod print;
mod systems;
pub mod talk;

use std::io::Write;
use std::process::ExitCode;

use anstream::AutoStream;

/// What runs and measures.
pub use dedup_engine::{
    alloc, answer, cell, environment, faults, nightly, pacing, passes, pipeline, predict, process, progress,
    select, servers, suite, wait,
};
/// What is recorded, and runs beside each other.
pub use dedup_records::{compare, filter, printable, record, stats, units};
/// The contract and the strategies that come with the harness.
pub use dedup_strategies as strategies;

use crate::cli::{Cli, Command, run};
use crate::exit::Exit;
use crate::printable::printable;
use crate::strategies::{Definition, STRATEGIES};

/// The whole command line, with `further` strategies beside the ones that come with the harness.
///
/// This is the `main` of the `dedup-harness` binary, and of a team's own binary that brings its own strategies. It
/// has to be called first thing in `main`: cells run in processes of their own, for which the program starts itself.
pub fn main_with(further: &[Definition]) -> ExitCode {
    if let Some(ended) = servers::guard::dispatch() {
        return ended;
    }
    process::survive_size_limits();
    process::allow_many_files();
    let definitions: Vec<Definition> = STRATEGIES.iter().chain(further).copied().collect();
    if let Some(twice) = name_taken_twice(&definitions) {
        dedup_files::say(format_args!(
            "error: two strategies are called {twice:?}; a name in tables and records has to mean one"
        ));
        return Exit::Usage.into();
    }
    match Cli::read().command {
        Some(Command::Cell) => match systems::of_cell() {
            Ok(system) => cell::run_child(&definitions.into_iter().chain(system).collect::<Vec<_>>()),
            Err(error) => {
                tell(&error);
                Exit::of(&error).into()
            }
        },
        Some(Command::GateWorker) => gate::worker::run_worker(&definitions),
        command => match run(command, &definitions, &mut output()) {
            Ok(exit) => exit.into(),
            Err(error) => {
                tell(&error);
                Exit::of(&error).into()
            }
        },
    }
}

/// Standard output, without colours where it is no terminal.
fn output() -> AutoStream<Box<dyn Write>> {
    let choice = AutoStream::choice(&std::io::stdout());
    AutoStream::new(Box::new(dedup_files::stdout()), choice)
}

fn tell(error: &anyhow::Error) {
    let choice = AutoStream::choice(&std::io::stderr());
    let mut out: AutoStream<Box<dyn Write>> = AutoStream::new(Box::new(dedup_files::stderr()), choice);
    let (red, plain) = (ERROR.render(), ERROR.render_reset());
    let line = format!("{red}error:{plain} {}\n", printable(&exit::chain(error)));
    // Who does not listen has the exit code.
    let _ = out.write_all(line.as_bytes());
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();

fn name_taken_twice(definitions: &[Definition]) -> Option<&'static str> {
    let mut seen = std::collections::BTreeSet::new();
    definitions.iter().map(|definition| definition.name).find(|name| !seen.insert(*name))
}
