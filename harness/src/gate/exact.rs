//! Figures that are the same on every machine, and what it means when one of them changes.

use serde::{Deserialize, Serialize};

use super::verdict::About;
use crate::record::{CellRecord, CellResult, VerifyFigures, WeighFigures};

/// A server's bytes depend on its allocator's state: they may be this far apart, in parts per million.
pub const SERVER_BYTES_PPM: u64 = 20_000;

/// Bytes of this process are counted call by call, and exact but for what the harness's own buffers add or not: a few
/// dozen bytes, or this share in parts per million.
pub const LIVE_BYTES_PPM: u64 = 100;
const LIVE_BYTES_SLACK: u64 = 256;

/// Instructions depend a little on values that are compared and on where things lie.
pub const INSTRUCTIONS_PPM: u64 = 5_000;

/// A figure of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exact {
    /// Its name, as in records.
    pub metric: String,
    /// Its value.
    pub value: u64,
    /// How far another value may be above it, in parts per million. Zero where it is exact. A whole number, because a
    /// checksum is reckoned over it.
    #[serde(default)]
    pub tolerance_ppm: u64,
}

impl Exact {
    /// The tolerance as a share.
    pub fn tolerance_ratio(&self) -> f64 {
        self.tolerance_ppm as f64 / 1e6
    }
}

/// Counts by which answers are right or wrong. Fewer are better.
const CORRECTNESS: [&str; 8] = [
    "missed_count",
    "missed_in_window_count",
    "lost_count",
    "delayed_count",
    "late_count",
    "stalled_count",
    "error_count",
    "refused_unique_count",
];

/// Whether a metric is about right and wrong answers.
pub fn is_about_correctness(metric: &str) -> bool {
    CORRECTNESS.contains(&metric)
}

/// What a metric says something of.
pub fn about(metric: &str) -> About {
    if is_about_correctness(metric) { About::Correctness } else { About::Weight }
}

/// The counts by which two cells have seen the same pings or not.
pub fn stream_counts(figures: &VerifyFigures) -> [(&'static str, u64); 3] {
    [
        ("pings", figures.pings_count),
        ("uniques", figures.unique_count),
        ("duplicates", figures.duplicate_count),
    ]
}

/// The exact figures of one cell. Bytes of this process are told only where it is the strategy's own that are counted.
pub fn figures(cell: &CellRecord) -> Vec<Exact> {
    match &cell.result {
        CellResult::Verify(figures) => of_verify(figures),
        CellResult::Weigh(figures) => of_weigh(figures),
        _ => Vec::new(),
    }
}

fn of_verify(figures: &VerifyFigures) -> Vec<Exact> {
    let values = [
        figures.missed_count,
        figures.missed_in_window_count,
        figures.lost_count,
        figures.delayed_count,
        figures.late_count,
        figures.stalled_count,
        figures.error_count,
        figures.refused_unique_count,
    ];
    CORRECTNESS.into_iter().zip(values).map(|(metric, value)| exact(metric, value, 0)).collect()
}

fn of_weigh(figures: &WeighFigures) -> Vec<Exact> {
    let mut all = vec![exact("peak_ids_count", figures.peak_ids_count, 0)];
    match figures.server_used_bytes {
        // Beside a server, what this process holds is buffers whose size depends on how replies happen to arrive.
        Some(bytes) => all.push(exact("server_used_bytes", bytes, SERVER_BYTES_PPM)),
        None => {
            let bytes = |metric, bytes: u64| {
                exact(metric, bytes, LIVE_BYTES_PPM.max(LIVE_BYTES_SLACK * 1_000_000 / bytes.max(1)))
            };
            all.push(bytes("live_bytes", figures.live_bytes));
            all.push(bytes("emptied_bytes", figures.emptied_bytes));
        }
    }
    all
}

fn exact(metric: &str, value: u64, tolerance_ppm: u64) -> Exact {
    Exact { metric: metric.to_string(), value, tolerance_ppm }
}
