//! `gate`: has a change made anything worse?

mod accept;
mod check;
mod explain;
mod measure;
mod options;
mod run;
mod selfcheck;

use std::io::Write;

use clap::{Args, Subcommand};
use dedup_strategies::Definition;

use crate::exit::Exit;

/// Options of `gate`.
#[derive(Clone, Debug, Args)]
pub struct GateArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: GateCommand,
}

/// What a gate can do.
#[derive(Clone, Debug, Subcommand)]
pub enum GateCommand {
    /// Compare exact figures (counts, ids, bytes, instructions) with a stored baseline, on any machine
    Check(Box<check::CheckArgs>),
    /// Compare speed with an earlier version, side by side on this machine
    Run(Box<run::RunArgs>),
    /// Find out what a gate can see on this machine
    Selfcheck(Box<selfcheck::SelfcheckArgs>),
    /// Show the rounds behind a verdict
    Explain(explain::ExplainArgs),
    /// Accept a change for the worse until a day
    Accept(accept::AcceptArgs),
}

/// Does it.
pub fn run(args: &GateArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    match &args.command {
        GateCommand::Check(args) => check::run(args, definitions, out),
        GateCommand::Run(args) => run::run(args, definitions, out),
        GateCommand::Selfcheck(args) => selfcheck::run(args, definitions, out),
        GateCommand::Explain(args) => explain::run(args, out),
        GateCommand::Accept(args) => accept::run(args, out),
    }
}
