//! Verify: the whole pipeline in virtual time, scored against the truth.
//!
//! The keys of a stream may be split among several pipelines, each with its own stream, strategy and truth. They run side by
//! side, and their figures are added up: what they come to depends on how many there are, and on nothing of the machine.

mod figures;
mod pipeline;
mod score;
mod side_by_side;

use dedup_stream::workload::Workload;

use crate::environment::{CellError, Environment};
use crate::nightly::DaySink;
use crate::passes::{Bench, Pipelines};
use crate::predict::{self, Declared};
use crate::record::{Foreseen, VerifyFigures};

use pipeline::{Declaration, Own};

pub use score::whole;
pub(crate) use side_by_side::{at_once, shared_out};

/// Runs the pass.
pub fn run(bench: Bench<'_>) -> Result<VerifyFigures, CellError> {
    let Bench { environment, workload, progress, pipelines } = bench;
    let (mut seen, declared) = match pipelines == Pipelines::ONE {
        true => Own::all(environment, workload, progress).run()?,
        false => side_by_side::run(environment, workload, progress, &pipelines)?,
    };
    let foreseen = foreseen(environment, workload, &pipelines, &declared, &seen);
    if let Some(part) = &mut seen.part {
        part.foreseen = foreseen;
    }
    Ok(score::whole(seen))
}

/// Runs the only pipeline into a sink.
pub(super) fn run_into(
    environment: &mut Environment,
    workload: &Workload,
    progress: &mut (dyn FnMut(f64) + Send),
    sink: DaySink,
) -> Result<(), CellError> {
    Own::all(environment, workload, progress).run_into(Some(sink)).map(drop)
}

/// What theory says, where nothing breaks and the pipeline's time is virtual: on the wall's, the delays are other ones.
/// Several pipelines are alike: theory speaks of one that gets its share of the keys.
fn foreseen(
    environment: &Environment,
    workload: &Workload,
    pipelines: &Pipelines,
    strategy: &Declaration,
    seen: &VerifyFigures,
) -> Vec<Foreseen> {
    let Workload::Scenario(scenario) = workload else { return Vec::new() };
    if environment.on_wall_time() || !workload.faults().is_empty() {
        return Vec::new();
    }
    let Declaration { forgets, promise, routing } = strategy;
    let declared = Declared { forgets: *forgets, promise, routing: *routing };
    let preceding_days = seen.stable.as_ref().map(|stable| stable.preceding_days);
    predict::foreseen(&scenario.of_one_pipeline(pipelines.of), declared, preceding_days)
}
