//! What changed against a baseline.

use serde::{Serialize, Serializer};

use super::standing::Standing;
use crate::metrics::{
    BYTES_PER_ID, DELAYED, LOST, MISSED, MISSED_IN_WINDOW, Metric, THROUGHPUT, WAITING_P50, WAITING_P99,
    WAITING_P999,
};
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
    /// The metrics of [`COMPARED`].
    #[serde(flatten)]
    pub metrics: Differences,
    /// Circumstances that differ: the machine, the settings.
    pub caveats: Vec<String>,
}

/// A metric of which a comparison says how it changed.
#[derive(Debug)]
pub struct Compared {
    /// The metric.
    pub metric: &'static Metric,
    /// Its name among the changes of a row.
    pub name: &'static str,
    /// The column of its change in CSV.
    pub column: &'static str,
}

/// What is compared.
pub static COMPARED: [Compared; 9] = [
    Compared { metric: &MISSED, name: "missed_count", column: "missed_change_count" },
    Compared {
        metric: &MISSED_IN_WINDOW,
        name: "missed_in_window_count",
        column: "missed_in_window_change_count",
    },
    Compared { metric: &LOST, name: "lost_count", column: "lost_change_count" },
    Compared { metric: &DELAYED, name: "delayed_count", column: "delayed_change_count" },
    Compared { metric: &THROUGHPUT, name: "throughput", column: "throughput_change_ratio" },
    Compared { metric: &WAITING_P50, name: "p50", column: "latency_p50_change_ratio" },
    Compared { metric: &WAITING_P99, name: "p99", column: "latency_p99_change_ratio" },
    Compared { metric: &WAITING_P999, name: "p999", column: "latency_p999_change_ratio" },
    Compared { metric: &BYTES_PER_ID, name: "bytes_per_id", column: "bytes_per_id_change_ratio" },
];

/// How each metric of [`COMPARED`] changed; none where it cannot be said.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences(Vec<Option<Difference>>);

/// How a metric changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Difference {
    /// A count now less then, over the rounds that both have.
    Count(i64),
    /// A measurement now over then.
    Ratio(Ratio),
}

impl Differences {
    /// By this function of a metric.
    pub(super) fn by(difference: impl Fn(&'static Metric) -> Option<Difference>) -> Differences {
        Differences(COMPARED.iter().map(|compared| difference(compared.metric)).collect())
    }

    /// How `metric` changed; none where it cannot be said, or is not compared.
    pub fn of(&self, metric: &Metric) -> Option<Difference> {
        let index = COMPARED.iter().position(|compared| compared.metric == metric)?;
        self.0[index]
    }

    /// All that can be said.
    pub fn iter(&self) -> impl Iterator<Item = Difference> {
        self.0.iter().copied().flatten()
    }
}

/// By name, in the order of [`COMPARED`].
impl Serialize for Differences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COMPARED.iter().map(|compared| compared.name).zip(&self.0))
    }
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
