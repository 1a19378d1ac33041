//! What an LRU of the last ids takes, by the `lru` crate and by moka in each way of using it, on one thread, two and four:
//! `cargo run --release -p dedup-benches --example lru_costs [-- IDS [ROUNDS]]`.
//!
//! All take turns with the same pings, and the figures are medians over the rounds, once all are full. Processor time is what
//! the threads took together, which other programs do not add to; wall time is until the last thread was done.

#[path = "../benches/limits/lru_ways.rs"]
mod lru_ways;

use std::thread;
use std::time::Instant;

use dedup_benches::stream::{BATCH, Stream};
use dedup_benches::{cpu_ns, median};
use dedup_strategies::Ping;
use lru_ways::{Judging, WAYS};

/// Pings of a round.
const PINGS: usize = 1 << 14;

fn main() {
    let given: Vec<u64> =
        std::env::args().skip(1).map(|text| text.parse().expect("whole numbers: [IDS [ROUNDS]]")).collect();
    let ids = given.first().copied().unwrap_or(75_000);
    let rounds = given.get(1).copied().unwrap_or(7);
    println!("{ids} ids in a window, batches of {BATCH}, one ping in ten repeated; ns a ping\n");
    println!("{:<42}{:>14}{:>14}{:>14}", "processor time (wall)", "1 thread", "2 threads", "4 threads");
    let columns = [1, 2, 4].map(|threads| column(ids, rounds, threads));
    for (at, way) in WAYS.iter().enumerate() {
        let cell = |column: &Vec<(f64, f64)>| format!("{:.0} ({:.0})", column[at].0, column[at].1);
        let [one, two, four] = columns.each_ref().map(cell);
        println!("{:<42}{one:>14}{two:>14}{four:>14}", way.name);
    }
}

/// Processor and wall time a ping of each way.
fn column(ids: u64, rounds: u64, threads: usize) -> Vec<(f64, f64)> {
    let judges: Vec<Judging> = WAYS.iter().map(|way| (way.build)(ids)).collect();
    let mut times = vec![(Vec::new(), Vec::new()); judges.len()];
    let (mut stream, mut pings) = (Stream::new(1, ids), Vec::new());
    let filling = (2 * ids).div_ceil(PINGS as u64);
    for round in 0..filling + rounds {
        stream.take(PINGS, &mut pings);
        for (judge, (own, wall)) in judges.iter().zip(&mut times) {
            let (processor, until) = round_of(judge, &pings, threads);
            if round >= filling {
                own.push(processor / PINGS as f64);
                wall.push(until / PINGS as f64);
            }
        }
    }
    times.into_iter().map(|(own, wall)| (median(own), median(wall))).collect()
}

/// The batches dealt to the threads in turn.
fn round_of(judge: &Judging, pings: &[Ping], threads: usize) -> (f64, f64) {
    let start = Instant::now();
    let run = |thread: usize| {
        let start = cpu_ns();
        pings.chunks(BATCH).skip(thread).step_by(threads).for_each(|batch| {
            std::hint::black_box(judge(batch));
        });
        cpu_ns() - start
    };
    let processor = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
    });
    (processor, start.elapsed().as_nanos() as f64)
}
