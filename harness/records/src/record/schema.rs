//! The lines of a result file: the run, and the cells.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figures::{TimeFigures, VerifyFigures, WeighFigures};
use super::impact::ImpactFigures;
use super::scale::ScaleFigures;

/// The schema that this version writes. The part after the slash is raised when an old reader could misread a file.
pub const SCHEMA: &str = "dedup-harness-results/1";

/// One line of a result file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: the run.
    Run(Box<RunRecord>),
    /// Every further line: a cell.
    Cell(Box<CellRecord>),
}

/// What was run, with what, on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// [`SCHEMA`] of the version that wrote the file.
    pub schema: String,
    /// When the run began, RFC 3339 in UTC, to the second.
    pub started_at: String,
    /// The seed from which every round's seed is derived.
    pub seed: u64,
    /// Rounds asked for.
    pub rounds_count: u32,
    /// The program.
    pub tool: Tool,
    /// The machine.
    pub machine: Machine,
    /// Versions of servers that took part, by name.
    #[serde(default)]
    pub servers: BTreeMap<String, String>,
    /// What makes its figures doubtful: found in the trace that it ran on, or missing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<DoubtRecord>,
    /// Which share of a run it is, where several machines share one out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

/// A share of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Which one, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
    /// Cells of the whole run.
    pub cells_count: u32,
    /// Digest of what is run: shares of one run have the same.
    pub plan_digest: String,
}

/// `3/8`
impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A reason to doubt the figures of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoubtRecord {
    /// What is in doubt: `key`, `no_id`, `order`, `time`, `form` of its trace, `incomplete` where shares of it are missing; later
    /// versions may have others.
    pub kind: String,
    /// What was found.
    pub text: String,
    /// What to do about it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl std::fmt::Display for DoubtRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.remedy {
            None => f.write_str(&self.text),
            Some(remedy) => write!(f, "{}: {remedy}", self.text),
        }
    }
}

/// The program that made a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Version of the harness.
    pub version: String,
    /// Commit it was built from; empty when unknown.
    pub commit: String,
    /// Whether the checkout had changes that were not committed.
    pub dirty: bool,
    /// Compiler version.
    pub rustc: String,
    /// Build profile.
    pub profile: String,
}

/// The machine, without anything that names it or its user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// CPU model.
    pub cpu: String,
    /// Logical cores.
    pub cores_count: u32,
    /// Memory.
    pub memory_bytes: u64,
    /// Operating system.
    pub os: String,
    /// Kernel version.
    pub kernel: String,
    /// Whether a hypervisor announces itself.
    pub virtualised: bool,
}

/// The passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Scored against truth, in virtual time.
    Verify,
    /// Throughput and latency.
    Time,
    /// Memory.
    Weigh,
    /// Time and memory against ids held.
    Scale,
    /// The numbers that people read, beside the truth.
    Impact,
}

impl Pass {
    /// Its name on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Verify => "verify",
            Pass::Time => "time",
            Pass::Weigh => "weigh",
            Pass::Scale => "scale",
            Pass::Impact => "impact",
        }
    }

    /// Whether it runs the whole pipeline: whose keys can be split among several, and in which something can go wrong.
    pub fn has_pipeline(self) -> bool {
        matches!(self, Pass::Verify | Pass::Impact)
    }
}

/// What a strategy is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To be chosen.
    Candidate,
    /// To show the harness's own floor.
    Floor,
    /// To show a known mistake; expected to break its promise.
    NegativeControl,
}

impl Role {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Role::Candidate => "candidate",
            Role::Floor => "floor",
            Role::NegativeControl => "negative_control",
        }
    }
}

/// What becomes of the ack deadlines of what workers have in hand.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Deadlines {
    /// Workers extend them: a ping comes again only where its worker died or its ack was lost.
    #[default]
    Extended,
    /// Workers extend them, and have to: filling a batch and publishing it take longer than the deadline.
    Outlasted,
    /// Nobody does: a ping that is not acked in time comes again while a worker still has it.
    Fixed,
}

/// Which worker a ping goes to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Routed {
    /// To the one that its key names, where workers have state of their own.
    #[default]
    ByKey,
    /// To any, by chance: workers are replicas that share nothing but a store beside them.
    Random,
}

/// What it takes to operate a strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// What has to be run and watched over beside the workers, in a few words.
    pub what: String,
    /// The system of which the strategy is a model, whose figures are not those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_of: Option<String>,
    /// What a reader of its figures has to know: settings that are not its makers' defaults and why, what its window is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One scenario x strategy x pass x round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellRecord {
    /// The scenario's name, or the trace's file name.
    pub scenario: String,
    /// Digest of everything that determines the stream but the seed; cells with different ones are not comparable.
    pub scenario_digest: String,
    /// How far back the scenario wants duplicates recognised; none where it does not say.
    #[serde(default)]
    pub window_ns: Option<u64>,
    /// The strategy as it was asked for: `lru:capacity=1000000`.
    pub strategy: String,
    /// What the strategy is there for.
    pub role: Role,
    /// What it takes to operate the strategy; not in records from before it was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Every setting with its value, defaults included.
    pub settings: BTreeMap<String, String>,
    /// Which pass.
    pub pass: Pass,
    /// Which round, from 0.
    pub round: u32,
    /// The round's own seed.
    pub seed: u64,
    /// Kinds of the scenario's faults, whether or not they happened.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Pipeline workers.
    pub workers_count: u32,
    /// Pings a batch, at most.
    pub batch_count: u32,
    /// Whether workers extend the ack deadlines of what they have in hand; in older records they do.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// Which worker a ping goes to; in older records the one that its key names.
    #[serde(default)]
    pub routed: Routed,
    /// By how much the scenario's time was shrunk for a server on wall time; 1 on a virtual clock.
    pub time_factor: f64,
    /// Of a program of its own, whose time it decides by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<WhoseTime>,
    /// How long the cell took, start of its process included; the longer, the more cells were at work beside it.
    pub elapsed_ns: u64,
    /// In a share of a run: which cell of the whole run it is, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// What came of it.
    pub result: CellResult,
}

/// By whose time a program of its own decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoseTime {
    /// The one that it is told with the pings: what engines call event time.
    Given,
    /// That of a clock on the wall, which the stream is squeezed for: what engines call processing time.
    Wall,
}

/// The word for a cell that could not run here.
pub const SKIPPED: &str = "skipped";

/// The word for a cell that did not come to its end, where a person is to see it.
pub const FAILED: &str = "FAILED";

/// What came of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellResult {
    /// Figures of the verify pass.
    Verify(Box<VerifyFigures>),
    /// Figures of the time pass.
    Time(Box<TimeFigures>),
    /// Figures of the weigh pass.
    Weigh(Box<WeighFigures>),
    /// Figures of the scale pass.
    Scale(Box<ScaleFigures>),
    /// Figures of the impact pass.
    Impact(Box<ImpactFigures>),
    /// It could not run here.
    Skipped {
        /// Why.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// It ran and did not come to its end.
    Failed {
        /// In which way.
        how: Failure,
        /// What was seen.
        reason: String,
    },
}

/// How a cell failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The strategy panicked.
    Panicked,
    /// It made no progress.
    Hung,
    /// It took more memory than allowed.
    OutOfMemory,
    /// Its process died.
    Died,
    /// It broke the contract: wrong number of verdicts, an unknown ping released, another answer the second time.
    Contract,
    /// Its store was unavailable.
    Unavailable,
}
