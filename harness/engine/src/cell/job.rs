//! What a parent tells a cell, and what a cell tells its parent.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use dedup_strategies::Settings;
use dedup_stream::workload::{Trace, Workload};
use serde::{Deserialize, Serialize};

use super::slow::WaitsFor;
use crate::environment::{PassOptions, RedisChoice};
use crate::nightly::Choice;
use crate::passes::Pipelines;
use crate::record::{CellResult, Pass};

/// Everything a cell needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The pings.
    pub input: Input,
    /// The strategy's name.
    pub strategy: String,
    /// The file that describes it, where it is a system; the process finds it in [`SYSTEM`](super::SYSTEM).
    #[serde(skip)]
    pub system: Option<&'static str>,
    /// Its settings, resolved.
    pub settings: Settings,
    /// Those of them that were asked for; the others are defaults for the load.
    pub given: Vec<(String, String)>,
    /// What to do with it.
    pub work: Work,
    /// The round's seed.
    pub seed: u64,
    /// The pipelines of the verify or impact pass, and which of them are run.
    pub pipelines: Pipelines,
    /// Pipeline workers, of each pipeline.
    pub workers: NonZeroUsize,
    /// Pings a batch, at most.
    pub batch: NonZeroUsize,
    /// Where to find Redis.
    pub redis: RedisChoice,
    /// Virtual seconds a real second in the verify and weigh passes, where a store keeps wall time.
    pub time_factor: f64,
    /// The nightly job behind the verify pass, and the days before its own at which it looks, where not the scenario's.
    pub nightly: (Choice, Option<u32>),
    /// Bytes that a strategy may plan for.
    pub memory_limit: u64,
    /// Bytes of disk for the tables of the nightly job.
    pub disk_limit: u64,
    /// A directory that the parent removes when the cell has ended.
    pub directory: PathBuf,
}

/// Where the pings come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    /// A scenario's text.
    Scenario {
        /// Its name.
        name: String,
        /// The TOML text.
        toml: String,
    },
    /// A trace, surveyed.
    Trace(Box<Trace>),
}

impl Input {
    /// The pings of `workload`, but for the shape of its pipeline.
    pub fn of(workload: &Workload) -> Input {
        match workload {
            Workload::Scenario(scenario) => {
                Input::Scenario { name: scenario.name.clone(), toml: scenario.text.clone() }
            }
            Workload::Trace(trace) => Input::Trace(trace.clone()),
        }
    }
}

/// What a cell is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Work {
    /// Only build the strategy: finds out before the run whether it can be built.
    Build,
    /// The verify pass, without the faults of the scenario.
    Faultless,
    /// A pass.
    Measure(Pass, PassOptions),
}

/// One line from a cell to its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Its thread goes on; this share of the work is done.
    Progress(f64),
    /// What its thread waits for when it does not compute.
    WaitsFor(WaitsFor),
    /// The version of a server that takes part.
    Server {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// The strategy was built, with these settings.
    Built,
    /// The settings or the size are not allowed.
    Refused(String),
    /// A thread panicked with this message.
    Panicked(String),
    /// The most memory that the cell's process took, in bytes. Comes before the end: what was taken between two looks of
    /// the parent's counts as well.
    Peak(u64),
    /// The end.
    Result(Box<CellResult>),
}
