//! Records in, comparison out: a pure function, from which every format is drawn.
//!
//! Rows of one block share the stream (scenario, digest, seeds), the machine, the workers and the batch size; what
//! does not share them stands in a block of its own. Rounds of one strategy are merged; rounds of different runs
//! never are.

mod against;
mod block;
mod change;
mod error;
mod impacted;
mod measured;
mod row;
mod standing;
mod summary;
mod values;
mod verified;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::filter::Filter;
use crate::record::{Run, RunRecord};

pub use block::{Block, Skipped, Stream};
pub use change::{COMPARED, Certainty, Change, Compared, Difference, Differences, Ratio};
pub use error::CompareError;
pub use impacted::ImpactSummary;
pub use measured::{LatencySummary, TimeSummary, WeighSummary};
pub use row::Row;
pub use standing::{Finding, Standing};
pub use summary::{Clock, Summary};
pub use values::{Value, Values};
pub use verified::{Added, PredictionSummary, StableSummary, Stands, VerifySummary};

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
            against::add(&mut blocks, runs, &labels, baseline)?;
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
