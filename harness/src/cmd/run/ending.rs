//! What a run leaves: progress shown, records kept, and the code with which the program ends.

use std::time::Duration;

use crate::cell::Reached;
use crate::exit::Exit;
use crate::printable::printable_record;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, RecordWriter, Role, Verdict};
use crate::suite::{Completion, Observer};

/// Broken promises count, unless a strategy is there to break its own. A cell that did not come to its end shows nothing of
/// a promise: the tool could not tell.
pub(in crate::cmd) fn exit(completion: Completion, cells: &[CellRecord]) -> Exit {
    if completion == Completion::Interrupted {
        return Exit::Interrupted;
    }
    let broken = |cell: &CellRecord| match &cell.result {
        CellResult::Verify(figures) => figures.judgement.verdict == Verdict::Broken,
        CellResult::Weigh(figures) => figures.judgement.verdict == Verdict::Broken,
        CellResult::Time(_) | CellResult::Scale(_) | CellResult::Impact(_) => false,
        CellResult::Failed { .. } | CellResult::Skipped { .. } => false,
    };
    let inconclusive = |cell: &CellRecord| match &cell.result {
        CellResult::Verify(figures) => figures.judgement.verdict == Verdict::Inconclusive,
        _ => false,
    };
    let failed = |cell: &CellRecord| matches!(cell.result, CellResult::Failed { .. });
    let serious: Vec<&CellRecord> = cells.iter().filter(|cell| cell.role != Role::NegativeControl).collect();
    match () {
        () if serious.iter().any(|cell| broken(cell)) => Exit::Broken,
        () if cells.iter().any(failed) => Exit::ToolFailed,
        () if cells.iter().any(inconclusive) => Exit::Inconclusive,
        () => Exit::Ok,
    }
}

/// Shows progress and keeps records.
pub(in crate::cmd) struct Watcher {
    pub(in crate::cmd) progress: Progress,
    pub(in crate::cmd) writer: Option<RecordWriter>,
    pub(in crate::cmd) cells: Vec<CellRecord>,
}

impl Observer for Watcher {
    fn begins(&mut self, label: &str) {
        self.progress.start(label);
    }

    fn progress(&mut self, reached: &Reached) {
        self.progress.update(reached.share);
        if let Some(remark) = reached.remark() {
            self.progress.slow(reached.after, &remark);
        }
    }

    fn ended(&mut self, took: Duration, summary: &str) {
        self.progress.finish(took, summary);
    }

    fn record(&mut self, cell: &CellRecord) -> anyhow::Result<()> {
        // It is measured, and shown, whether it can be kept or not.
        self.cells.push(printable_record(cell.clone()));
        // After one that cannot be kept none is: the cause is said once.
        if let Some(mut writer) = self.writer.take() {
            writer.append(cell)?;
            self.writer = Some(writer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Failure;
    use crate::record::sample::{GOOD, Sample};

    #[test]
    fn a_negative_control_that_breaks_its_promise_is_as_it_should_be() {
        let control = Sample { role: Role::NegativeControl, verdict: Verdict::Broken, ..GOOD };
        assert_eq!(exit(Completion::Whole, &control.cells()), Exit::Ok);
        let candidate = Sample { verdict: Verdict::Broken, ..GOOD };
        assert_eq!(exit(Completion::Whole, &candidate.cells()), Exit::Broken);
        assert_eq!(exit(Completion::Interrupted, &candidate.cells()), Exit::Interrupted);
    }

    #[test]
    fn a_cell_that_failed_in_whatever_way_is_no_broken_promise_and_hides_none() {
        let ways = [
            Failure::Panicked,
            Failure::Hung,
            Failure::OutOfMemory,
            Failure::Died,
            Failure::Contract,
            Failure::Unavailable,
        ];
        for how in ways {
            let mut cells = GOOD.cells();
            cells[0].result = CellResult::Failed { how, reason: "it is said".to_string() };
            assert_eq!(exit(Completion::Whole, &cells), Exit::ToolFailed, "{how:?}");
            cells.extend(Sample { verdict: Verdict::Inconclusive, ..GOOD }.cells());
            assert_eq!(exit(Completion::Whole, &cells), Exit::ToolFailed, "{how:?}");
            cells.extend(Sample { verdict: Verdict::Broken, ..GOOD }.cells());
            assert_eq!(exit(Completion::Whole, &cells), Exit::Broken, "{how:?}");
        }
    }
}
