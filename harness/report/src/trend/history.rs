//! The figures of runs over time: one history for each strategy, scenario, machine and metric.

use dedup_records::compare::{Block, CompareError, Comparison, Row};
use dedup_records::filter::Filter;
use dedup_records::record::Run;
use dedup_records::stats::Spread;
use dedup_records::units::thousands;

use super::changes::{ChangePoint, change_points};
use crate::words::{memory, nanos, rate, three};

/// Many runs over time.
#[derive(Clone, Debug)]
pub struct Trend {
    /// The runs, the oldest first.
    pub moments: Vec<Moment>,
    /// What was measured, by scenario, metric and strategy.
    pub histories: Vec<History>,
    /// The runs beside each other.
    pub comparison: Comparison,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its label.
    pub run: String,
    /// When it began.
    pub started_at: String,
    /// What it was made with.
    pub commit: String,
}

/// One figure of one strategy over time.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The scenario.
    pub scenario: String,
    /// Stream, seed and machine: what has to be the same to be compared.
    pub conditions: String,
    /// The strategy.
    pub strategy: String,
    /// What was measured.
    pub metric: Metric,
    /// The index of the run, and the figure over its rounds.
    pub figures: Vec<(usize, Spread)>,
    /// Where it seems to change: indices into `figures`.
    pub changes: Vec<ChangePoint>,
}

/// What is followed over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Pings a second as fast as it goes.
    Throughput,
    /// 99th percentile of latency.
    Latency,
    /// Bytes an id.
    Memory,
    /// Duplicates missed.
    Missed,
    /// Uniques lost.
    Lost,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 5] =
        [Metric::Throughput, Metric::Latency, Metric::Memory, Metric::Missed, Metric::Lost];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Throughput => "pings a second",
            Metric::Latency => "p99 latency",
            Metric::Memory => "bytes an id",
            Metric::Missed => "missed",
            Metric::Lost => "lost",
        }
    }

    /// A value as text.
    pub fn show(self, value: f64) -> String {
        match self {
            Metric::Throughput => rate(value),
            Metric::Latency => nanos(value),
            Metric::Memory if value >= 10_000.0 => memory(value),
            Metric::Memory => three(value),
            Metric::Missed | Metric::Lost => thousands(value as u64),
        }
    }

    /// Whether the same stream and seed give the same number, so that any difference is a change.
    pub fn is_exact(self) -> bool {
        matches!(self, Metric::Missed | Metric::Lost)
    }

    fn of(self, row: &Row) -> Option<Spread> {
        let one = |count: u64, rounds: u32| {
            let value = count as f64;
            Spread { median: value, min: value, max: value, rounds_count: rounds }
        };
        let summary = &row.summary;
        match self {
            Metric::Throughput => summary.time.as_ref().map(|time| time.throughput_per_s),
            Metric::Latency => summary.time.as_ref().map(|time| time.latency_ns.p99),
            Metric::Memory => summary.weigh.as_ref()?.bytes_per_id,
            Metric::Missed => {
                summary.verify.as_ref().map(|verify| one(verify.missed_count, verify.rounds_count))
            }
            Metric::Lost => summary.verify.as_ref().map(|verify| one(verify.lost_count, verify.rounds_count)),
        }
    }
}

impl Trend {
    /// Of `runs`, in whichever order they come.
    pub fn from_runs(runs: &[Run], filter: &Filter) -> Result<Trend, CompareError> {
        let mut runs = runs.to_vec();
        runs.sort_by(|one, other| one.run.started_at.cmp(&other.run.started_at));
        let comparison = Comparison::from_runs(&runs, filter, None)?;
        let moments: Vec<Moment> = comparison
            .runs
            .iter()
            .map(|source| Moment {
                run: source.label.clone(),
                started_at: source.run.started_at.clone(),
                commit: source.run.tool.commit.clone(),
            })
            .collect();
        let mut histories: Vec<History> = Vec::new();
        for block in &comparison.blocks {
            for row in &block.rows {
                collect(block, row, &moments, &mut histories);
            }
        }
        for history in &mut histories {
            history.figures.sort_by_key(|(run, _)| *run);
            history.changes = changes(history);
        }
        histories.sort_by(|one, other| {
            (&one.scenario, &one.conditions, one.metric, &one.strategy).cmp(&(
                &other.scenario,
                &other.conditions,
                other.metric,
                &other.strategy,
            ))
        });
        Ok(Trend { moments, histories, comparison })
    }
}

fn collect(block: &Block, row: &Row, moments: &[Moment], histories: &mut Vec<History>) {
    let Some(moment) = moments.iter().position(|moment| moment.run == row.run) else { return };
    let stream = &block.stream;
    let digest: String = stream.scenario_digest.chars().take(8).collect();
    let conditions = format!(
        "{}, {} cores; stream {digest}, seed {}, {} rounds",
        block.machine.cpu,
        block.machine.cores_count,
        stream.seed,
        stream.round_seeds.len()
    );
    for metric in Metric::ALL {
        let Some(figure) = metric.of(row) else { continue };
        let same = |history: &&mut History| {
            history.metric == metric
                && history.strategy == row.strategy
                && history.scenario == stream.scenario
                && history.conditions == conditions
        };
        match histories.iter_mut().find(same) {
            Some(history) => history.figures.push((moment, figure)),
            None => histories.push(History {
                scenario: stream.scenario.clone(),
                conditions: conditions.clone(),
                strategy: row.strategy.clone(),
                metric,
                figures: vec![(moment, figure)],
                changes: Vec::new(),
            }),
        }
    }
}

/// Counts change wherever they differ; what is measured, where the test says so.
fn changes(history: &History) -> Vec<ChangePoint> {
    let values: Vec<f64> = history.figures.iter().map(|(_, figure)| figure.median).collect();
    if !history.metric.is_exact() {
        return change_points(&values);
    }
    let pairs = values.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]);
    pairs
        .map(|(index, pair)| ChangePoint { at: index + 1, before: pair[0], after: pair[1], p: 0.0 })
        .collect()
}

impl History {
    /// A change in words: `+12 %`, or the two counts.
    pub fn words(&self, change: &ChangePoint) -> String {
        match self.metric.is_exact() || change.before == 0.0 {
            true => format!("{} → {}", self.metric.show(change.before), self.metric.show(change.after)),
            false => format!("{:+.1} %", (change.after / change.before - 1.0) * 100.0),
        }
    }
}
