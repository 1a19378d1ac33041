//! How fast strategies judge: at three sizes of the window, three shares of duplicates and three sizes of batch.
//!
//! ```text
//! cargo bench -p dedup-benches --bench judge                                    # all of it, in some minutes
//! cargo bench -p dedup-benches --bench judge -- 'beyond.*(split-block|raw)'     # what matches
//! ```
//!
//! Every embedded strategy of the list takes part without being named here, and beside them the crates that one would
//! take instead, in a loop of their own without the contract (`raw ...`). Time is virtual: pings come at a fixed rate, so
//! that a window holds as many ids however fast the machine is. A contestant is filled with a window of ids once for
//! each size, and goes on from there. At the end one table for each size says what an id took.

#![allow(missing_docs)]

mod judge {
    pub(crate) mod contestant;
    pub(crate) mod stream;
    pub(crate) mod summary;
}

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use judge::contestant::{Contestant, Judge};
use judge::stream::Stream;
use judge::summary::{Case, Summary};

/// Ids within a window, and what that means for a table of 16-byte keys on a machine of our day.
const WINDOWS: [(&str, u64); 3] = [("fits-L2", 1 << 14), ("fits-L3", 1 << 19), ("beyond-L3", 1 << 23)];

/// Duplicates in a hundred pings.
const DUPLICATES: [u64; 3] = [0, 10, 90];

const BATCHES: [usize; 3] = [1, 32, 256];

/// The longest that filling may take: what is slower begins with a part of a window, which flatters it.
const FILLING: Duration = Duration::from_secs(4);

/// Pings made at once, outside the clock.
const CHUNK: usize = 4096;

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(10)
        .nresamples(1000)
        .warm_up_time(Duration::from_millis(40))
        .measurement_time(Duration::from_millis(120))
        .configure_from_args();
    let summary = RefCell::new(Summary::default());
    for (size, ids) in WINDOWS {
        for contestant in Contestant::all() {
            bench(&mut criterion, size, ids, &contestant, &summary);
        }
    }
    criterion.final_summary();
    print!("{}", summary.into_inner());
}

fn bench(
    criterion: &mut Criterion,
    size: &'static str,
    ids: u64,
    contestant: &Contestant,
    summary: &RefCell<Summary>,
) {
    let mut group = criterion.benchmark_group(format!("judge/{size}/{}", contestant.name()));
    group.throughput(Throughput::Elements(1));
    // Made when the first case is run: a filter that leaves them out costs nothing.
    let mut filled: Option<(Box<dyn Judge>, Stream)> = None;
    for duplicates in DUPLICATES {
        for batch in BATCHES {
            let case = Case { size, duplicates, batch };
            let id = BenchmarkId::from_parameter(format!("{duplicates}%-duplicates/batch-{batch}"));
            group.bench_function(id, |bencher| {
                let (judge, stream) = filled.get_or_insert_with(|| fill(contestant, ids));
                stream.repeat(duplicates);
                bencher.iter_custom(|pings| {
                    let spent = time(judge.as_mut(), stream, batch, pings);
                    summary.borrow_mut().add(contestant.name(), case, spent.as_nanos() as f64 / pings as f64);
                    spent
                });
            });
        }
    }
    group.finish();
}

fn fill(contestant: &Contestant, ids: u64) -> (Box<dyn Judge>, Stream) {
    let (mut judge, mut stream) = (contestant.build(ids), Stream::new(ids));
    let (start, mut left) = (Instant::now(), ids + ids / 8);
    while left > 0 && start.elapsed() < FILLING {
        let count = left.min(CHUNK as u64);
        time(judge.as_mut(), &mut stream, 256, count);
        left -= count;
    }
    (judge, stream)
}

/// The time in which `judge` takes `pings` pings of `stream`, in batches.
fn time(judge: &mut dyn Judge, stream: &mut Stream, batch: usize, pings: u64) -> Duration {
    let (mut spent, mut left) = (Duration::ZERO, pings);
    while left > 0 {
        let chunk = stream.take(left.min(CHUNK as u64) as usize);
        let start = Instant::now();
        for batch in chunk.chunks(batch) {
            judge.judge(batch);
        }
        spent += start.elapsed();
        left -= chunk.len() as u64;
    }
    spent
}
