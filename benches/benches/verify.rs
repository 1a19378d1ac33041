//! How fast the verify pass is around `noop`, stream and truth included: `cargo bench -p dedup-benches --bench verify`.
//!
//! Pings that are alone on their way (`mozilla-client-retry`, two a second) and full batches of them
//! (`unique-only`, `twins`).

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::strategies::Window;
use dedup_harness::strategies::strategies::noop::Noop;
use dedup_stream::scenario::{self, Scenario};
use dedup_stream::stream::Source;
use dedup_stream::truth::Truth;

/// Pings a measurement.
const PINGS: u64 = 500_000;

fn floor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(PINGS)).sample_size(20);
    for name in ["mozilla-client-retry", "unique-only", "twins"] {
        let scenario = match scenario::find(name) {
            Ok(mut found) => found.remove(0),
            Err(error) => panic!("{error}"),
        };
        group.bench_function(name, |bencher| bencher.iter(|| verify(&scenario)));
    }
    group.finish();
}

fn verify(scenario: &Scenario) -> Truth {
    let mut stream = scenario.stream(1);
    let (causes, start) = (stream.causes().len(), scenario.start());
    let truth = Truth::new(Window::Nothing, causes, start, scenario.virtual_length());
    let mut pipeline = Pipeline::new(&scenario.pipeline, &Noop, truth, Box::new(Free), start)
        .unwrap_or_else(|error| panic!("{error}"));
    pipeline.run(&mut stream, PINGS).unwrap_or_else(|error| panic!("{error}"));
    pipeline.finish().unwrap_or_else(|error| panic!("{error}")).truth
}

criterion_group!(benches, floor);
criterion_main!(benches);
