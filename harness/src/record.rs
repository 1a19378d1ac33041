//! The result file: one line that describes the run, then one line a cell.
//!
//! Units stand in field names; counts are exact integers. Unknown fields are ignored on reading, so that a newer
//! minor version stays readable.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// The three passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Scored against truth, in virtual time.
    Verify,
    /// Throughput and latency.
    Time,
    /// Memory.
    Weigh,
}

/// One scenario x strategy x pass x round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellRecord {
    /// The scenario's name, or `trace:` and the file's name.
    pub scenario: String,
    /// Digest of everything that determines the stream but the seed; cells with different ones are not comparable.
    pub scenario_digest: String,
    /// The strategy as it was asked for: `lru:capacity=1000000`.
    pub strategy: String,
    /// Every setting with its value, defaults included.
    pub settings: BTreeMap<String, String>,
    /// Which pass.
    pub pass: Pass,
    /// Which round, from 0.
    pub round: u32,
    /// The round's own seed.
    pub seed: u64,
    /// Pipeline workers.
    pub workers_count: u32,
    /// Pings a batch, at most.
    pub batch_count: u32,
    /// By how much the scenario's time was shrunk for a server on wall time; 1 on a virtual clock.
    pub time_factor: f64,
    /// How long the cell took, start of its process included.
    pub elapsed_ns: u64,
    /// What came of it.
    pub result: CellResult,
}

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

/// How a run compares with the strategy's promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One phrase for each bound that was broken, or why there is no verdict; empty when all were kept.
    pub findings: Vec<String>,
}

/// Kept, broken, or not to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every bound held.
    Kept,
    /// The load went beyond what the promise covers.
    Void,
    /// A bound did not hold.
    Broken,
}

/// Robustness: what came out, against what went in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyFigures {
    /// Pings that arrived, copies included.
    pub pings_count: u64,
    /// Distinct pings among them.
    pub unique_count: u64,
    /// Copies beyond the first.
    pub duplicate_count: u64,
    /// Copies delivered although the ping had been delivered before (false negatives).
    pub missed_count: u64,
    /// Copies that the promise's window covers.
    pub duplicate_in_window_count: u64,
    /// Copies delivered although the promise's window covers them.
    pub missed_in_window_count: u64,
    /// Unique pings dropped as duplicates and never delivered (false positives).
    pub lost_count: u64,
    /// Those of `lost_count` that share their key with an earlier, distinct ping.
    pub lost_shared_key_count: u64,
    /// Unique pings of which the first copy was dropped and a later one delivered.
    pub delayed_count: u64,
    /// Pings refused because their window had closed.
    pub late_count: u64,
    /// Pings given up after too many redeliveries.
    pub stalled_count: u64,
    /// Pings with a broken id, sent to the error output.
    pub error_count: u64,
    /// Pings without an id, passed unjudged.
    pub unjudged_count: u64,
    /// Unique pings never delivered for a reason other than being dropped as duplicates: late, stalled, broken id.
    pub refused_unique_count: u64,
    /// Largest number of distinct keys seen in any stretch as long as the promise's window (an upper bound, counted
    /// in 32 slices); in the whole stream where the window has no length.
    pub ids_in_window_count: u64,
    /// Length of the stream in virtual time.
    pub virtual_ns: u64,
    /// Duplicates by cause.
    pub by_cause: Vec<CauseFigures>,
    /// Duplicates by lag behind the first copy.
    pub by_lag: Vec<LagFigures>,
    /// Missed and lost in equal slices of virtual time.
    pub over_time: OverTime,
    /// Time from arrival to publish, in virtual time; only for strategies that hold pings.
    pub held_ns: Option<Latency>,
    /// Digest of every decision in order: equal for equal seeds.
    pub output_digest: String,
    /// How this compares with the promise.
    pub judgement: Judgement,
}

/// Duplicates of one cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CauseFigures {
    /// Its name in the scenario.
    pub cause: String,
    /// Copies.
    pub duplicate_count: u64,
    /// Copies delivered.
    pub missed_count: u64,
}

/// Duplicates of one range of lags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LagFigures {
    /// Lags up to this (and above the one before); none for the rest.
    pub up_to_ns: Option<u64>,
    /// Copies.
    pub duplicate_count: u64,
    /// Copies delivered.
    pub missed_count: u64,
}

/// Counts over virtual time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OverTime {
    /// Length of a slice.
    pub slice_ns: u64,
    /// Pings that arrived in each.
    pub pings_count: Vec<u64>,
    /// Missed duplicates in each.
    pub missed_count: Vec<u64>,
    /// Unique pings whose first copy was dropped in each.
    pub dropped_first_count: Vec<u64>,
}

/// Speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeFigures {
    /// Pings judged in the closed loop.
    pub judged_count: u64,
    /// Pings a second in the closed loop.
    pub throughput_per_s: f64,
    /// Threads (for a server, connections) that judged.
    pub threads_count: u32,
    /// Rate of the open loop.
    pub offered_per_s: f64,
    /// Rate that the open loop reached.
    pub achieved_per_s: f64,
    /// From the moment at which a ping was due to its verdict (no coordinated omission).
    pub latency_ns: Latency,
    /// From the call to the verdict.
    pub service_ns: Latency,
}

/// A distribution of times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Values recorded.
    pub count: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// 99.99th percentile.
    pub p9999: u64,
    /// Largest value.
    pub max: u64,
    /// The whole distribution: HdrHistogram V2, deflated, base64.
    pub hdr_v2_deflate_b64: String,
}

/// Memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeighFigures {
    /// Bytes an id while the most ids were tracked; none where the strategy tracks none.
    pub bytes_per_id: Option<f64>,
    /// Most ids tracked at once.
    pub peak_ids_count: u64,
    /// Most bytes that the strategy held at once in this process, held payloads included.
    pub live_bytes: u64,
    /// Bytes still held once the window had emptied.
    pub emptied_bytes: u64,
    /// High-water mark of the process (`VmHWM`).
    pub peak_rss_bytes: u64,
    /// A server's `used_memory` above what it was before, at its largest.
    pub server_used_bytes: Option<u64>,
    /// Over virtual time, as the window fills.
    pub over_time: MemoryOverTime,
    /// Whether memory stopped growing, as promised.
    pub judgement: Judgement,
}

/// Memory over virtual time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryOverTime {
    /// When each sample was taken, from the start of the stream.
    pub t_ns: Vec<u64>,
    /// Bytes held in this process and in the server.
    pub live_bytes: Vec<u64>,
    /// Ids tracked.
    pub ids_count: Vec<u64>,
}
