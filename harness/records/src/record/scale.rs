//! What the scale pass measures: one strategy with more and more ids held.
//!
//! Counts are numerators and denominators, never ratios, so that rounds can be added up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Latency;

/// Time and memory against ids held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScaleFigures {
    /// From few ids to many.
    pub points: Vec<ScalePoint>,
    /// The first number of ids that was asked for and not measured; none where all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_reached: Option<NotReached>,
}

/// A number of ids at which nothing was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotReached {
    /// The ids.
    pub ids_count: u64,
    /// Why, as a phrase.
    pub because: String,
}

/// One number of ids. One worker judges: first a window of new ids while it fills, then windows in which an id leaves for each
/// that comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScalePoint {
    /// Distinct ids in a window.
    pub ids_count: u64,
    /// Every setting with its value, defaults for this number of ids included.
    pub settings: BTreeMap<String, String>,
    /// Pings while the window filled, each with an id of its own.
    pub filling_pings_count: u64,
    /// Time in the strategy while it filled.
    pub filling_ns: u64,
    /// Pings in steady state.
    pub steady_pings_count: u64,
    /// Time in the strategy in steady state.
    pub steady_ns: u64,
    /// Time from a call to its verdicts in steady state, one value a batch: each of its pings waits that long.
    pub steady_batch_ns: Latency,
    /// Round trips to a server in steady state; none where there is no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_round_trips_count: Option<u64>,
    /// Copies among the pings in steady state, each of an id that came in the half window before.
    pub copies_count: u64,
    /// Those of them that were not let through at once.
    pub recognised_count: u64,
    /// Pings with new ids that were taken for copies.
    pub lost_count: u64,
    /// Bytes held in this process and in the server while the most ids were tracked; none where the strategy tracks none.
    pub held_bytes: Option<u64>,
    /// Most ids tracked at once.
    pub peak_ids_count: u64,
    /// Most bytes that the strategy held at once in this process, held payloads included.
    pub live_bytes: u64,
    /// A server's `used_memory` above what it was before, at its largest.
    pub server_used_bytes: Option<u64>,
}

impl ScalePoint {
    /// Bytes an id of the window, as in the weigh pass.
    pub fn bytes_per_id(&self) -> Option<f64> {
        self.held_bytes.map(|bytes| bytes as f64 / self.ids_count.max(1) as f64)
    }

    /// Time a ping while the window fills, ns.
    pub fn filling_ns_per_ping(&self) -> f64 {
        self.filling_ns as f64 / self.filling_pings_count.max(1) as f64
    }

    /// Time a ping in steady state, ns.
    pub fn steady_ns_per_ping(&self) -> f64 {
        self.steady_ns as f64 / self.steady_pings_count.max(1) as f64
    }

    /// Round trips a ping in steady state.
    pub fn round_trips_per_ping(&self) -> Option<f64> {
        self.steady_round_trips_count.map(|trips| trips as f64 / self.steady_pings_count.max(1) as f64)
    }
}
