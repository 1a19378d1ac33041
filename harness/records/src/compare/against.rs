//! Puts each row beside the same strategy in a baseline.

use std::collections::BTreeSet;

use super::block::{Block, scenarios, strategies, stream};
use super::change::{Change, Difference, Differences, Ratio};
use super::error::CompareError;
use super::measured::WeighSummary;
use super::row::Row;
use super::summary::Summary;
use crate::filter::Filter;
use crate::metrics::Metric;
use crate::record::{CellRecord, HistogramError, Run};

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
    let (common_now, common_then) = (of_common(now)?, of_common(then)?);
    let difference = |metric: &'static Metric| match metric.is_count() {
        true => {
            let (now, then) = (common_now.value(metric)?, common_then.value(metric)?);
            Some(Difference::Count(now as i64 - then as i64))
        }
        false => Ratio::of(row.summary.spread(metric), old.summary.spread(metric)).map(Difference::Ratio),
    };
    Ok(Some(Change {
        against: baseline.label(),
        rounds_count: common.len() as u32,
        was: old.standing,
        metrics: Differences::by(difference),
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
    let held = |row: &Row| row.summary.weigh.as_ref().map(WeighSummary::is_per_id_held);
    if let (Some(now), Some(then)) = (held(row), held(old))
        && now != then
    {
        caveats.push("with mem per id held on one side, per id of the window on the other".to_string());
    }
    caveats
}
