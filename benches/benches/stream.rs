//! How fast the pings and their truth are made, before any pipeline or strategy: `cargo bench -p dedup-benches --bench stream`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dedup_stream::scenario;
use dedup_stream::stream::Source;

/// Pings a measurement, fetched in batches of `BATCH`.
const PINGS: usize = 1_000_000;
const BATCH: usize = 1024;

fn streams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stream");
    group.throughput(Throughput::Elements(PINGS as u64)).sample_size(20);
    for name in ["unique-only", "mozilla-client-retry", "twins", "hot-key", "replay", "late-event-time"] {
        let scenario = match scenario::find(name) {
            Ok(mut found) => found.remove(0),
            Err(error) => panic!("{error}"),
        };
        group.bench_function(name, |bencher| {
            let mut events = Vec::with_capacity(BATCH);
            bencher.iter(|| {
                let mut stream = scenario.stream(1);
                let mut left = PINGS;
                while left > 0 {
                    events.clear();
                    stream.fill(BATCH.min(left), &mut events).expect("a generated stream does not fail");
                    left -= events.len();
                    std::hint::black_box(&events);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, streams);
criterion_main!(benches);
