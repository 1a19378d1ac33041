//! `stream`: the pings themselves, with their truth.

use std::io::Write;

use clap::Args;
use dedup_stream::scenario::{self, Scenario};
use dedup_stream::stream::write_ndjson;

use super::values::{seed, whole};
use crate::exit::{Exit, OrExit};

/// Options of `stream`.
#[derive(Clone, Debug, Args)]
pub struct StreamArgs {
    /// The scenario's name, or the path of a scenario file
    pub scenario: String,
    /// Print this many pings and stop
    #[arg(long, value_name = "N", value_parser = whole(0, u64::MAX))]
    pub limit: Option<u64>,
    /// Seed of the stream; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
}

/// The scenario that an argument means, where it is to be one.
pub(super) fn one_scenario(argument: &str) -> anyhow::Result<Scenario> {
    let mut found = scenario::find(argument).or_exit(Exit::Usage)?;
    match (found.len(), found.pop()) {
        (1, Some(scenario)) => Ok(scenario),
        (_, last) => {
            let names: Vec<&str> = found.iter().chain(&last).map(|scenario| scenario.name.as_str()).collect();
            let several = anyhow::anyhow!("{argument:?} means {}: name one", names.join(", "));
            Err(several).or_exit(Exit::Usage)
        }
    }
}

/// Prints one JSON object a line.
pub fn run(args: &StreamArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let scenario = one_scenario(&args.scenario)?;
    let seed = args.seed.unwrap_or(scenario.seed);
    let clients = scenario.clients(seed);
    write_ndjson(&mut scenario.stream(seed), out, args.limit, scenario.key(), clients.as_ref())?;
    Ok(Exit::Ok)
}
