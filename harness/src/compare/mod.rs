//! Records in, comparison out: a pure function, from which every format is drawn.
//!
//! Rows of one block share the stream (scenario, digest, seeds), the machine, the workers and the batch size; what
//! does not share them stands in a block of its own. Rounds of one strategy are merged; rounds of different runs
//! never are.

mod block;
mod change;
mod row;
mod summary;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::exit::Exit;
use crate::filter::Filter;
use crate::record::{Run, RunRecord};

pub use block::{Block, Skipped, Stream};
pub use change::{Certainty, Change, Ratio};
pub use row::{Finding, Row, Standing};
pub use summary::{
    Clock, LatencySummary, PredictionSummary, StableSummary, Stands, Summary, TimeSummary, VerifySummary,
    WeighSummary,
};

/// Strategies beside each other, one block a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The runs that the rows come from, by label.
    pub runs: Vec<Source>,
    /// The run that rows are compared against, by label.
    pub against: Option<Source>,
    /// The tables.
    pub blocks: Vec<Block>,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// A short name, unique among the runs.
    pub label: String,
    /// What the run says of itself.
    pub run: RunRecord,
}

/// Records that cannot be put beside each other.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The cells of one scenario in one run belong to different streams.
    #[error(
        "run {run}, scenario {scenario}: {difference}: not comparable; run the scenario again as a whole"
    )]
    Unlike {
        /// The run.
        run: String,
        /// The scenario.
        scenario: String,
        /// What differs between its cells.
        difference: String,
    },
    /// The baseline saw another stream.
    #[error("scenario {scenario}, run {run}: {difference} in the baseline {baseline}: not comparable")]
    Baseline {
        /// The scenario.
        scenario: String,
        /// The run.
        run: String,
        /// The baseline.
        baseline: String,
        /// What differs.
        difference: String,
    },
    /// The baseline shares no cell with what is shown.
    #[error("the baseline {baseline} holds none of these scenarios and strategies")]
    NoBaseline {
        /// The baseline.
        baseline: String,
    },
    /// Nothing is left to show.
    #[error("no cell matches; these runs hold {there}")]
    Nothing {
        /// What there is.
        there: String,
    },
    /// A distribution cannot be read.
    #[error("run {run}, scenario {scenario}, strategy {strategy}: {source}")]
    Histogram {
        /// The run.
        run: String,
        /// The scenario.
        scenario: String,
        /// The strategy.
        strategy: String,
        /// Why.
        source: crate::stats::HistogramError,
    },
}

impl CompareError {
    /// The exit code that it leads to.
    pub fn exit(&self) -> Exit {
        match self {
            CompareError::Nothing { .. } | CompareError::Histogram { .. } => Exit::Usage,
            _ => Exit::Incomparable,
        }
    }
}

impl Comparison {
    /// Compares what `filter` chooses of `runs`, and shows the change against a baseline where one is given.
    pub fn from_runs(
        runs: &[Run],
        filter: &Filter,
        against: Option<&Run>,
    ) -> Result<Comparison, CompareError> {
        let labels = unique_labels(runs);
        let mut blocks = block::blocks(runs, &labels, filter)?;
        if blocks.is_empty() {
            return Err(nothing(runs));
        }
        if let Some(baseline) = against {
            change::add(&mut blocks, runs, &labels, baseline)?;
        }
        let source = |run: &Run, label: String| Source { label, run: run.run.clone() };
        Ok(Comparison {
            runs: runs.iter().zip(labels).map(|(run, label)| source(run, label)).collect(),
            against: against.map(|run| source(run, run.label())),
            blocks,
        })
    }
}

/// The label of each run; a number tells runs apart whose directories have the same name.
fn unique_labels(runs: &[Run]) -> Vec<String> {
    let plain: Vec<String> = runs.iter().map(Run::label).collect();
    let nth = |index: usize| plain[..index].iter().filter(|label| **label == plain[index]).count();
    (0..plain.len())
        .map(|index| match nth(index) {
            0 => plain[index].clone(),
            earlier => format!("{}#{}", plain[index], earlier + 1),
        })
        .collect()
}

fn nothing(runs: &[Run]) -> CompareError {
    let names = |name: fn(&crate::record::CellRecord) -> &String| {
        let names: std::collections::BTreeSet<&str> =
            runs.iter().flat_map(|run| &run.cells).map(|cell| name(cell).as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    let there = match runs.iter().all(|run| run.cells.is_empty()) {
        true => "no cell at all".to_string(),
        false => format!(
            "scenarios {}, and strategies {}",
            names(|cell| &cell.scenario),
            names(|cell| &cell.strategy)
        ),
    };
    CompareError::Nothing { there }
}
