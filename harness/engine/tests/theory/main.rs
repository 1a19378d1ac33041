//! Predicted against seen: what theory says of the duplicates that a strategy misses holds in the pipeline, for every
//! embedded strategy that theory speaks of.

mod beam;
mod predictions;
#[path = "../common/predictions.rs"]
mod shared;
#[path = "../common/verified.rs"]
mod verified;

use std::num::NonZeroUsize;

use dedup_engine::nightly::Choice;
use dedup_engine::record::VerifyFigures;
use dedup_stream::scenario::Scenario;

pub(crate) use verified::{scenario, verified_before, verified_by};

/// What the verify pass counts of a strategy, given as on the command line, without a nightly job.
fn verified(scenario: &Scenario, strategy: &str, seed: u64) -> VerifyFigures {
    verified_before(scenario, strategy, seed, Choice::None)
}

/// As many workers.
fn with_workers(mut scenario: Scenario, workers: usize) -> Scenario {
    scenario.pipeline.workers = NonZeroUsize::new(workers).expect("at least one");
    scenario
}
