//! The figures of runs over time: one history for each strategy, scenario, machine and metric.

use dedup_records::compare::{Block, CompareError, Comparison, Row};
use dedup_records::filter::Filter;
use dedup_records::metrics::{BYTES_PER_ID, LOST, MISSED, Metric, Quantity, THROUGHPUT, WAITING_P99};
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
#[derive(Clone, Debug)]
pub struct History {
    /// The scenario.
    pub scenario: String,
    /// Stream, seed and machine: what has to be the same to be compared.
    pub conditions: String,
    /// The strategy.
    pub strategy: String,
    /// What was measured.
    pub followed: &'static Followed,
    /// The index of the run, and the figure over its rounds.
    pub figures: Vec<(usize, Spread)>,
    /// Where it seems to change: indices into `figures`.
    pub changes: Vec<ChangePoint>,
}

/// A metric that is followed over time.
#[derive(Debug)]
pub struct Followed {
    /// The metric.
    pub metric: &'static Metric,
    /// Its name in few words.
    pub name: &'static str,
    /// The name of its section of the page.
    pub id: &'static str,
}

/// What is followed, in the order in which it is shown.
pub static FOLLOWED: [Followed; 5] = [
    Followed { metric: &THROUGHPUT, name: "pings a second", id: "throughput" },
    // What every table calls p99: of a strategy that holds pings, how long it holds them.
    Followed { metric: &WAITING_P99, name: "p99", id: "latency" },
    Followed { metric: &BYTES_PER_ID, name: "bytes an id", id: "memory" },
    Followed { metric: &MISSED, name: "missed", id: "missed" },
    Followed { metric: &LOST, name: "lost", id: "lost" },
];

impl Followed {
    /// A value as text.
    pub fn show(&self, value: f64) -> String {
        match self.metric.quantity {
            Quantity::Rate => rate(value),
            Quantity::Time => nanos(value),
            Quantity::BytesPerId if value < 10_000.0 => three(value),
            Quantity::BytesPerId | Quantity::Bytes => memory(value),
            Quantity::Count => thousands(value as u64),
        }
    }

    /// Whether the same stream and seed give the same number, so that any difference is a change.
    pub fn is_exact(&self) -> bool {
        self.metric.is_count()
    }

    fn place(&self) -> Option<usize> {
        FOLLOWED.iter().position(|followed| followed.metric == self.metric)
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
            (&one.scenario, &one.conditions, one.followed.place(), &one.strategy).cmp(&(
                &other.scenario,
                &other.conditions,
                other.followed.place(),
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
    for followed in &FOLLOWED {
        let Some(figure) = row.summary.spread(followed.metric) else { continue };
        let same = |history: &&mut History| {
            history.followed.metric == followed.metric
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
                followed,
                figures: vec![(moment, figure)],
                changes: Vec::new(),
            }),
        }
    }
}

/// Counts change wherever they differ; what is measured, where the test says so.
fn changes(history: &History) -> Vec<ChangePoint> {
    let values: Vec<f64> = history.figures.iter().map(|(_, figure)| figure.median).collect();
    if !history.followed.is_exact() {
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
        match self.followed.is_exact() || change.before == 0.0 {
            true => format!("{} → {}", self.followed.show(change.before), self.followed.show(change.after)),
            false => format!("{:+.1} %", (change.after / change.before - 1.0) * 100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_records::record::sample;

    #[test]
    fn what_is_called_p99_is_what_every_table_calls_so_for_those_that_hold_pings_too() {
        let runs = [sample::run()];
        let trend = Trend::from_runs(&runs, &Filter::default()).unwrap();
        let rows = trend.comparison.blocks.iter().flat_map(|block| &block.rows);
        let mut held = 0;
        for row in rows {
            let Some((times, clock)) = row.summary.waiting() else { continue };
            let own = |history: &&History| history.strategy == row.strategy && history.followed.name == "p99";
            let history = trend.histories.iter().find(own).unwrap();
            assert_eq!(history.figures, [(0, times.p99)], "{}", row.strategy);
            held += usize::from(clock == dedup_records::compare::Clock::Virtual);
        }
        assert!(held > 0, "window-batch holds pings");
    }
}
