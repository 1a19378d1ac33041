//! Time and memory of a strategy against the ids that it holds, and what that says of other numbers of ids.

mod origin;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::record::{
    CellRecord, CellResult, HistogramError, Machine, NotReached, Run, ScaleFigures, ScalePoint, merged,
};
use crate::stats::Spread;

pub use origin::{Known, Origin};
pub use reading::Figure;

/// A strategy on a machine, from few ids to many; over the rounds of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The strategy as it was asked for: `lru:capacity=1000000`.
    pub strategy: String,
    /// The scenario that gave window, batch and payload.
    pub scenario: String,
    /// The window, in which the ids come.
    pub window_ns: Option<u64>,
    /// Pings a batch.
    pub batch_count: u32,
    /// The machine.
    pub machine: Machine,
    /// The build profile of the program: figures of `debug` say nothing of production.
    pub profile: String,
    /// From few ids to many.
    pub points: Vec<CurvePoint>,
    /// The first number of ids that was asked for and not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_reached: Option<NotReached>,
}

/// One number of ids.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Distinct ids in a window.
    pub ids_count: u64,
    /// Every setting with its value, defaults for this number of ids included.
    pub settings: BTreeMap<String, String>,
    /// Time a ping while the window fills; the median of rounds.
    pub filling_ns: f64,
    /// Time a ping in steady state; the median of rounds.
    pub steady_ns: f64,
    /// The 99th percentile of the time of a batch in steady state; rounds merged.
    pub steady_p99_ns: f64,
    /// Bytes an id of the window; the median of rounds. None where the strategy tracks none.
    pub bytes_per_id: Option<f64>,
    /// Round trips a ping in steady state; none where there is no server.
    pub round_trips_per_ping: Option<f64>,
    /// Share of the copies in steady state that were not let through at once.
    pub recognised_ratio: Option<f64>,
}

impl Curve {
    /// All curves of a run, in order of appearance: one for each scenario and strategy of which the scale pass measured something.
    pub fn of_run(run: &Run) -> Result<Vec<Curve>, HistogramError> {
        let mut groups: Vec<(&CellRecord, Vec<&ScaleFigures>)> = Vec::new();
        for cell in &run.cells {
            let CellResult::Scale(figures) = &cell.result else { continue };
            let same =
                |other: &CellRecord| (&other.scenario, &other.strategy) == (&cell.scenario, &cell.strategy);
            match groups.iter_mut().find(|(first, _)| same(first)) {
                Some((_, rounds)) => rounds.push(figures),
                None => groups.push((cell, vec![figures])),
            }
        }
        groups.into_iter().map(|(cell, rounds)| Curve::of_rounds(run, cell, &rounds)).collect()
    }

    fn of_rounds(run: &Run, cell: &CellRecord, rounds: &[&ScaleFigures]) -> Result<Curve, HistogramError> {
        let (points, not_reached) = points(rounds)?;
        Ok(Curve {
            strategy: cell.strategy.clone(),
            scenario: cell.scenario.clone(),
            window_ns: cell.window_ns,
            batch_count: cell.batch_count,
            machine: run.run.machine.clone(),
            profile: run.run.tool.profile.clone(),
            points,
            not_reached,
        })
    }
}

/// The points of some rounds together, and the first number of ids that no round reached.
pub(crate) fn points(
    rounds: &[&ScaleFigures],
) -> Result<(Vec<CurvePoint>, Option<NotReached>), HistogramError> {
    let all = || rounds.iter().flat_map(|round| &round.points);
    let sizes: BTreeSet<u64> = all().map(|point| point.ids_count).collect();
    let at = |ids: u64| all().filter(|point| point.ids_count == ids).collect::<Vec<_>>();
    let points =
        sizes.iter().filter_map(|ids| CurvePoint::of(&at(*ids)).transpose()).collect::<Result<_, _>>()?;
    let missing = rounds.iter().filter_map(|round| round.not_reached.as_ref());
    let not_reached = missing.filter(|one| !sizes.contains(&one.ids_count)).max_by_key(|one| one.ids_count);
    // Where one round came to its end, nothing is missing.
    let is_whole = rounds.iter().any(|round| round.not_reached.is_none());
    Ok((points, not_reached.filter(|_| !is_whole).cloned()))
}

impl CurvePoint {
    /// Of the same number of ids in some rounds; none for no rounds.
    fn of(rounds: &[&ScalePoint]) -> Result<Option<CurvePoint>, HistogramError> {
        let Some(first) = rounds.first() else { return Ok(None) };
        let Some(batches) = merged(rounds.iter().map(|round| &round.steady_batch_ns))? else {
            return Ok(None);
        };
        let median = |figure: fn(&ScalePoint) -> f64| {
            Spread::of(rounds.iter().map(|round| figure(round))).map_or(0.0, |spread| spread.median)
        };
        let some = |figure: fn(&ScalePoint) -> Option<f64>| {
            Spread::of(rounds.iter().filter_map(|round| figure(round))).map(|spread| spread.median)
        };
        let sum = |count: fn(&ScalePoint) -> u64| rounds.iter().map(|round| count(round)).sum::<u64>();
        let copies = sum(|point| point.copies_count);
        Ok(Some(CurvePoint {
            ids_count: first.ids_count,
            settings: first.settings.clone(),
            filling_ns: median(ScalePoint::filling_ns_per_ping),
            steady_ns: median(ScalePoint::steady_ns_per_ping),
            steady_p99_ns: batches.p99 as f64,
            bytes_per_id: some(ScalePoint::bytes_per_id),
            round_trips_per_ping: some(ScalePoint::round_trips_per_ping),
            recognised_ratio: (copies > 0)
                .then(|| sum(|point| point.recognised_count) as f64 / copies as f64),
        }))
    }
}
