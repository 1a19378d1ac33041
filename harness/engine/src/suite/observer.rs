//! What a run reports.

use std::time::Duration;

use crate::cell::Reached;
use crate::record::CellRecord;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Every cell was run.
    Whole,
    /// Somebody asked to stop.
    Interrupted,
}

/// What a run reports while it goes on: of one cell after the other in the plan's order, also where several run at once.
pub trait Observer {
    /// A cell has begun, and all before it have ended.
    fn begins(&mut self, label: &str);
    /// A cell has come so far.
    fn progress(&mut self, reached: &Reached);
    /// A cell has ended: after how long, and how, in a word or two.
    fn ended(&mut self, took: Duration, summary: &str);
    /// A cell's record is complete.
    fn record(&mut self, cell: &CellRecord) -> anyhow::Result<()>;
}
