//! Impact: what becomes of the numbers that people read, with the strategy in the pipeline and the nightly job behind it.
//!
//! ```text
//! stream -> pipeline -> live tables -> nightly job -> stable tables
//!    |                       |                             |
//! unique pings: who        counts                        counts
//!    `-> truth: counts ------+---------- compared ---------'
//! ```
//!
//! A row carries the number of its unique ping, by which it is known who sent it: nothing of that is read from the tables. A row
//! counts on the day of its submission, as tables that are partitioned by it have it, and a unique ping on that of its first copy.
//! All unique pings that arrived are the truth, those with a broken id or none among them: whatever keeps them out of a table is
//! an error of its numbers.

mod figures;
mod known;
mod rows;
#[cfg(test)]
mod tests;

use dedup_stream::clients::Clients;
use dedup_stream::workload::Workload;

use crate::environment::CellError;
use crate::nightly::Nights;
use crate::passes::{Bench, stable, verify};
use crate::record::ImpactFigures;
use known::Known;

/// The share of the progress that the pipeline is; the nights and the counting are the rest.
const PIPELINE: f64 = 0.6;

/// Runs the pass. Its pipeline is one, whatever `bench` says.
pub fn run(bench: Bench<'_>) -> Result<ImpactFigures, CellError> {
    let Bench { environment, workload, progress, .. } = bench;
    let clients = clients(workload, environment.seed)?;
    let shape = known::shape(workload, &clients, environment.memory_limit)?;
    let Some((sink, behind)) = stable::begin_bare(environment, workload)? else {
        return Err(CellError::Refused(
            "--nightly none: the impact pass shows live tables beside stable ones; leave it out".to_string(),
        ));
    };
    let (live, causes) =
        verify::run_into(environment, workload, &mut |share| progress(PIPELINE * share), sink)?;
    let Nights { figures: nights, live: written, stable: copied } =
        stable::finish(behind, &live, &causes, environment.alive)?;
    let known = Known::of(workload, &clients, shape, environment)?;
    progress(0.9);
    let [live, stable] = [rows::count(&written, &known)?, rows::count(&copied, &known)?];
    progress(1.0);
    Ok(figures::figures(&known, live, stable, nights.job))
}

fn clients(workload: &Workload, seed: u64) -> Result<Clients, CellError> {
    workload.clients(seed).ok_or_else(|| CellError::Skipped {
        reason: format!("{} does not say who sends its pings", workload.name()),
        remedy: "a scenario with [clients] does (docs/SCENARIOS.md)".to_string(),
    })
}
