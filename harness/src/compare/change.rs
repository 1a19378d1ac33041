//! What changed against a baseline.

use std::collections::BTreeSet;

use serde::Serialize;

use super::CompareError;
use super::block::{Block, scenarios, strategies, stream};
use super::row::{Row, Standing};
use super::summary::Summary;
use crate::filter::Filter;
use crate::record::{CellRecord, Run};
use crate::stats::{HistogramError, Spread};

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
    fn of(now: Option<Spread>, then: Option<Spread>) -> Option<Ratio> {
        let (now, then) = (now?, then?);
        let certainty = match now.rounds_count.min(then.rounds_count) {
            0 | 1 => Certainty::OneRound,
            _ if now.overlaps(&then) => Certainty::Overlap,
            _ => Certainty::Apart,
        };
        (then.median > 0.0).then(|| Ratio { ratio: now.median / then.median, certainty })
    }
}

/// Adds to each row its change against `baseline`. Rows that the baseline does not have stay as they are.
pub(super) fn add(
    blocks: &mut [Block],
    runs: &[Run],
    labels: &[String],
    baseline: &Run,
) -> Result<(), CompareError> {
    let mut any = false;
    let old = scenarios(baseline, &Filter::default());
    for block in blocks {
        let Some((_, then)) = old.iter().find(|(scenario, _)| *scenario == block.stream.scenario) else {
            continue;
        };
        check(block, baseline, then)?;
        for row in &mut block.rows {
            let then = strategies(then).into_iter().find(|(strategy, _)| *strategy == row.strategy);
            let run = runs.iter().zip(labels).find(|(_, label)| **label == row.run).map(|(run, _)| run);
            let (Some((_, then)), Some(run)) = (then, run) else { continue };
            let now: Vec<&CellRecord> = run
                .cells
                .iter()
                .filter(|cell| cell.scenario == block.stream.scenario && cell.strategy == row.strategy)
                .collect();
            row.change =
                change(row, &now, run, &then, baseline).map_err(|source| CompareError::Histogram {
                    run: baseline.label(),
                    scenario: block.stream.scenario.clone(),
                    strategy: row.strategy.clone(),
                    source,
                })?;
            any |= row.change.is_some();
        }
    }
    match any {
        true => Ok(()),
        false => Err(CompareError::NoBaseline { baseline: baseline.label() }),
    }
}

/// Refuses a baseline that saw another stream.
fn check(block: &Block, baseline: &Run, then: &[&CellRecord]) -> Result<(), CompareError> {
    let old = stream(baseline, &baseline.label(), &block.stream.scenario, then)?;
    let new = &block.stream;
    let unlike = |difference: String| {
        Err(CompareError::Baseline {
            scenario: new.scenario.clone(),
            run: block.runs.join(", "),
            baseline: baseline.label(),
            difference,
        })
    };
    if new.scenario_digest != old.scenario_digest {
        let (now, then) = (&new.scenario_digest, &old.scenario_digest);
        return unlike(format!("scenario digest {now}, but {then}"));
    }
    let other = new.round_seeds.iter().find_map(|(round, now)| {
        old.round_seeds.get(round).filter(|then| *then != now).map(|then| (round, now, then))
    });
    match other {
        Some((round, now, then)) => unlike(format!("seed {now} of round {}, but {then}", round + 1)),
        None => Ok(()),
    }
}

fn change(
    row: &Row,
    now: &[&CellRecord],
    run: &Run,
    then: &[&CellRecord],
    baseline: &Run,
) -> Result<Option<Change>, HistogramError> {
    let old = Row::of("", then)?;
    let rounds = |cells: &[&CellRecord]| cells.iter().map(|cell| cell.round).collect::<BTreeSet<u32>>();
    let common: BTreeSet<u32> = rounds(now).intersection(&rounds(then)).copied().collect();
    if common.is_empty() {
        return Ok(None);
    }
    let of_common = |cells: &[&CellRecord]| {
        let cells: Vec<&CellRecord> =
            cells.iter().copied().filter(|cell| common.contains(&cell.round)).collect();
        Summary::of(&cells)
    };
    let counts = (of_common(now)?.verify, of_common(then)?.verify);
    let difference = |count: fn(&super::VerifySummary) -> u64| match &counts {
        (Some(now), Some(then)) => Some(count(now) as i64 - count(then) as i64),
        _ => None,
    };
    let waits = (row.summary.waiting().map(|w| w.0), old.summary.waiting().map(|w| w.0));
    let wait = |percentile: fn(&super::LatencySummary) -> Spread| {
        Ratio::of(waits.0.map(percentile), waits.1.map(percentile))
    };
    let throughput = |summary: &Summary| summary.time.as_ref().map(|time| time.throughput_per_s);
    let memory = |summary: &Summary| summary.weigh.as_ref().and_then(|weigh| weigh.bytes_per_id);
    Ok(Some(Change {
        against: baseline.label(),
        rounds_count: common.len() as u32,
        was: old.standing,
        missed_count: difference(|v| v.missed_count),
        missed_in_window_count: difference(|v| v.missed_in_window_count),
        lost_count: difference(|v| v.lost_count),
        delayed_count: difference(|v| v.delayed_count),
        throughput: Ratio::of(throughput(&row.summary), throughput(&old.summary)),
        p50: wait(|w| w.p50),
        p99: wait(|w| w.p99),
        p999: wait(|w| w.p999),
        bytes_per_id: Ratio::of(memory(&row.summary), memory(&old.summary)),
        caveats: caveats(row, run, &old, baseline),
    }))
}

fn caveats(row: &Row, run: &Run, old: &Row, baseline: &Run) -> Vec<String> {
    let mut caveats = Vec::new();
    if run.run.machine != baseline.run.machine {
        caveats.push("on another machine".to_string());
    }
    if row.settings != old.settings {
        caveats.push("with other settings".to_string());
    }
    if run.run.tool.profile != baseline.run.tool.profile || run.run.tool.rustc != baseline.run.tool.rustc {
        caveats.push("built with another compiler or profile".to_string());
    }
    caveats
}
