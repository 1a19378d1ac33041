//! What a user chooses of a cell's surroundings.

use std::fmt;

use dedup_strategies::Needs;
use dedup_stream::faults::Placed;
use serde::{Deserialize, Serialize};

use crate::servers::{ServerProgram, VirtualClock};

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
    /// When the first loop begins, in nanoseconds since 1970, where several clients load one store at once.
    pub start_at_ns: Option<u64>,
}

impl Default for TimeOptions {
    fn default() -> Self {
        TimeOptions { threads: 1, rate_per_s: None, pings: 2_000_000, seconds: 1.0, start_at_ns: None }
    }
}

/// How the passes are run that take options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PassOptions {
    /// The time pass.
    pub time: TimeOptions,
    /// The scale pass.
    pub scale: ScaleOptions,
}

/// How the scale pass is run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleOptions {
    /// The fewest ids in a window.
    pub fewest_ids: u64,
    /// The most.
    pub most_ids: u64,
    /// How long a strategy may take for all of them.
    pub seconds: f64,
    /// Bytes that it may take.
    /// Half of what its process may take, where none are given.
    pub memory_bytes: Option<u64>,
}

impl Default for ScaleOptions {
    fn default() -> Self {
        ScaleOptions { fewest_ids: 1 << 14, most_ids: 1 << 27, seconds: 120.0, memory_bytes: None }
    }
}

impl ScaleOptions {
    /// Each four times the one before it, and the most.
    pub fn sizes(&self) -> Vec<u64> {
        let next = |ids: &u64| (*ids < self.most_ids).then(|| ids.saturating_mul(4).min(self.most_ids));
        std::iter::successors(Some(self.fewest_ids.min(self.most_ids)), next).collect()
    }
}

/// Which Redis server to use.
#[derive(Clone, Serialize, Deserialize)]
pub enum RedisChoice {
    /// A private one, started by the cell.
    Private(ServerProgram),
    /// A private cluster, started by the cell.
    Cluster(ServerProgram),
    /// One that was given.
    Given {
        /// Its URL, credentials included; only ever passed through a pipe.
        url: String,
        /// The prefix of our keys.
        prefix: String,
    },
}

impl Default for RedisChoice {
    fn default() -> RedisChoice {
        RedisChoice::Private(ServerProgram::default())
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for RedisChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RedisChoice::Private(program) => write!(f, "Private({program:?})"),
            RedisChoice::Cluster(program) => write!(f, "Cluster({program:?})"),
            RedisChoice::Given { prefix, .. } => write!(f, "Given({prefix:?})"),
        }
    }
}

impl RedisChoice {
    /// The same for one workload: a primary can only fail over where there is a cluster.
    pub fn under(&self, faults: &[Placed]) -> RedisChoice {
        match self {
            RedisChoice::Private(program) if faults.iter().any(Placed::takes_a_cluster) => {
                RedisChoice::Cluster(program.clone())
            }
            choice => choice.clone(),
        }
    }

    /// Whether the store of a strategy that needs `needs` cannot be told the time.
    pub fn keeps_wall_time(&self, needs: Needs) -> bool {
        match (needs, self) {
            (Needs::Nothing, _) => false,
            (Needs::Redis, RedisChoice::Given { .. } | RedisChoice::Cluster(_)) => true,
            (Needs::Redis, RedisChoice::Private(_)) => !VirtualClock::is_supported(),
            (Needs::System { wall_clock, .. }, _) => wall_clock,
        }
    }
}
