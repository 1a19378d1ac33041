//! What tests share that hold a figure to what the pipeline counts.

use dedup_engine::environment::Environment;
use dedup_engine::nightly::Choice;
use dedup_engine::passes::Bench;
use dedup_engine::passes::{Pipelines, verify};
use dedup_engine::record::VerifyFigures;
use dedup_engine::select::select;
use dedup_engine::strategies::STRATEGIES;
use dedup_stream::scenario::{self, Scenario};
use dedup_stream::workload::Workload;

/// An embedded scenario.
pub(crate) fn scenario(name: &str) -> Scenario {
    scenario::find(name).unwrap_or_else(|error| panic!("{error}")).remove(0)
}

/// What the verify pass counts of a strategy, given as on the command line, before a nightly job.
pub(crate) fn verified_before(scenario: &Scenario, strategy: &str, seed: u64, job: Choice) -> VerifyFigures {
    verified_by(Pipelines::ONE, scenario, strategy, seed, job)
}

/// The same, by these pipelines.
pub(crate) fn verified_by(
    pipelines: Pipelines,
    scenario: &Scenario,
    strategy: &str,
    seed: u64,
    job: Choice,
) -> VerifyFigures {
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
    let bench =
        Bench { environment: &mut environment, workload: &workload, progress: &mut |_| {}, pipelines };
    verify::run(bench).unwrap_or_else(|trouble| panic!("{strategy}: {trouble:?}"))
}
