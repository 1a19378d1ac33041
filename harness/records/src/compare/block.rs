//! One table's worth of rows: those that share a stream and a machine.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::error::CompareError;
use super::row::Row;
use super::verified::VerifySummary;
use crate::filter::Filter;
use crate::metrics::THROUGHPUT;
use crate::record::{CellRecord, CellResult, Deadlines, Machine, Pass, Routed, Run};

/// Strategies on one stream, on one machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    /// What the rows share.
    pub stream: Stream,
    /// The machine.
    pub machine: Machine,
    /// The labels of the runs that the rows come from.
    pub runs: Vec<String>,
    /// One a strategy and run: the floor, then kept before void before broken, each by throughput.
    pub rows: Vec<Row>,
    /// What could not run.
    pub skipped: Vec<Skipped>,
}

/// What determines the pings and how they were judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stream {
    /// The scenario's name.
    pub scenario: String,
    /// Digest of everything that determines the stream but the seed.
    pub scenario_digest: String,
    /// How far back the scenario wants duplicates recognised.
    pub window_ns: Option<u64>,
    /// Kinds of the faults that happen in it.
    pub faults: Vec<String>,
    /// The run's seed, from which those of the rounds derive.
    pub seed: u64,
    /// The seed of each round.
    pub round_seeds: BTreeMap<u32, u64>,
    /// Pipeline workers; several numbers if cells differ.
    pub workers_counts: BTreeSet<u32>,
    /// Pings a batch; several numbers if cells differ.
    pub batch_counts: BTreeSet<u32>,
    /// Whether workers extend the ack deadlines of what they have in hand.
    pub deadlines: Deadlines,
    /// Which worker a ping goes to.
    pub routed: Routed,
    /// Among how many pipelines the keys of verify cells were split; several numbers if cells differ, none for one alone.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub pipelines_counts: BTreeSet<u32>,
}

/// A strategy that could not run, or not in every pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The strategy.
    pub strategy: String,
    /// The run's label.
    pub run: String,
    /// The passes that were left out.
    pub passes: BTreeSet<Pass>,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Block {
    /// The counts of the row that saw most of the stream (a killed run may have fewer rounds of some strategies); of those the
    /// one for which the pipeline made the fewest copies of its own.
    pub fn widest_verify(&self) -> Option<&VerifySummary> {
        let verified = self.rows.iter().filter_map(|row| row.summary.verify.as_ref());
        verified.max_by_key(|verify| (verify.pings_count, std::cmp::Reverse(verify.made_count())))
    }
}

/// The blocks of `runs`, in the order in which their scenarios appear, those of one scenario together.
pub(super) fn blocks(runs: &[Run], labels: &[String], filter: &Filter) -> Result<Vec<Block>, CompareError> {
    let mut blocks: Vec<Block> = Vec::new();
    for (run, label) in runs.iter().zip(labels) {
        for (scenario, cells) in scenarios(run, filter) {
            let stream = stream(run, label, &scenario, &cells)?;
            let block = block_for(&mut blocks, stream, run);
            block.runs.push(label.clone());
            add(block, label, &cells)?;
        }
    }
    for block in &mut blocks {
        block.rows.sort_by_key(|row| (row.order(), Reverse(throughput(row))));
    }
    let names: Vec<String> = blocks.iter().map(|block| block.stream.scenario.clone()).collect();
    let first = |block: &Block| names.iter().position(|name| *name == block.stream.scenario);
    blocks.sort_by_key(first);
    Ok(blocks)
}

/// Throughput as a number that sorts; ids a second, whole.
fn throughput(row: &Row) -> u64 {
    row.summary.value(&THROUGHPUT).unwrap_or(0.0) as u64
}

/// The cells of each scenario, scenarios in order of appearance.
pub(super) fn scenarios<'a>(run: &'a Run, filter: &Filter) -> Vec<(String, Vec<&'a CellRecord>)> {
    group(
        run.cells.iter().filter(|cell| filter.scenario(&cell.scenario) && filter.strategy(&cell.strategy)),
        |cell| &cell.scenario,
    )
}

/// The cells of each strategy, strategies in order of appearance.
pub(super) fn strategies<'a>(cells: &[&'a CellRecord]) -> Vec<(String, Vec<&'a CellRecord>)> {
    group(cells.iter().copied(), |cell| &cell.strategy)
}

fn group<'a>(
    cells: impl Iterator<Item = &'a CellRecord>,
    name: fn(&CellRecord) -> &String,
) -> Vec<(String, Vec<&'a CellRecord>)> {
    let mut groups: Vec<(String, Vec<&CellRecord>)> = Vec::new();
    for cell in cells {
        match groups.iter_mut().find(|(group, _)| group == name(cell)) {
            Some((_, members)) => members.push(cell),
            None => groups.push((name(cell).clone(), vec![cell])),
        }
    }
    groups
}

/// What the cells of one scenario in one run share; an error if they do not share it.
pub(super) fn stream(
    run: &Run,
    label: &str,
    scenario: &str,
    cells: &[&CellRecord],
) -> Result<Stream, CompareError> {
    let unlike = |difference: String| {
        Err(CompareError::Unlike { run: label.to_string(), scenario: scenario.to_string(), difference })
    };
    let first = cells[0];
    let mut seeds: BTreeMap<u32, u64> = BTreeMap::new();
    for cell in cells {
        if cell.scenario_digest != first.scenario_digest {
            let (one, other) = (&first.scenario_digest, &cell.scenario_digest);
            return unlike(format!("cells have scenario digests {one} and {other}"));
        }
        let seed = *seeds.entry(cell.round).or_insert(cell.seed);
        if seed != cell.seed {
            return unlike(format!("cells of round {} have seeds {seed} and {}", cell.round + 1, cell.seed));
        }
    }
    Ok(Stream {
        scenario: scenario.to_string(),
        scenario_digest: first.scenario_digest.clone(),
        window_ns: first.window_ns,
        faults: first.faults.clone(),
        seed: run.run.seed,
        round_seeds: seeds,
        workers_counts: cells.iter().map(|cell| cell.workers_count).collect(),
        batch_counts: cells.iter().map(|cell| cell.batch_count).collect(),
        deadlines: first.deadlines,
        routed: first.routed,
        pipelines_counts: pipelines_counts(cells),
    })
}

fn pipelines_counts(cells: &[&CellRecord]) -> BTreeSet<u32> {
    let counts = cells.iter().filter_map(|cell| match &cell.result {
        CellResult::Verify(figures) => Some(figures.pipelines_count),
        CellResult::Impact(figures) => Some(figures.pipelines_count),
        _ => None,
    });
    let counts: BTreeSet<u32> = counts.collect();
    if counts == BTreeSet::from([1]) { BTreeSet::new() } else { counts }
}

/// The block that this stream on this machine belongs to, made where there is none.
fn block_for<'a>(blocks: &'a mut Vec<Block>, stream: Stream, run: &Run) -> &'a mut Block {
    let machine = &run.run.machine;
    let found = blocks.iter().position(|block| block.stream == stream && block.machine == *machine);
    let index = found.unwrap_or_else(|| {
        blocks.push(Block {
            stream,
            machine: machine.clone(),
            runs: Vec::new(),
            rows: Vec::new(),
            skipped: Vec::new(),
        });
        blocks.len() - 1
    });
    &mut blocks[index]
}

fn add(block: &mut Block, label: &str, cells: &[&CellRecord]) -> Result<(), CompareError> {
    for (strategy, cells) in strategies(cells) {
        block.skipped.extend(skipped(&strategy, label, &cells));
        if cells.iter().all(|cell| matches!(cell.result, CellResult::Skipped { .. })) {
            continue;
        }
        let row = Row::of(label, &cells).map_err(|source| CompareError::Histogram {
            run: label.to_string(),
            scenario: cells[0].scenario.clone(),
            strategy: strategy.clone(),
            source,
        })?;
        block.rows.push(row);
    }
    Ok(())
}

fn skipped(strategy: &str, label: &str, cells: &[&CellRecord]) -> Vec<Skipped> {
    let mut found: Vec<Skipped> = Vec::new();
    for cell in cells {
        let CellResult::Skipped { reason, remedy } = &cell.result else { continue };
        match found.iter_mut().find(|skipped| skipped.reason == *reason && skipped.remedy == *remedy) {
            Some(skipped) => {
                skipped.passes.insert(cell.pass);
            }
            None => found.push(Skipped {
                strategy: strategy.to_string(),
                run: label.to_string(),
                passes: BTreeSet::from([cell.pass]),
                reason: reason.clone(),
                remedy: remedy.clone(),
            }),
        }
    }
    found
}
