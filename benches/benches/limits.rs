//! Strategies at memory's limit: windows that fill, grow and turn over, threads, and what moka takes for an LRU.
//!
//! ```text
//! cargo bench -p dedup-benches --bench limits                   # all of it, in two minutes
//! cargo bench -p dedup-benches --bench limits -- 'full-window'  # what matches
//! ```
//!
//! The crates that one would take instead are beside them as `raw ...`. Tables of more ids than criterion has patience for are
//! measured by `--example sizes`.

#![allow(missing_docs)]

mod limits {
    pub(crate) mod lru_ways;
}

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dedup_benches::judge::{Judge, duplicates, judge};
use dedup_benches::stream::Stream;
use dedup_strategies::{Ping, PingKey, worker_of};
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use limits::lru_ways;

/// Ids in a window: in the second-level cache, in the third, beyond.
const SIZES: [u64; 3] = [1 << 14, 1 << 18, 1 << 22];

const BY_KEY: [&str; 4] = ["exact", "exact-compact", "fingerprint-64", "split-block"];

/// Pings made at once, outside the clock.
const CHUNK: u64 = 1 << 14;

fn full_window(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("full-window");
    group.throughput(Throughput::Elements(1));
    for ids in SIZES {
        for name in BY_KEY {
            let mut ready = None;
            group.bench_function(BenchmarkId::new(name, ids), |bencher| {
                let (subject, stream) = ready.get_or_insert_with(|| turning_over(name, ids));
                bencher.iter_custom(|pings| timed(stream, pings, |pings| judge(subject, pings)));
            });
        }
        group.bench_function(BenchmarkId::new("raw hashbrown set", ids), |bencher| {
            let mut seen = HashSet::with_capacity_and_hasher(ids as usize, FixedState::with_seed(1));
            let mut stream = Stream::new(1, ids);
            bencher.iter_custom(|pings| timed(&mut stream, pings, |pings| all_into(&mut seen, ids, pings)));
        });
    }
    group.finish();
}

/// Nothing in it expires: it is emptied when it holds a window.
fn all_into(seen: &mut HashSet<PingKey, FixedState>, ids: u64, pings: &[Ping]) -> usize {
    if seen.len() + pings.len() > ids as usize {
        seen.clear();
    }
    pings.iter().filter(|ping| !seen.insert(ping.key)).count()
}

fn filling_window(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filling-window");
    group.throughput(Throughput::Elements(SIZES[1]));
    let mut pings = Vec::new();
    Stream::new(1, SIZES[1]).take(SIZES[1] as usize, &mut pings);
    for name in BY_KEY {
        for (how, settings) in [("made-for-it", vec![]), ("growing", vec![("ids", "1000".to_string())])] {
            // Of `exact` the size is no setting, and a filter that is too small forgets.
            if how == "growing" && !["exact-compact", "fingerprint-64"].contains(&name) {
                continue;
            }
            group.bench_function(BenchmarkId::new(name, how), |bencher| {
                bencher.iter_with_large_drop(|| {
                    let mut subject = Judge::new(name, &settings, SIZES[1], 1);
                    black_box(judge(&mut subject, &pings));
                    subject
                });
            });
        }
    }
    group.finish();
}

fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("threads");
    let (ids, count) = (SIZES[2], 1 << 18);
    group.throughput(Throughput::Elements(count));
    for name in BY_KEY {
        for workers in [1, 2] {
            group.bench_function(BenchmarkId::new(name, workers), |bencher| {
                let mut subject = Judge::new(name, &[], ids, workers);
                let (mut stream, mut pings) = (Stream::new(1, ids), Vec::new());
                bencher.iter_custom(|times| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..times {
                        stream.take(count as usize, &mut pings);
                        let of = |worker| -> Vec<Ping> {
                            pings
                                .iter()
                                .filter(|ping| worker_of(ping.key, workers) == worker)
                                .copied()
                                .collect()
                        };
                        spent += side_by_side(&mut subject, &(0..workers).map(of).collect::<Vec<_>>());
                    }
                    spent
                });
            });
        }
    }
    group.finish();
}

fn side_by_side(subject: &mut Judge, shares: &[Vec<Ping>]) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for (worker, share) in subject.workers.iter_mut().zip(shares) {
            scope.spawn(move || duplicates(&mut **worker, share, &mut Vec::new()));
        }
    });
    start.elapsed()
}

fn lru(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lru");
    group.throughput(Throughput::Elements(1));
    for way in lru_ways::WAYS {
        let mut ready = None;
        group.bench_function(way.name, |bencher| {
            let ids = 75_000;
            let (judge, stream) = ready.get_or_insert_with(|| {
                let (judge, mut stream) = ((way.build)(ids), Stream::new(1, ids));
                timed(&mut stream, 2 * ids, |pings| judge(pings));
                (judge, stream)
            });
            bencher.iter_custom(|pings| timed(stream, pings, |pings| judge(pings)));
        });
    }
    group.finish();
}

/// A strategy of which the first ids of a full window are gone again, and its stream.
fn turning_over(name: &str, ids: u64) -> (Judge, Stream) {
    let (mut subject, mut stream) = (Judge::new(name, &[], ids, 1), Stream::new(1, ids));
    timed(&mut stream, ids + ids / 4, |pings| judge(&mut subject, pings));
    (subject, stream)
}

/// How long `judge` takes for so many pings.
fn timed(stream: &mut Stream, count: u64, mut judge: impl FnMut(&[Ping]) -> usize) -> Duration {
    let (mut spent, mut left, mut pings) = (Duration::ZERO, count, Vec::new());
    while left > 0 {
        let some = left.min(CHUNK);
        stream.take(some as usize, &mut pings);
        let start = Instant::now();
        black_box(judge(&pings));
        spent += start.elapsed();
        left -= some;
    }
    spent
}

fn quick() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(10)
        .nresamples(1000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(1000))
}

criterion_group! { name = all; config = quick(); targets = full_window, filling_window, threads, lru }
criterion_main!(all);
