//! The rounds of one strategy, merged, whatever the passes measured.

use serde::Serialize;

use super::impacted::ImpactSummary;
use super::measured::{LatencySummary, ScaleSummary, TimeSummary, WeighSummary};
use super::values::{Merged, Values};
use super::verified::VerifySummary;
use crate::metrics::Metric;
use crate::record::{CellRecord, CellResult, HistogramError};
use crate::stats::Spread;

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
    /// The numbers that people read, the rounds added up; of those that are of other days or values, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<Box<ImpactSummary>>,
    /// Every metric of the list.
    pub metrics: Values,
}

impl Summary {
    /// Of the cells of one strategy.
    pub(super) fn of(cells: &[&CellRecord]) -> Result<Summary, HistogramError> {
        let mut verify = Vec::new();
        let mut time = Vec::new();
        let mut weigh = Vec::new();
        let mut scale = Vec::new();
        let mut impact = Vec::new();
        for cell in cells {
            match &cell.result {
                CellResult::Verify(figures) => verify.push(figures.as_ref()),
                CellResult::Time(figures) => time.push(figures.as_ref()),
                CellResult::Weigh(figures) => weigh.push(figures.as_ref()),
                CellResult::Scale(figures) => scale.push(figures.as_ref()),
                CellResult::Impact(figures) => impact.push(figures.as_ref()),
                CellResult::Skipped { .. } | CellResult::Failed { .. } => {}
            }
        }
        let mut summary = Summary {
            verify: VerifySummary::of(&verify)?,
            time: TimeSummary::of(&time)?,
            weigh: WeighSummary::of(&weigh),
            scale: ScaleSummary::of(&scale)?,
            impact: ImpactSummary::of(&impact),
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
