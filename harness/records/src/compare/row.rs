//! One strategy in one block.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::change::Change;
use super::standing::{Finding, Standing, findings, standing, worse};
use super::summary::Summary;
use crate::record::{CellRecord, CellResult, HistogramError, Operation, Role};

/// One strategy's figures and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The strategy as it was asked for.
    pub strategy: String,
    /// The label of the run that it comes from.
    pub run: String,
    /// What it is there for.
    pub role: Role,
    /// What it takes to operate it, where the records say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Every setting with its value.
    pub settings: BTreeMap<String, String>,
    /// By how much time was shrunk for a server on wall time.
    pub time_factor: f64,
    /// Rounds of which at least one pass was measured.
    pub rounds_count: u32,
    /// How it stands to its promise.
    pub standing: Standing,
    /// Why; the weightiest first.
    pub findings: Vec<Finding>,
    /// Its figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// What changed against the baseline.
    pub change: Option<Change>,
}

impl Row {
    /// From all cells of one strategy in one block; there is at least one.
    pub(super) fn of(run: &str, cells: &[&CellRecord]) -> Result<Row, HistogramError> {
        let first = cells[0];
        let findings = findings(cells);
        let measured = cells.iter().filter(|cell| !matches!(cell.result, CellResult::Skipped { .. }));
        Ok(Row {
            strategy: first.strategy.clone(),
            run: run.to_string(),
            role: first.role,
            operation: first.operation.clone(),
            settings: first.settings.clone(),
            time_factor: first.time_factor,
            rounds_count: measured.map(|cell| cell.round).collect::<BTreeSet<_>>().len() as u32,
            standing: cells.iter().map(|cell| standing(&cell.result)).fold(Standing::Unjudged, worse),
            findings,
            summary: Summary::of(cells)?,
            change: None,
        })
    }

    /// Whether its time was shrunk for a server that keeps its own: what takes a server real time, such as a failover,
    /// then takes so many times as much of the stream.
    pub fn is_squeezed(&self) -> bool {
        self.time_factor != 1.0
    }

    /// Where it stands in a table: the floor first, then kept before broken.
    pub(super) fn order(&self) -> (bool, Standing) {
        (self.role != Role::Floor, self.standing)
    }
}
