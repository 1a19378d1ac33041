//! Predicted against seen: what theory says of the duplicates that a strategy misses holds in the pipeline, for every
//! embedded strategy that theory speaks of.

mod advice;
mod beam;
mod predictions;
#[path = "../common/predictions.rs"]
mod shared;

use std::num::NonZeroUsize;

use dedup_harness::environment::Environment;
use dedup_harness::nightly::Choice;
use dedup_harness::passes::{Bench, verify};
use dedup_harness::record::VerifyFigures;
use dedup_harness::select::select;
use dedup_harness::strategies::STRATEGIES;
use dedup_stream::scenario::{self, Scenario};
use dedup_stream::workload::Workload;

/// An embedded scenario.
fn scenario(name: &str) -> Scenario {
    scenario::find(name).unwrap_or_else(|error| panic!("{error}")).remove(0)
}

/// What the verify pass counts of a strategy, given as on the command line, without a nightly job.
fn verified(scenario: &Scenario, strategy: &str, seed: u64) -> VerifyFigures {
    verified_before(scenario, strategy, seed, Choice::None)
}

/// The same before a nightly job.
fn verified_before(scenario: &Scenario, strategy: &str, seed: u64, job: Choice) -> VerifyFigures {
    let pattern = if strategy.contains(':') { strategy.to_string() } else { format!("^{strategy}$") };
    let selected = select(STRATEGIES, &[pattern]).unwrap_or_else(|error| panic!("{error}")).remove(0);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = selected.settings(&scenario.sizing()).unwrap_or_else(|error| panic!("{error}"));
    let place = directory.path().to_path_buf();
    let mut environment = Environment {
        memory_limit: 4 << 30,
        nightly: (job, None),
        routed: scenario.pipeline.routed,
        start: scenario.start(),
        ..Environment::new(selected.definition, settings, seed, scenario.sizing(), place)
    };
    let workload = Workload::Scenario(Box::new(scenario.clone()));
    let bench = Bench { environment: &mut environment, workload: &workload, progress: &mut |_| {} };
    verify::run(bench).unwrap_or_else(|trouble| panic!("{strategy}: {trouble:?}"))
}

/// As many workers.
fn with_workers(mut scenario: Scenario, workers: usize) -> Scenario {
    scenario.pipeline.workers = NonZeroUsize::new(workers).expect("at least one");
    scenario
}
