//! What the three passes measure.
//!
//! Counts are numerators and denominators, never ratios, so that rounds can be added up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Latency;

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
    /// The promise does not speak of this: the load went beyond it, pings were not routed as it assumes, or a server was too
    /// slow.
    Void,
    /// What it was to be put through did not happen: a fault of the scenario never fired.
    Inconclusive,
    /// A bound did not hold.
    Broken,
}

impl Verdict {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::Void => "void",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Broken => "broken",
        }
    }
}

/// Robustness: what came out, against what went in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyFigures {
    /// Pings that arrived, copies included. With the duplicates of the cause `redelivery`, which the pipeline made, they are
    /// `unique_count` and `duplicate_count`.
    pub pings_count: u64,
    /// Distinct pings among them.
    pub unique_count: u64,
    /// Copies beyond the first: those that arrived, and those that the source delivered again after they were decided.
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
    /// in slices of a 32nd of it); in the whole stream where the window has no length.
    pub ids_in_window_count: u64,
    /// Length of the stream in virtual time.
    pub virtual_ns: u64,
    /// Duplicates by cause.
    pub by_cause: Vec<CauseFigures>,
    /// Duplicates by lag behind the first copy.
    pub by_lag: Vec<LagFigures>,
    /// Missed and lost in equal slices of virtual time.
    pub over_time: OverTime,
    /// Time from arrival to release, in virtual time; only for strategies that hold pings.
    pub held_ns: Option<Latency>,
    /// The scenario's faults, and whether each happened.
    #[serde(default)]
    pub faults: Vec<FaultFigures>,
    /// What the same stream comes to without its faults; none where it has none, or where that was not run.
    #[serde(default)]
    pub faultless: Option<FaultlessFigures>,
    /// Of pings that came again before they were decided, the time from their arrival to that, in virtual time; none
    /// where none did.
    #[serde(default)]
    pub waited_ns: Option<Latency>,
    /// Deliveries by the source beyond a copy's first: of pings that were not acked in time.
    #[serde(default)]
    pub redelivered_count: u64,
    /// What the nightly job leaves of what reached the sink; none where it was not run.
    #[serde(default)]
    pub stable: Option<StableFigures>,
    /// What theory says of the duplicates missed, beside what was seen.
    #[serde(default)]
    pub predicted: Vec<Prediction>,
    /// Round trips to a server; none where there is no server.
    #[serde(default)]
    pub round_trips_count: Option<u64>,
    /// How often pings came out that had come out before, which is neither missed nor lost; none where there is one verdict for
    /// each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emitted_twice_count: Option<u64>,
    /// Digest of every decision in order: equal for equal seeds.
    pub output_digest: String,
    /// How this compares with the promise.
    pub judgement: Judgement,
    /// Pipelines that the keys were split among; their figures are added up here.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub pipelines_count: u32,
    /// Where these are the figures of some of the pipelines: what it takes to judge them all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartFigures>,
}

pub(super) fn one() -> u32 {
    1
}

pub(super) fn is_one(count: &u32) -> bool {
    *count == 1
}

/// Some of the pipelines of a cell, and what the whole is judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartFigures {
    /// Which they are.
    pub pipelines: Vec<PipelineFigures>,
    /// What is promised of misses among the copies of the window, whatever pipeline they are in.
    pub missed: PromisedBound,
    /// What is promised of losses among the unique pings.
    pub lost: PromisedBound,
    /// Why the promise does not speak of any of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Judgement>,
    /// What theory says of each, which get their shares of the keys; nothing where it does not speak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreseen: Vec<Foreseen>,
}

/// What theory says of the copies of one cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Foreseen {
    /// The cause of the duplicates.
    pub cause: String,
    /// What lets copies through, as a phrase.
    pub because: String,
    /// The share that is let through.
    pub live: ForeseenShare,
    /// The share that the nightly job leaves, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<ForeseenShare>,
}

/// A share of copies, and how far it may be from what so many of them do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForeseenShare {
    /// The share.
    pub ratio: f64,
    /// The variance of the share over n copies, times n: copies of one ping stand and fall together.
    pub variance_a_copy: f64,
}

impl ForeseenShare {
    /// How many copies that are independent of each other would say as much as `copies` of these.
    pub fn independent(self, copies: u64) -> u64 {
        let alone = self.ratio * (1.0 - self.ratio);
        if self.variance_a_copy <= alone {
            return copies;
        }
        (copies as f64 * alone / self.variance_a_copy).round().max(1.0) as u64
    }
}

/// What has to be known of one pipeline beside its counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineFigures {
    /// Its number, from 1.
    pub number: u32,
    /// Digest of its decisions in order.
    pub output_digest: String,
    /// Pings refused as late that were in time.
    pub refused_in_time_count: u64,
    /// In which way more ids came than its strategy is built for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overload: Option<String>,
    /// In which way its server was too slow for the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fell_behind: Option<String>,
}

/// How much of something a promise allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromisedBound {
    /// Any number.
    Unbounded,
    /// None.
    Never,
    /// At most this share.
    AtMost(f64),
}

/// One fault of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultFigures {
    /// Its kind, as in the scenario: `worker-crash`, `store-killed`.
    pub kind: String,
    /// When it begins, from the start of the stream.
    pub at_ns: u64,
    /// How long it lasts; 0 where it is over at once.
    pub for_ns: u64,
    /// How often it was seen to happen; 0 makes the cell inconclusive.
    pub fired_count: u64,
    /// What was seen of it, as a phrase.
    pub observed: String,
    /// How long its store was away as the stream saw it, in virtual time; none of faults that take no store away.
    #[serde(default)]
    pub outage_ns: Option<u64>,
}

/// What a stream comes to without its faults: the baseline of what they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultlessFigures {
    /// Duplicates delivered.
    pub missed_count: u64,
    /// Those of them that the promise covers.
    pub missed_in_window_count: u64,
    /// Unique pings dropped as duplicates and never delivered.
    pub lost_count: u64,
    /// Those of `lost_count` that share their key with an earlier, distinct ping.
    pub lost_shared_key_count: u64,
    /// Pings that came again before they were decided.
    pub waited_count: u64,
}

impl FaultlessFigures {
    /// Of a run without faults.
    pub fn of(figures: &VerifyFigures) -> FaultlessFigures {
        FaultlessFigures {
            missed_count: figures.missed_count,
            missed_in_window_count: figures.missed_in_window_count,
            lost_count: figures.lost_count,
            lost_shared_key_count: figures.lost_shared_key_count,
            waited_count: figures.waited_ns.as_ref().map_or(0, |waited| waited.count),
        }
    }
}

/// What a nightly job leaves in the stable tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StableFigures {
    /// The job: `nightly` or `nightly-duckdb`.
    pub job: String,
    /// How many days before its own each night looks at.
    pub preceding_days: u32,
    /// Day partitions.
    pub days_count: u64,
    /// Rows in the live partitions.
    pub live_rows_count: u64,
    /// Rows in the stable partitions.
    pub stable_rows_count: u64,
    /// Copies beyond the first that are left.
    pub missed_count: u64,
    /// Unique pings that arrived and are in no stable partition; those refused before the sink (late, stalled, broken id)
    /// left out, as in the live count.
    pub lost_count: u64,
    /// Rows that the job itself dropped because they have no id; their pings are among the lost.
    pub dropped_without_id_count: u64,
    /// Duplicates by cause, those left as missed.
    #[serde(default)]
    pub by_cause: Vec<CauseFigures>,
}

/// What theory says of one cause's duplicates, and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// The cause of the duplicates.
    pub cause: String,
    /// What the prediction is of: the live or the stable tables.
    pub tables: Tables,
    /// What lets copies through, as a phrase: the window on the delays, the capacity, the mark lag, the day's end.
    pub because: String,
    /// Copies.
    pub duplicate_count: u64,
    /// Of those, seen delivered.
    pub missed_count: u64,
    /// The share of them that theory says.
    pub predicted_ratio: f64,
    /// How many independent copies would say as much: copies of one ping stand and fall together. The interval of the
    /// share that was seen is that of a share of so many cases.
    #[serde(default)]
    pub independent_count: u64,
}

/// Which tables a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tables {
    /// What reached the sink.
    Live,
    /// What the nightly job leaves.
    Stable,
}

impl Tables {
    /// Both of them.
    pub const ALL: [Tables; 2] = [Tables::Live, Tables::Stable];

    /// Its name in records and tables.
    pub fn name(self) -> &'static str {
        match self {
            Tables::Live => "live",
            Tables::Stable => "stable",
        }
    }
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
    /// Pings judged in the closed loop while its clock ran.
    pub judged_count: u64,
    /// Pings judged before that: of systems, the first half, as programs that compile themselves get faster for seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up_count: Option<u64>,
    /// How long it took until the first ping could be judged: the start of a server and of programs, and tables that are set
    /// up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<u64>,
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
    /// Clients that loaded one store at once; their figures are added up here.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub clients_count: u32,
    /// Where these are the figures of some of the clients: their numbers, from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<u32>,
    /// How long the threads of the open loop took together; only where there is a store beside the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads_ns: Option<u64>,
    /// Of that, how long they ran, or waited for a processor: the rest they waited for the store, or for a ping to be due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads_ran_ns: Option<u64>,
}

/// Memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeighFigures {
    /// Bytes an id of the window while the most ids were tracked; none where the strategy tracks none. An id that was
    /// held, of the window or older, in records without `window_ids_count`.
    pub bytes_per_id: Option<f64>,
    /// Distinct ids of the stream in the window that ended at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ids_count: Option<u64>,
    /// What the strategy plans for by its settings, where it plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_bytes: Option<u64>,
    /// What it held once half as many pings were judged as the window has ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_bytes: Option<u64>,
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
    /// What the programs of a system took at their largest above what they took before, where they are clients of a server that is
    /// weighed: on no account above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs_bytes: Option<u64>,
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
