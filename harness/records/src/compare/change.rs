//! What changed against a baseline.

use serde::Serialize;

use super::standing::Standing;
use crate::stats::Spread;

/// The change of one row against the same strategy in the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The baseline's label.
    pub against: String,
    /// Rounds that both have; counts are compared over these.
    pub rounds_count: u32,
    /// How the strategy stood.
    pub was: Standing,
    /// Missed now less missed then.
    pub missed_count: Option<i64>,
    /// Missed in window now less then.
    pub missed_in_window_count: Option<i64>,
    /// Lost now less lost then.
    pub lost_count: Option<i64>,
    /// Delayed now less delayed then.
    pub delayed_count: Option<i64>,
    /// Throughput.
    pub throughput: Option<Ratio>,
    /// Median of the time that a ping waits.
    pub p50: Option<Ratio>,
    /// 99th percentile.
    pub p99: Option<Ratio>,
    /// 99.9th percentile.
    pub p999: Option<Ratio>,
    /// Bytes an id.
    pub bytes_per_id: Option<Ratio>,
    /// Circumstances that differ: the machine, the settings.
    pub caveats: Vec<String>,
}

/// A figure that is measured, now over then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// Ratio of the medians.
    pub ratio: f64,
    /// Whether the rounds tell them apart.
    pub certainty: Certainty,
}

/// Whether the rounds of two measurements tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The ranges have no value in common.
    Apart,
    /// The ranges overlap.
    Overlap,
    /// One of them has but a single round, and so no range.
    OneRound,
}

impl Ratio {
    pub(super) fn of(now: Option<Spread>, then: Option<Spread>) -> Option<Ratio> {
        let (now, then) = (now?, then?);
        let certainty = match now.rounds_count.min(then.rounds_count) {
            0 | 1 => Certainty::OneRound,
            _ if now.overlaps(&then) => Certainty::Overlap,
            _ => Certainty::Apart,
        };
        (then.median > 0.0).then(|| Ratio { ratio: now.median / then.median, certainty })
    }
}
