//! The rounds of one strategy, merged: counts added up, figures as median and range, distributions merged.

use std::collections::BTreeMap;

use serde::Serialize;

use super::values::{Merged, Values};
use crate::curve::CurvePoint;
use crate::metrics::{
    DELAYED, DUPLICATES, DUPLICATES_IN_WINDOW, ERRORS, LATE, LOST, LOST_SHARED_KEY, MISSED, MISSED_IN_WINDOW,
    Metric, PINGS, REDELIVERED, REFUSED_UNIQUES, ROUND_TRIPS, STABLE_LOST, STABLE_MISSED, STALLED, UNIQUES,
    UNJUDGED,
};
use crate::record::{
    CauseFigures, CellRecord, CellResult, FaultFigures, FaultlessFigures, HistogramError, LagFigures,
    Latency, NotReached, Prediction, ScaleFigures, TimeFigures, VerifyFigures, WeighFigures, merged,
};
use crate::stats::{Spread, wilson_95_of_share};

/// What the passes measured, over all rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Robustness.
    pub verify: Option<VerifySummary>,
    /// Speed.
    pub time: Option<TimeSummary>,
    /// Memory.
    pub weigh: Option<WeighSummary>,
    /// Time and memory against ids held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleSummary>,
    /// Every metric of the list.
    pub metrics: Values,
}

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
    /// It does not: one of the two is wrong, or this is one of twenty.
    Disagrees,
}

/// Speed over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeSummary {
    /// Pings a second in the closed loop.
    pub throughput_per_s: Spread,
    /// Threads or connections that judged.
    pub threads_count: u32,
    /// Rate of the open loop.
    pub offered_per_s: Spread,
    /// Rate that it reached.
    pub achieved_per_s: Spread,
    /// From the moment at which a ping was due.
    pub latency_ns: LatencySummary,
    /// From the call.
    pub service_ns: LatencySummary,
}

/// Time and memory against ids held, over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleSummary {
    /// From few ids to many.
    pub points: Vec<CurvePoint>,
    /// The first number of ids that was asked for and not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_reached: Option<NotReached>,
}

/// A distribution over all rounds, and how far its percentiles differ between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySummary {
    /// All rounds together.
    pub merged: Latency,
    /// The medians of the rounds.
    pub p50: Spread,
    /// Their 99th percentiles.
    pub p99: Spread,
    /// Their 99.9th percentiles.
    pub p999: Spread,
}

/// Memory over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeighSummary {
    /// Bytes an id of the window; an id held, where the ids of the window were not counted.
    pub bytes_per_id: Option<Spread>,
    /// Ids of the window; none in records from before they were counted.
    pub window_ids_count: Option<Spread>,
    /// What is planned for by the settings.
    pub planned_bytes: Option<Spread>,
    /// Whether in every round most of what was held is the least size, divided by few ids.
    pub is_least_size: bool,
    /// Most bytes held.
    pub live_bytes: Spread,
    /// Bytes held when the window had emptied.
    pub emptied_bytes: Spread,
    /// High-water mark of the process.
    pub peak_rss_bytes: Spread,
    /// A server's memory.
    pub server_used_bytes: Option<Spread>,
}

/// What faults added to what their stream comes to without them; below 0 where there was less of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Duplicates missed.
    pub missed_count: i64,
    /// Those of them that the promise covers.
    pub missed_in_window_count: i64,
    /// Uniques lost.
    pub lost_count: i64,
    /// Pings that waited.
    pub waited_count: i64,
}

impl VerifySummary {
    /// What the faults added, where the stream was run without them too.
    pub fn added(&self) -> Option<Added> {
        let without = self.faultless?;
        let waited = self.waited_ns.as_ref().map_or(0, |waited| waited.merged.count);
        Some(Added {
            missed_count: self.missed_count as i64 - without.missed_count as i64,
            missed_in_window_count: self.missed_in_window_count as i64
                - without.missed_in_window_count as i64,
            lost_count: self.lost_count as i64 - without.lost_count as i64,
            waited_count: waited as i64 - without.waited_count as i64,
        })
    }

    /// For how long stores were away as the streams saw it, all rounds together; none where no fault took one away.
    pub fn outage_ns(&self) -> Option<u64> {
        let outages: Vec<u64> = self.faults.iter().filter_map(|fault| fault.outage_ns).collect();
        (!outages.is_empty()).then(|| outages.iter().sum())
    }
}

impl Summary {
    /// Of the cells of one strategy.
    pub(super) fn of(cells: &[&CellRecord]) -> Result<Summary, HistogramError> {
        let mut verify = Vec::new();
        let mut time = Vec::new();
        let mut weigh = Vec::new();
        let mut scale = Vec::new();
        for cell in cells {
            match &cell.result {
                CellResult::Verify(figures) => verify.push(figures.as_ref()),
                CellResult::Time(figures) => time.push(figures.as_ref()),
                CellResult::Weigh(figures) => weigh.push(figures.as_ref()),
                CellResult::Scale(figures) => scale.push(figures.as_ref()),
                CellResult::Skipped { .. } | CellResult::Failed { .. } => {}
            }
        }
        let mut summary = Summary {
            verify: VerifySummary::of(&verify)?,
            time: TimeSummary::of(&time)?,
            weigh: WeighSummary::of(&weigh),
            scale: ScaleSummary::of(&scale)?,
            metrics: Values::default(),
        };
        summary.metrics = Values::of(cells, summary.merged());
        Ok(summary)
    }

    fn merged(&self) -> Merged<'_> {
        let held = self.verify.as_ref().and_then(|verify| verify.held_ns.as_ref());
        let waited = self.verify.as_ref().and_then(|verify| verify.waited_ns.as_ref());
        let time = self.time.as_ref();
        Merged {
            held: held.map(|held| &held.merged),
            waited: waited.map(|waited| &waited.merged),
            latency: time.map(|time| &time.latency_ns.merged),
            service: time.map(|time| &time.service_ns.merged),
        }
    }

    /// A metric over all rounds together; none where it was not measured.
    pub fn value(&self, metric: &Metric) -> Option<f64> {
        self.metrics.get(metric).map(|value| value.value)
    }

    /// A metric as median and range of the rounds; none where it was not measured.
    pub fn spread(&self, metric: &Metric) -> Option<Spread> {
        self.metrics.get(metric).map(|value| value.spread)
    }

    /// A count, and how many it is of; none where either was not counted.
    pub fn counts(&self, metric: &Metric) -> Option<(u64, u64)> {
        Some((self.value(metric)? as u64, self.value(metric.of?)? as u64))
    }

    /// The times that matter to whoever waits for a ping, and whether they are virtual: those of holding where pings
    /// are held, else those of the open loop.
    pub fn waiting(&self) -> Option<(&LatencySummary, Clock)> {
        let held = self.verify.as_ref().and_then(|verify| verify.held_ns.as_ref());
        let timed = self.time.as_ref().map(|time| &time.latency_ns);
        held.map(|held| (held, Clock::Virtual)).or(timed.map(|timed| (timed, Clock::Real)))
    }
}

/// The clock that a time was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Real,
    /// The run's own.
    Virtual,
}

impl VerifySummary {
    fn of(rounds: &[&VerifyFigures]) -> Result<Option<VerifySummary>, HistogramError> {
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
        }))
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
    sums.into_iter().map(PredictionSummary::of).collect()
}

impl PredictionSummary {
    fn of(prediction: Prediction) -> Self {
        let seen_ratio = prediction.missed_count as f64 / prediction.duplicate_count.max(1) as f64;
        let interval = wilson_95_of_share(seen_ratio, prediction.independent_count);
        let inside = interval.0 - THEORY_ERROR <= prediction.predicted_ratio
            && prediction.predicted_ratio <= interval.1 + THEORY_ERROR;
        let stands = if inside { Stands::Agrees } else { Stands::Disagrees };
        PredictionSummary { prediction, seen_ratio, interval, stands }
    }
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

impl TimeSummary {
    fn of(rounds: &[&TimeFigures]) -> Result<Option<TimeSummary>, HistogramError> {
        let spread = |figure: fn(&TimeFigures) -> f64| Spread::of(rounds.iter().map(|round| figure(round)));
        let latency_ns = LatencySummary::of(rounds.iter().map(|round| &round.latency_ns))?;
        let service_ns = LatencySummary::of(rounds.iter().map(|round| &round.service_ns))?;
        let summary = || {
            Some(TimeSummary {
                throughput_per_s: spread(|f| f.throughput_per_s)?,
                threads_count: rounds.first()?.threads_count,
                offered_per_s: spread(|f| f.offered_per_s)?,
                achieved_per_s: spread(|f| f.achieved_per_s)?,
                latency_ns: latency_ns?,
                service_ns: service_ns?,
            })
        };
        Ok(summary())
    }
}

impl LatencySummary {
    fn of<'a>(rounds: impl Iterator<Item = &'a Latency>) -> Result<Option<LatencySummary>, HistogramError> {
        let rounds: Vec<&Latency> = rounds.collect();
        let Some(merged) = merged(rounds.iter().copied())? else { return Ok(None) };
        let spread = |percentile: fn(&Latency) -> u64| {
            Spread::of(rounds.iter().map(|round| percentile(round) as f64)).expect("there is a round")
        };
        Ok(Some(LatencySummary {
            merged,
            p50: spread(|round| round.p50),
            p99: spread(|round| round.p99),
            p999: spread(|round| round.p999),
        }))
    }
}

impl ScaleSummary {
    fn of(rounds: &[&ScaleFigures]) -> Result<Option<ScaleSummary>, HistogramError> {
        if rounds.is_empty() {
            return Ok(None);
        }
        let (points, not_reached) = crate::curve::points(rounds)?;
        Ok(Some(ScaleSummary { points, not_reached }))
    }
}

impl WeighSummary {
    /// Whether [`bytes_per_id`](Self::bytes_per_id) is per id held, of the window or not.
    pub fn is_per_id_held(&self) -> bool {
        self.bytes_per_id.is_some() && self.window_ids_count.is_none()
    }

    fn of(rounds: &[&WeighFigures]) -> Option<WeighSummary> {
        let spread =
            |figure: fn(&WeighFigures) -> u64| Spread::of(rounds.iter().map(|round| figure(round) as f64));
        let some = |figure: fn(&WeighFigures) -> Option<u64>| {
            Spread::of(rounds.iter().filter_map(|round| figure(round)).map(|figure| figure as f64))
        };
        Some(WeighSummary {
            bytes_per_id: Spread::of(rounds.iter().filter_map(|round| round.bytes_per_id)),
            window_ids_count: some(|round| round.window_ids_count),
            planned_bytes: some(|round| round.planned_bytes),
            is_least_size: rounds.iter().all(|round| round.is_least_size()),
            live_bytes: spread(|f| f.live_bytes)?,
            emptied_bytes: spread(|f| f.emptied_bytes)?,
            peak_rss_bytes: spread(|f| f.peak_rss_bytes)?,
            server_used_bytes: some(|round| round.server_used_bytes),
        })
    }
}
