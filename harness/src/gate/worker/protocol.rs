//! What a gate and its workers say to each other: one JSON value a line, over standard input and output.
//!
//! A worker says hello; is told to prepare, and says that it is ready or why not; is then told again and again to judge
//! a slice of the pings, and says how long each batch took. It ends when its standard input does.
//!
//! Version 1 is spoken for as long as it can be: fields may be added where an older side can do without them. What
//! an older side would misread raises [`PROTOCOL`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::record::Tool;

/// The hidden sub-command under which a program is a worker.
pub const SUB_COMMAND: &str = "__gate-worker";

/// The version that this program speaks.
pub const PROTOCOL: u32 = 1;

/// From the gate to a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Build the strategy, make the pings, and judge the first of them unmeasured. Comes first, and once.
    Prepare(Box<Task>),
    /// Judge the next pings, and measure.
    Slice {
        /// How many batches.
        batches: usize,
    },
}

/// What a worker is to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The scenario's name.
    pub scenario: String,
    /// Its TOML text.
    pub toml: String,
    /// The strategy's name.
    pub strategy: String,
    /// Its settings as given.
    pub settings: Vec<(String, String)>,
    /// Seed of the pings and of every hash.
    pub seed: u64,
    /// Pings to judge before anything is measured.
    pub warm_up_pings: usize,
    /// Pings to have ready for slices.
    pub pings: usize,
    /// The core to stay on; any, if none is given.
    #[serde(default)]
    pub core: Option<usize>,
    /// A directory that the gate removes.
    pub directory: PathBuf,
    /// Bytes that the strategy may plan for.
    pub memory_limit: u64,
    /// For tests of the gate: by which share to slow every batch down with work that is thrown away.
    #[serde(default)]
    pub slow_down: Option<f64>,
}

/// From a worker to the gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The first line.
    Hello {
        /// The version that the worker speaks.
        protocol: u32,
        /// The program.
        tool: Tool,
    },
    /// Prepared.
    Ready(Ready),
    /// The scenario, the strategy or a setting is unknown here or not allowed.
    Refused {
        /// Why.
        reason: String,
    },
    /// It cannot run on this machine.
    Skipped {
        /// Why, and what to do about it.
        reason: String,
    },
    /// It failed.
    Failed {
        /// How.
        reason: String,
    },
    /// A slice was judged.
    Measured(Measured),
}

/// What a worker has ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Pings that are left for slices: fewer than asked for where the stream is shorter.
    pub pings: usize,
    /// Pings a batch.
    pub batch: usize,
    /// Pings that were judged unmeasured.
    pub warm_up_pings: usize,
    /// How long those took.
    pub warm_up_ns: u64,
    /// Digest of all pings: equal for both sides, or they do not judge the same.
    pub stream: String,
    /// Why it could not stay on its core, where it could not.
    #[serde(default)]
    pub not_pinned: Option<String>,
}

/// What a slice took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Each batch.
    pub batch_ns: Vec<u64>,
    /// How long the worker stood ready to run and was not run, meanwhile; none where the system does not say.
    #[serde(default)]
    pub waited_ns: Option<u64>,
}

impl Measured {
    /// All batches together.
    pub fn elapsed_ns(&self) -> u64 {
        self.batch_ns.iter().sum()
    }
}
