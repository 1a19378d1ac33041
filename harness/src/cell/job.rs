//! What a parent tells a cell, and what a cell tells its parent.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use dedup_strategies::Needs;
use serde::{Deserialize, Serialize};

use crate::faults::Placed;
use crate::nightly::Choice;
use crate::record::{CellResult, Pass};
use crate::servers::VirtualClock;
use crate::workload::Trace;

/// Everything a cell needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The pings.
    pub input: Input,
    /// The strategy's name.
    pub strategy: String,
    /// Its settings as given.
    pub settings: Vec<(String, String)>,
    /// What to do with it.
    pub work: Work,
    /// The round's seed.
    pub seed: u64,
    /// Pipeline workers.
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

/// What a cell is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Work {
    /// Only build the strategy: finds out before the run whether it can be built.
    Build,
    /// A pass.
    Measure(Pass, TimeOptions),
}

/// How the time pass is run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeOptions {
    /// Threads that judge.
    pub threads: usize,
    /// Rate of the open loop in pings a second; half of the closed loop's where none is given.
    pub rate_per_s: Option<f64>,
    /// Most pings that are made beforehand.
    pub pings: usize,
    /// About how long each of the two loops may take.
    pub seconds: f64,
}

/// Which Redis server to use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RedisChoice {
    /// A private one, started by the cell.
    Private,
    /// A private cluster, started by the cell.
    Cluster,
    /// One that was given.
    Given {
        /// Its URL, credentials included; only ever passed through a pipe.
        url: String,
        /// The prefix of our keys.
        prefix: String,
    },
}

impl RedisChoice {
    /// The same for one workload: a primary can only fail over where there is a cluster.
    pub fn under(&self, faults: &[Placed]) -> RedisChoice {
        match self {
            RedisChoice::Private if faults.iter().any(Placed::takes_a_cluster) => RedisChoice::Cluster,
            choice => choice.clone(),
        }
    }

    /// Whether the store of a strategy that needs `needs` cannot be told the time.
    pub fn keeps_wall_time(&self, needs: Needs) -> bool {
        match (needs, self) {
            (Needs::Nothing, _) => false,
            (Needs::Redis, RedisChoice::Given { .. } | RedisChoice::Cluster) => true,
            (Needs::Redis, RedisChoice::Private) => !VirtualClock::is_supported(),
        }
    }
}

/// One line from a cell to its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// This share of the work is done.
    Progress(f64),
    /// The cell waits until the next ping is due, by a clock that is not the harness's.
    Waiting,
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
    /// The end.
    Result(Box<CellResult>),
}
