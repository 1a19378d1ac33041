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
use crate::predict::{Declared, predict};
use crate::record::{Prediction, VerifyFigures};

use pipeline::{Declaration, Own};

pub use score::whole;
pub(crate) use side_by_side::{at_once, shared_out};

/// Runs the pass.
pub fn run(bench: Bench<'_>) -> Result<VerifyFigures, CellError> {
    let Bench { environment, workload, progress, pipelines } = bench;
    if pipelines != Pipelines::ONE {
        return side_by_side::run(environment, workload, progress, &pipelines);
    }
    let mut own = Own::all(environment, workload, progress);
    let (seen, declared) = own.run()?;
    let mut figures = score::whole(seen);
    figures.predicted = predicted(&own, &declared, &figures);
    Ok(figures)
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
fn predicted(own: &Own<'_>, strategy: &Declaration, seen: &VerifyFigures) -> Vec<Prediction> {
    let Workload::Scenario(scenario) = own.workload else { return Vec::new() };
    if own.environment.on_wall_time() || !own.workload.faults().is_empty() {
        return Vec::new();
    }
    let Declaration { forgets, promise, routing } = strategy;
    predict(scenario, Declared { forgets: *forgets, promise, routing: *routing }, seen)
}
