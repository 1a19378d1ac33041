//! The metrics of one strategy over its rounds.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::metrics::{self, Metric, Reading, Times};
use crate::record::{CellRecord, CellResult, Latency, VerifyFigures};
use crate::stats::Spread;

/// What each metric of [`metrics::ALL`] is over all rounds, by its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(BTreeMap<&'static str, Value>);

/// A metric over several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// Over all rounds together: a sum of counts, a percentile of all times, the median of what else is measured.
    pub value: f64,
    /// How far rounds differ; a sum of counts has no range.
    pub spread: Spread,
}

/// The distributions of all rounds together, where there are some.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merged<'a> {
    pub(super) held: Option<&'a Latency>,
    pub(super) waited: Option<&'a Latency>,
    pub(super) latency: Option<&'a Latency>,
    pub(super) service: Option<&'a Latency>,
}

impl<'a> Merged<'a> {
    /// A distribution, and whose it is where that depends on what there is.
    fn get(self, times: Times) -> Option<(Times, &'a Latency)> {
        let merged = match times {
            Times::Waiting if self.held.is_some() => return self.get(Times::Held),
            Times::Waiting => return self.get(Times::Latency),
            Times::Held => self.held,
            Times::Waited => self.waited,
            Times::Latency => self.latency,
            Times::Service => self.service,
        };
        Some((times, merged?))
    }
}

impl Values {
    /// Of the cells of one strategy, whose distributions are `merged`.
    pub(super) fn of(cells: &[&CellRecord], merged: Merged<'_>) -> Values {
        let metrics = metrics::ALL.iter().chain(&metrics::WAITING);
        let value = |metric: &&'static Metric| Some((metric.name, value(metric, cells, merged)?));
        Values(metrics.filter_map(value).collect())
    }

    /// A metric; none where it was not measured.
    pub fn get(&self, metric: &Metric) -> Option<Value> {
        self.0.get(metric.name).copied()
    }
}

/// By name; null where a metric was not measured.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(metrics::ALL.len()))?;
        for metric in metrics::ALL {
            match self.get(metric).map(|value| value.value) {
                Some(whole) if whole.fract() == 0.0 && (0.0..9e15).contains(&whole) => {
                    map.serialize_entry(metric.name, &(whole as u64))?;
                }
                value => map.serialize_entry(metric.name, &value)?,
            }
        }
        map.end()
    }
}

fn value(metric: &Metric, cells: &[&CellRecord], merged: Merged<'_>) -> Option<Value> {
    match metric.reading {
        Reading::Count(_) => {
            let rounds: Vec<&VerifyFigures> = cells
                .iter()
                .filter_map(|cell| match &cell.result {
                    CellResult::Verify(figures) => Some(figures.as_ref()),
                    _ => None,
                })
                .collect();
            let sum = metric.sum(rounds.iter().copied())? as f64;
            let spread = Spread { median: sum, min: sum, max: sum, rounds_count: rounds.len() as u32 };
            (!rounds.is_empty()).then_some(Value { value: sum, spread })
        }
        Reading::Speed(_) | Reading::Memory(_) => {
            let spread = Spread::of(cells.iter().filter_map(|cell| metric.of_cell(&cell.result)))?;
            Some(Value { value: spread.median, spread })
        }
        Reading::Times(times, percentile) => {
            let (times, merged) = merged.get(times)?;
            let rounds = cells.iter().filter_map(|cell| times.of(&cell.result));
            let spread = Spread::of(rounds.map(|times| percentile(times) as f64))?;
            Some(Value { value: percentile(merged) as f64, spread })
        }
    }
}
