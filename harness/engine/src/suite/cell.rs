//! A cell as it is shown and written down.

use std::time::Duration;

use dedup_strategies::Needs;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::{self, PipelineConfig};

use super::plan::Plan;
use super::task::Task;
use crate::record::{
    CellRecord, CellResult, Deadlines, FAILED, Operation, Pass, Role, Routed, SKIPPED, WhoseTime,
};
use crate::units::thousands;

/// Which pass over a place, and in which round.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) pass: Pass,
    pub(super) round: u32,
    /// Which cell of the whole run, from 0.
    pub(super) position: u32,
}

/// What it is, on a line.
pub(super) fn label(plan: &Plan, task: &Task<Turn>) -> String {
    let (workload, strategy) = plan.at(task.place);
    let round = match plan.rounds {
        1 => String::new(),
        rounds => format!("  round {}/{rounds}", task.tag.round + 1),
    };
    let pass = task.tag.pass.name();
    format!("{pass:<6}  {}  {}{round}", workload.name(), strategy.label())
}

/// Its record.
pub(super) fn record(plan: &Plan, task: &Task<Turn>, took: Duration, result: CellResult) -> CellRecord {
    let (workload, strategy) = plan.at(task.place);
    let (job, pass) = (&task.job, task.tag.pass);
    CellRecord {
        scenario: workload.name().to_string(),
        scenario_digest: workload.digest(),
        window_ns: Some(saturating_nanos(workload.sizing().window)),
        strategy: strategy.label(),
        role: role(strategy.definition.role),
        operation: Some(operation(strategy.definition.operation)),
        settings: job.settings.entries().map(|(name, value)| (name.to_string(), value)).collect(),
        pass,
        round: task.tag.round,
        seed: job.seed,
        faults: workload.faults().iter().map(|fault| fault.kind.name.to_string()).collect(),
        workers_count: job.workers.get() as u32,
        batch_count: job.batch.get() as u32,
        deadlines: deadlines(workload.pipeline()),
        routed: routed(workload.pipeline().routed),
        time_factor: match (pass, job.redis.keeps_wall_time(strategy.definition.needs)) {
            (Pass::Verify | Pass::Weigh | Pass::Impact, true) => job.time_factor,
            (Pass::Time | Pass::Scale, _) | (_, false) => 1.0,
        },
        clock: clock(strategy.definition.needs),
        elapsed_ns: saturating_nanos(took),
        position: plan.partition.map(|_| task.tag.position),
        result,
    }
}

fn clock(needs: Needs) -> Option<WhoseTime> {
    match needs {
        Needs::System { wall_clock: true, .. } => Some(WhoseTime::Wall),
        Needs::System { wall_clock: false, .. } => Some(WhoseTime::Given),
        Needs::Nothing | Needs::Redis => None,
    }
}

fn deadlines(pipeline: &PipelineConfig) -> Deadlines {
    match pipeline.deadlines {
        scenario::Deadlines::Extended if pipeline.acks_in_time() => Deadlines::Extended,
        scenario::Deadlines::Extended => Deadlines::Outlasted,
        scenario::Deadlines::Fixed => Deadlines::Fixed,
    }
}

fn routed(routed: scenario::Routed) -> Routed {
    match routed {
        scenario::Routed::ByKey => Routed::ByKey,
        scenario::Routed::Random => Routed::Random,
    }
}

fn role(role: dedup_strategies::Role) -> Role {
    match role {
        dedup_strategies::Role::Candidate => Role::Candidate,
        dedup_strategies::Role::Floor => Role::Floor,
        dedup_strategies::Role::NegativeControl => Role::NegativeControl,
    }
}

fn operation(operation: dedup_strategies::Operation) -> Operation {
    Operation {
        what: operation.what.to_string(),
        model_of: operation.model_of.map(str::to_string),
        note: operation.note.map(str::to_string),
    }
}

/// The one figure of a cell that a person wants to see go by.
pub(super) fn summary(cell: &CellRecord) -> String {
    outcome(&cell.result)
}

/// The same of what came of it.
pub(super) fn outcome(result: &CellResult) -> String {
    let percent = |count: u64, of: u64| 100.0 * count as f64 / of.max(1) as f64;
    match result {
        CellResult::Verify(figures) => format!(
            "missed {:.2} %, lost {:.4} %",
            percent(figures.missed_count, figures.duplicate_count),
            percent(figures.lost_count, figures.unique_count)
        ),
        CellResult::Time(figures) => format!("{:.2} M id/s", figures.throughput_per_s / 1e6),
        CellResult::Weigh(figures) => match figures.bytes_per_id {
            Some(bytes) => format!("{bytes:.1} B/id"),
            None => "tracks no ids".to_string(),
        },
        CellResult::Scale(figures) => match figures.points.last() {
            Some(last) => format!("{:.0} ns at {} ids", last.steady_ns_per_ping(), thousands(last.ids_count)),
            None => "no number of ids was reached".to_string(),
        },
        CellResult::Impact(figures) => figures.sentence(),
        CellResult::Skipped { reason, .. } => format!("{SKIPPED}: {reason}"),
        CellResult::Failed { reason, .. } => format!("{FAILED}: {reason}"),
    }
}
