//! From the slices of one round to one log ratio for each figure.

use std::collections::BTreeMap;

use dedup_records::metrics::{Metric, SERVICE_P50, SERVICE_P99, SERVICE_P999, THROUGHPUT};

use super::stats::{FEWEST, trimmed_mean};
use super::worker::protocol::Measured;

/// What is compared.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Time for a slice as a whole.
    Throughput,
    /// Time for a batch: the median.
    P50,
    /// Time for a batch: the 99th percentile.
    P99,
    /// Time for a batch: the 99.9th percentile.
    P999,
}

impl Figure {
    /// All of them.
    pub const ALL: [Figure; 4] = [Figure::Throughput, Figure::P50, Figure::P99, Figure::P999];

    /// What it is a ratio of.
    pub fn metric(self) -> &'static Metric {
        match self {
            Figure::Throughput => &THROUGHPUT,
            Figure::P50 => &SERVICE_P50,
            Figure::P99 => &SERVICE_P99,
            Figure::P999 => &SERVICE_P999,
        }
    }

    /// Its name: that of the metric without a unit, for a ratio has none.
    pub fn name(self) -> &'static str {
        let name = self.metric().name;
        name.trim_start_matches("service_").trim_end_matches("_per_s").trim_end_matches("_ns")
    }

    /// Whether it is about the slowest batches, which vary more.
    pub fn is_tail(self) -> bool {
        matches!(self, Figure::P99 | Figure::P999)
    }

    /// The percentile, and how many batches it takes to tell it from the slowest.
    fn percentile(self) -> Option<(f64, usize)> {
        match self {
            Figure::Throughput => None,
            Figure::P50 => Some((0.5, 1)),
            Figure::P99 => Some((0.99, 100)),
            Figure::P999 => Some((0.999, 1000)),
        }
    }
}

/// The same slice of pings, judged by both.
#[derive(Clone, Debug)]
pub struct Pair {
    /// By the program as it was.
    pub base: Measured,
    /// By the program as it is to be.
    pub candidate: Measured,
}

/// The share of a slice for which other programs may have the core before the slice is set aside, and the time that
/// is no matter however short the slice is.
const DISTURBED_SHARE: f64 = 0.02;
const DISTURBED_NS: u64 = 10_000;

impl Pair {
    /// Whether something else ran on the core while one of the two was ready to.
    pub fn is_disturbed(&self) -> bool {
        let disturbed = |side: &Measured| {
            let allowed = DISTURBED_NS.max((side.elapsed_ns() as f64 * DISTURBED_SHARE) as u64);
            side.waited_ns.is_some_and(|waited| waited > allowed)
        };
        disturbed(&self.base) || disturbed(&self.candidate)
    }
}

/// More groups than a trimmed mean needs, because disturbed slices will be missing.
const FEWEST_GROUPS: usize = FEWEST + 1;

/// The figures that can be told by `slices` slices of `batches` batches each.
pub fn resolvable(batches: usize, slices: usize) -> Vec<Figure> {
    let told = |figure: &Figure| {
        let in_a_group = figure.percentile().map_or(1, |(_, needed)| needed.div_ceil(batches.max(1)));
        slices / in_a_group >= FEWEST_GROUPS
    };
    Figure::ALL.into_iter().filter(told).collect()
}

/// The log ratio of each figure, candidate over base: above zero is slower. A figure is missing where there are too few
/// batches to tell it by.
pub fn log_ratios(pairs: &[Pair]) -> BTreeMap<Figure, f64> {
    let of = |figure: Figure| {
        let ratios = match figure.percentile() {
            None => pairs
                .iter()
                .filter_map(|pair| log_ratio(pair.base.elapsed_ns(), pair.candidate.elapsed_ns()))
                .collect(),
            Some((quantile, batches)) => percentile_ratios(pairs, quantile, batches),
        };
        let enough = ratios.len() >= FEWEST;
        Some((figure, trimmed_mean(&ratios).filter(|_| enough)?))
    };
    Figure::ALL.into_iter().filter_map(of).collect()
}

/// Ratios of a percentile, each over as many neighbouring slices as have `batches` batches.
fn percentile_ratios(pairs: &[Pair], quantile: f64, batches: usize) -> Vec<f64> {
    let in_one = pairs.first().map_or(1, |pair| pair.base.batch_ns.len().max(1));
    let groups = pairs.chunks_exact(batches.div_ceil(in_one));
    groups
        .filter_map(|group| {
            let of = |side: fn(&Pair) -> &Measured| {
                percentile(group.iter().flat_map(|pair| side(pair).batch_ns.iter().copied()), quantile)
            };
            log_ratio(of(|pair| &pair.base)?, of(|pair| &pair.candidate)?)
        })
        .collect()
}

/// By nearest rank.
fn percentile(values: impl Iterator<Item = u64>, quantile: f64) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    let rank = (values.len() as f64 * quantile).ceil() as usize;
    let index = rank.saturating_sub(1);
    (index < values.len()).then(|| *values.select_nth_unstable(index).1)
}

fn log_ratio(base: u64, candidate: u64) -> Option<f64> {
    (base > 0 && candidate > 0).then(|| (candidate as f64 / base as f64).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(batch_ns: Vec<u64>) -> Measured {
        Measured { batch_ns, waited_ns: Some(0) }
    }

    /// Slices of `batches` batches, the candidate's times those of the base times `factor`.
    fn pairs(slices: u64, batches: u64, factor: f64) -> Vec<Pair> {
        let base = |slice| (0..batches).map(|i| 1000 + (slice * 37 + i * 11) % 100).collect::<Vec<u64>>();
        let scaled = |times: Vec<u64>| times.iter().map(|t| (*t as f64 * factor).round() as u64).collect();
        (0..slices)
            .map(|slice| Pair { base: measured(base(slice)), candidate: measured(scaled(base(slice))) })
            .collect()
    }

    #[test]
    fn names_are_those_of_metrics_and_of_recorded_verdicts() {
        let names = Figure::ALL.map(Figure::name);
        assert_eq!(names, ["throughput", "p50", "p99", "p999"]);
        for figure in Figure::ALL {
            assert_eq!(serde_json::to_value(figure).unwrap(), figure.name());
        }
    }

    #[test]
    fn what_takes_a_tenth_longer_has_that_ratio_in_every_figure() {
        let ratios = log_ratios(&pairs(60, 100, 1.1));
        assert_eq!(ratios.len(), 4);
        ratios.values().for_each(|ratio| assert!((ratio - 1.1f64.ln()).abs() < 0.001, "{ratio}"));
    }

    #[test]
    fn a_percentile_is_told_only_where_there_are_enough_batches_for_it() {
        let figures =
            |slices, batches| log_ratios(&pairs(slices, batches, 1.0)).into_keys().collect::<Vec<_>>();
        assert_eq!(figures(60, 15), [Figure::Throughput, Figure::P50, Figure::P99]);
        assert_eq!(figures(60, 5), [Figure::Throughput, Figure::P50]);
        assert_eq!(figures(4, 5), []);
        assert_eq!(figures(0, 0), []);
    }

    #[test]
    fn a_stall_in_one_slice_does_not_move_the_round() {
        let mut pairs = pairs(60, 100, 1.0);
        pairs[7].candidate.batch_ns[3] = 50_000_000;
        let ratios = log_ratios(&pairs);
        assert!(ratios.values().all(|ratio| ratio.abs() < 1e-9), "{ratios:?}");
    }

    #[test]
    fn a_slice_is_disturbed_when_its_worker_had_to_wait_for_the_core() {
        let mut pair = pairs(1, 100, 1.0).remove(0);
        assert!(!pair.is_disturbed());
        pair.candidate.waited_ns = Some(20_000);
        assert!(pair.is_disturbed(), "20 of 105 us");
        pair.candidate.waited_ns = None;
        assert!(!pair.is_disturbed(), "where the system does not say");
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let of = |quantile| percentile(1..=1000, quantile);
        assert_eq!((of(0.5), of(0.99), of(0.999)), (Some(500), Some(990), Some(999)));
        assert_eq!(percentile([].into_iter(), 0.5), None);
    }
}
