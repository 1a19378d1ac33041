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
use crate::nightly::Copied;
use crate::passes::{Bench, Pipelines, stable};
use crate::predict::{self, Declared};
use crate::record::{FaultFigures, Foreseen, VerifyFigures};

use pipeline::{Declaration, Numbering, Own};

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

/// A pipeline's tables, and what went wrong in it on purpose.
pub(super) struct Tabled {
    pub(super) copied: Copied,
    pub(super) faults: Vec<FaultFigures>,
}

/// Runs the pipelines into tables, each with a nightly job of its own behind it. Rows carry the numbers that unique pings have in
/// the whole stream.
pub(super) fn into_tables(
    environment: &mut Environment,
    workload: &Workload,
    progress: &mut (dyn FnMut(f64) + Send),
    pipelines: &Pipelines,
) -> Result<Vec<Tabled>, CellError> {
    match *pipelines == Pipelines::ONE {
        true => Ok(vec![into_its_tables(&mut Own::all(environment, workload, progress))?]),
        false => {
            let how = (pipelines, Numbering::OfStream);
            side_by_side::each(environment, workload, progress, how, into_its_tables)
        }
    }
}

fn into_its_tables(own: &mut Own<'_>) -> Result<Tabled, CellError> {
    let (sink, behind) = stable::begin_bare(own.environment, own.workload)?;
    let faults = own.run_into(Some(sink))?.figures.faults;
    Ok(Tabled { copied: behind.copy(own.environment.alive)?, faults })
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
