//! Figures that are the same on every machine, and what it means when one of them changes.

use dedup_records::metrics::{ALL, Metric};
use serde::{Deserialize, Serialize};

use super::verdict::About;
use crate::record::{CellRecord, CellResult, VerifyFigures};

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

/// Whether a metric is about right and wrong answers.
pub fn is_about_correctness(metric: &str) -> bool {
    Metric::named(metric).is_some_and(Metric::is_about_correctness)
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

/// The exact figures of one cell: those of the list that have a tolerance.
pub fn figures(cell: &CellRecord) -> Vec<Exact> {
    ALL.iter().filter_map(|metric| exact(metric, &cell.result)).collect()
}

fn exact(metric: &Metric, result: &CellResult) -> Option<Exact> {
    let value = metric.of_cell(result)? as u64;
    let tolerance_ppm = metric.tolerance?.ppm(value, result)?;
    Some(Exact { metric: metric.name.to_string(), value, tolerance_ppm })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::sample;

    #[test]
    fn what_has_a_tolerance_in_the_list_is_held_and_nothing_else() {
        let mut cells = sample::exact();
        let in_process: Vec<Exact> = cells.iter().flat_map(figures).collect();
        for cell in &mut cells {
            if let CellResult::Weigh(figures) = &mut cell.result {
                figures.server_used_bytes = Some(1_000_000);
            }
        }
        let beside_a_server: Vec<Exact> = cells.iter().flat_map(figures).collect();
        let names = |found: &[Exact]| found.iter().map(|exact| exact.metric.clone()).collect::<BTreeSet<_>>();
        let listed = ALL.iter().filter(|metric| metric.tolerance.is_some());
        let listed: BTreeSet<String> = listed.map(|metric| metric.name.to_string()).collect();
        let (without, with) = (names(&in_process), names(&beside_a_server));
        assert_eq!(without.union(&with).cloned().collect::<BTreeSet<_>>(), listed);
        let differ: Vec<&String> = without.symmetric_difference(&with).collect();
        assert_eq!(differ, ["emptied_bytes", "live_bytes", "server_used_bytes"]);
    }

    #[test]
    fn the_fewer_bytes_there_are_the_more_a_buffer_weighs() {
        let mut cells = sample::exact();
        let CellResult::Weigh(weighed) = &mut cells[5].result else { panic!("the sixth cell weighs") };
        (weighed.live_bytes, weighed.emptied_bytes) = (256_000_000, 256);
        let found = figures(&cells[5]);
        let ppm = |name: &str| found.iter().find(|exact| exact.metric == name).unwrap().tolerance_ppm;
        assert_eq!((ppm("live_bytes"), ppm("emptied_bytes"), ppm("peak_ids_count")), (100, 1_000_000, 0));
    }
}
