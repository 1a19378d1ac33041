//! Scale: time and memory with more and more ids held, from a table that fits in a cache to one that hardly fits in memory.
//!
//! The scenario gives the window, the batch and the payload; the rate is what it takes for so many ids to come in a window. One
//! worker judges, whose ids are made as they come, so that nothing but the strategy takes memory. For each number of ids the
//! strategy is built anew, sized for it.

mod budget;
mod point;
mod stream;
mod tally;
#[cfg(test)]
mod tests;

use std::time::Instant;

use dedup_strategies::Sizing;

use crate::environment::{CellError, ScaleOptions};
use crate::passes::Bench;
use crate::record::{Failure, NotReached, ScaleFigures, ScalePoint};
use budget::{Budget, Cost};
use point::{Ended, measure};
use stream::Load;

/// Runs the pass. The process has to count allocations ([`crate::alloc::start_counting`]) from its start. `given` are the
/// settings that were asked for; all others follow the number of ids.
pub fn run(
    mut bench: Bench<'_>,
    given: &[(String, String)],
    options: &ScaleOptions,
) -> Result<ScaleFigures, CellError> {
    if bench.environment.on_wall_time() {
        return Err(CellError::Skipped {
            reason: "its server keeps its own time, in which a window would take as long as it says".into(),
            remedy: "let the harness start a private server: leave out --redis-url and --redis-cluster"
                .into(),
        });
    }
    let mut budget = Budget::new(options, bench.environment.memory_limit);
    let mut figures = ScaleFigures::default();
    let sizes = options.sizes();
    for (index, ids) in sizes.iter().enumerate() {
        (bench.progress)(index as f64 / sizes.len() as f64);
        match reach(&mut bench, given, *ids, &mut budget)? {
            Ok(point) => figures.points.push(point),
            Err(because) => {
                figures.not_reached = Some(NotReached { ids_count: *ids, because });
                break;
            }
        }
    }
    (bench.progress)(1.0);
    Ok(figures)
}

/// Measures with `ids` in a window, or says why that is not done.
fn reach(
    bench: &mut Bench<'_>,
    given: &[(String, String)],
    ids: u64,
    budget: &mut Budget,
) -> Result<Result<ScalePoint, String>, CellError> {
    let load = Load::new(bench.environment.seed, ids, bench.workload);
    let sizing = Sizing { window: load.window, ids_in_window: ids, ids_total: load.ids_total() };
    let settings = bench.environment.definition.resolve(given, &sizing).map_err(CellError::refused)?;
    bench.environment.sizing = sizing;
    bench.environment.settings = settings;
    let planned = bench.environment.planned_bytes(point::ONE_WORKER);
    if let Err(because) = budget.admit(ids, load.pings(), planned) {
        return Ok(Err(because));
    }
    let began = Instant::now();
    let ended = measure(bench, &load, &budget.limits());
    let took = began.elapsed();
    budget.spent(took);
    match ended {
        Ok(Ended::Whole(point)) => {
            let peak_bytes = point.live_bytes + point.server_used_bytes.unwrap_or(0);
            budget.measured(Cost { ids, pings: load.pings(), took, peak_bytes });
            Ok(Ok(*point))
        }
        Ok(Ended::Over(because)) => Ok(Err(because)),
        // What was measured before it stands: so many ids are too many for it.
        Err(CellError::Refused(reason) | CellError::Failed(Failure::Unavailable, reason))
            if budget.has_measured() =>
        {
            Ok(Err(reason))
        }
        Err(error) => Err(error),
    }
}
