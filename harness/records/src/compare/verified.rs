//! Counts of the verify pass, added up over rounds, and what they say beside each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measured::LatencySummary;
use crate::metrics::{
    DELAYED, DUPLICATES, DUPLICATES_IN_WINDOW, EMITTED_TWICE, ERRORS, LATE, LOST, LOST_SHARED_KEY, MISSED,
    MISSED_IN_WINDOW, Metric, PINGS, REDELIVERED, REFUSED_UNIQUES, ROUND_TRIPS, STABLE_LOST, STABLE_MISSED,
    STALLED, UNIQUES, UNJUDGED,
};
use crate::record::{
    CauseFigures, FaultFigures, FaultlessFigures, HistogramError, LagFigures, Prediction, VerifyFigures,
};
use crate::stats::{wilson_95_of_share, wilson_of_share};

/// Counts over all rounds; as in [`VerifyFigures`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the counts are those of VerifyFigures")]
pub struct VerifySummary {
    pub rounds_count: u32,
    pub pings_count: u64,
    pub unique_count: u64,
    pub duplicate_count: u64,
    pub missed_count: u64,
    pub duplicate_in_window_count: u64,
    pub missed_in_window_count: u64,
    pub lost_count: u64,
    pub lost_shared_key_count: u64,
    pub delayed_count: u64,
    pub late_count: u64,
    pub stalled_count: u64,
    pub error_count: u64,
    pub unjudged_count: u64,
    pub refused_unique_count: u64,
    /// The largest of the rounds.
    pub ids_in_window_count: u64,
    pub by_cause: Vec<CauseFigures>,
    pub by_lag: Vec<LagFigures>,
    /// Deliveries by the source beyond an arrival's first.
    pub redelivered_count: u64,
    /// The faults of the scenario; of several rounds, how often each was seen in all, and what was seen in the first.
    pub faults: Vec<FaultFigures>,
    /// What the same streams come to without their faults, where that was run in every round.
    pub faultless: Option<FaultlessFigures>,
    /// Of pings that came again before they were decided: from arrival to that, in virtual time.
    pub waited_ns: Option<LatencySummary>,
    /// For strategies that hold pings: from arrival to release, in virtual time.
    pub held_ns: Option<LatencySummary>,
    /// What theory says, beside what was seen.
    pub predicted: Vec<PredictionSummary>,
    /// What the nightly job left, where it was run in every round.
    pub stable: Option<StableSummary>,
    /// Round trips to a server; none where there is no server.
    pub round_trips_count: Option<u64>,
    /// How often pings came out that had come out before; none where there is one verdict for each.
    pub emitted_twice_count: Option<u64>,
}

/// What the nightly job left, over all rounds; as in [`StableFigures`](crate::record::StableFigures).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the counts are those of StableFigures")]
pub struct StableSummary {
    pub missed_count: u64,
    pub lost_count: u64,
}

/// A prediction over all rounds, and how it stands to what was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictionSummary {
    /// The prediction, counts added up.
    #[serde(flatten)]
    pub prediction: Prediction,
    /// The share that was seen.
    pub seen_ratio: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Whether the prediction lies in it.
    pub stands: Stands,
}

/// Whether theory and observation agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    /// The prediction lies in the interval of what was seen.
    Agrees,
    /// It does not, but is no further out than one of so many predictions of a strategy may be by chance.
    ByChance,
    /// It does not: one of the two is wrong, or, where there is no other prediction, this is one of twenty.
    Disagrees,
}

/// What faults added to what their stream comes to without them; below 0 where there was less of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Duplicates missed.
    pub missed_count: i64,
    /// Those of them that the promise covers.
    pub missed_in_window_count: i64,
    /// Uniques lost, but for those whose id another ping had.
    pub lost_count: i64,
    /// Pings that waited.
    pub waited_count: i64,
}

impl VerifySummary {
    pub(super) fn of(rounds: &[&VerifyFigures]) -> Result<Option<VerifySummary>, HistogramError> {
        if rounds.is_empty() {
            return Ok(None);
        }
        // As the list of metrics reads them: each of these is in every record.
        let sum = |metric: &Metric| metric.sum(rounds.iter().copied()).unwrap_or(0);
        Ok(Some(VerifySummary {
            rounds_count: rounds.len() as u32,
            pings_count: sum(&PINGS),
            unique_count: sum(&UNIQUES),
            duplicate_count: sum(&DUPLICATES),
            missed_count: sum(&MISSED),
            duplicate_in_window_count: sum(&DUPLICATES_IN_WINDOW),
            missed_in_window_count: sum(&MISSED_IN_WINDOW),
            lost_count: sum(&LOST),
            lost_shared_key_count: sum(&LOST_SHARED_KEY),
            delayed_count: sum(&DELAYED),
            late_count: sum(&LATE),
            stalled_count: sum(&STALLED),
            error_count: sum(&ERRORS),
            unjudged_count: sum(&UNJUDGED),
            refused_unique_count: sum(&REFUSED_UNIQUES),
            ids_in_window_count: rounds.iter().map(|f| f.ids_in_window_count).max().unwrap_or(0),
            by_cause: by_cause(rounds),
            by_lag: by_lag(rounds),
            redelivered_count: sum(&REDELIVERED),
            faults: faults(rounds),
            faultless: faultless(rounds),
            waited_ns: LatencySummary::of(rounds.iter().filter_map(|f| f.waited_ns.as_ref()))?,
            held_ns: LatencySummary::of(rounds.iter().filter_map(|f| f.held_ns.as_ref()))?,
            predicted: predicted(rounds),
            stable: stable(rounds),
            round_trips_count: ROUND_TRIPS.sum(rounds.iter().copied()),
            emitted_twice_count: EMITTED_TWICE.sum(rounds.iter().copied()),
        }))
    }

    /// Duplicates that the pipeline made: of pings that had been decided, and that the source delivered again. With the pings
    /// that arrived they are the uniques and the duplicates.
    pub fn made_count(&self) -> u64 {
        (self.unique_count + self.duplicate_count).saturating_sub(self.pings_count)
    }

    /// Uniques lost, but for those whose id another ping had: no strategy could tell these apart.
    pub fn told_apart_lost_count(&self) -> u64 {
        self.lost_count - self.lost_shared_key_count
    }

    /// What the faults added, where the stream was run without them too.
    pub fn added(&self) -> Option<Added> {
        let without = self.faultless?;
        let waited = self.waited_ns.as_ref().map_or(0, |waited| waited.merged.count);
        Some(Added {
            missed_count: self.missed_count as i64 - without.missed_count as i64,
            missed_in_window_count: self.missed_in_window_count as i64
                - without.missed_in_window_count as i64,
            lost_count: self.told_apart_lost_count() as i64
                - (without.lost_count - without.lost_shared_key_count) as i64,
            waited_count: waited as i64 - without.waited_count as i64,
        })
    }

    /// For how long stores were away as the streams saw it, all rounds together; none where no fault took one away.
    pub fn outage_ns(&self) -> Option<u64> {
        let outages: Vec<u64> = self.faults.iter().filter_map(|fault| fault.outage_ns).collect();
        (!outages.is_empty()).then(|| outages.iter().sum())
    }
}

/// The nightly job's counts, if there are some of every round.
fn stable(rounds: &[&VerifyFigures]) -> Option<StableSummary> {
    let sum = |metric: &Metric| metric.sum(rounds.iter().copied());
    Some(StableSummary { missed_count: sum(&STABLE_MISSED)?, lost_count: sum(&STABLE_LOST)? })
}

/// The counts without faults, if there are some of every round.
fn faultless(rounds: &[&VerifyFigures]) -> Option<FaultlessFigures> {
    let rounds: Vec<FaultlessFigures> = rounds.iter().map(|round| round.faultless).collect::<Option<_>>()?;
    Some(FaultlessFigures {
        missed_count: rounds.iter().map(|one| one.missed_count).sum(),
        missed_in_window_count: rounds.iter().map(|one| one.missed_in_window_count).sum(),
        lost_count: rounds.iter().map(|one| one.lost_count).sum(),
        lost_shared_key_count: rounds.iter().map(|one| one.lost_shared_key_count).sum(),
        waited_count: rounds.iter().map(|one| one.waited_count).sum(),
    })
}

/// Predictions of each cause and kind of tables, in the order in which they first appear.
fn predicted(rounds: &[&VerifyFigures]) -> Vec<PredictionSummary> {
    let mut sums: Vec<Prediction> = Vec::new();
    for prediction in rounds.iter().flat_map(|round| &round.predicted) {
        match sums.iter_mut().find(|sum| (&sum.cause, sum.tables) == (&prediction.cause, prediction.tables)) {
            Some(sum) => {
                // Of rounds with different numbers of copies, each counts as much as it has.
                let (one, other) = (sum.duplicate_count as f64, prediction.duplicate_count as f64);
                let missed = one * sum.predicted_ratio + other * prediction.predicted_ratio;
                sum.predicted_ratio = missed / (one + other).max(1.0);
                sum.duplicate_count += prediction.duplicate_count;
                sum.missed_count += prediction.missed_count;
                sum.independent_count += prediction.independent_count;
            }
            None => sums.push(prediction.clone()),
        }
    }
    let beside = sums.len();
    sums.into_iter().map(|sum| PredictionSummary::of(sum, beside)).collect()
}

impl PredictionSummary {
    /// One of `beside` predictions of a strategy.
    fn of(prediction: Prediction, beside: usize) -> Self {
        let seen_ratio = prediction.missed_count as f64 / prediction.duplicate_count.max(1) as f64;
        let interval = wilson_95_of_share(seen_ratio, prediction.independent_count);
        let of_all = wilson_of_share(seen_ratio, prediction.independent_count, deviations_of_all(beside));
        let is_in = |(low, high): (f64, f64)| {
            (low - THEORY_ERROR..=high + THEORY_ERROR).contains(&prediction.predicted_ratio)
        };
        let stands = match beside {
            _ if is_in(interval) => Stands::Agrees,
            2.. if is_in(of_all) => Stands::ByChance,
            _ => Stands::Disagrees,
        };
        PredictionSummary { prediction, seen_ratio, interval, stands }
    }
}

/// Standard deviations beyond which not one of so many predictions lies by chance, but for one time in twenty: Bonferroni's bound
/// on all of them together, with the tail of a normal distribution bounded by `exp(-z^2 / 2)`.
fn deviations_of_all(predictions: usize) -> f64 {
    (2.0 * (predictions as f64 / 0.05).ln()).sqrt()
}

/// How exact the theory's own sums are.
const THEORY_ERROR: f64 = 0.001;

/// Each fault, its counts and outages added up.
fn faults(rounds: &[&VerifyFigures]) -> Vec<FaultFigures> {
    let mut sums: Vec<FaultFigures> = Vec::new();
    for figures in rounds.iter().flat_map(|round| &round.faults) {
        match sums.iter_mut().find(|sum| (&sum.kind, sum.at_ns) == (&figures.kind, figures.at_ns)) {
            Some(sum) => {
                sum.fired_count += figures.fired_count;
                sum.outage_ns = sum.outage_ns.zip(figures.outage_ns).map(|(one, other)| one + other);
            }
            None => sums.push(figures.clone()),
        }
    }
    sums
}

/// Causes in the order in which they first appear.
fn by_cause(rounds: &[&VerifyFigures]) -> Vec<CauseFigures> {
    let mut sums: Vec<CauseFigures> = Vec::new();
    for figures in rounds.iter().flat_map(|round| &round.by_cause) {
        match sums.iter_mut().find(|sum| sum.cause == figures.cause) {
            Some(sum) => {
                sum.duplicate_count += figures.duplicate_count;
                sum.missed_count += figures.missed_count;
            }
            None => sums.push(figures.clone()),
        }
    }
    sums
}

/// Lags from short to long, the open end last.
fn by_lag(rounds: &[&VerifyFigures]) -> Vec<LagFigures> {
    let mut sums: BTreeMap<(bool, Option<u64>), (u64, u64)> = BTreeMap::new();
    for figures in rounds.iter().flat_map(|round| &round.by_lag) {
        let sum = sums.entry((figures.up_to_ns.is_none(), figures.up_to_ns)).or_default();
        sum.0 += figures.duplicate_count;
        sum.1 += figures.missed_count;
    }
    sums.into_iter()
        .map(|((_, up_to_ns), (duplicate_count, missed_count))| LagFigures {
            up_to_ns,
            duplicate_count,
            missed_count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Tables;

    fn stands(missed_count: u64, predicted_ratio: f64, beside: usize) -> Stands {
        let prediction = Prediction {
            cause: "c".to_string(),
            tables: Tables::Live,
            because: "x".to_string(),
            duplicate_count: 1000,
            missed_count,
            predicted_ratio,
            independent_count: 1000,
        };
        PredictionSummary::of(prediction, beside).stands
    }

    #[test]
    fn one_of_many_predictions_may_lie_outside_by_chance_and_none_far_outside() {
        assert_eq!(stands(100, 0.1, 1), Stands::Agrees);
        assert_eq!(stands(100, 0.1, 20), Stands::Agrees);
        // Two and a half deviations.
        assert_eq!(stands(100, 0.125, 1), Stands::Disagrees);
        assert_eq!(stands(100, 0.125, 2), Stands::ByChance);
        assert_eq!(stands(100, 0.125, 20), Stands::ByChance);
        // Six.
        assert_eq!(stands(100, 0.165, 20), Stands::Disagrees);
    }
}
