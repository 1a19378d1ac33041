//! Two threads, each with the keys that are routed to its worker, beside one thread with all.

use std::thread;
use std::time::Instant;

use dedup_strategies::{Ping, Worker, worker_of};

use crate::Table;
use dedup_benches::judge::{Judge, duplicates};
use dedup_benches::median;
use dedup_benches::stream::Stream;

/// Ids in a window, pings a round, rounds.
const IDS: u64 = 32_000_000;
const PINGS: usize = 4_000_000;
const ROUNDS: usize = 7;

pub(crate) fn table(names: &[&str]) -> Table {
    let mut table = Table::new(&["", "one thread, M/s", "two threads, M/s", "ratio"]);
    for name in names {
        let [mut one, mut two] = [1, 2].map(|workers| Judge::new(name, &[], IDS, workers));
        let mut stream = Stream::new(7, IDS);
        let mut batch = Vec::new();
        let mut rates = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            stream.take(PINGS, &mut batch);
            let parts = [vec![batch.clone()], routed(&batch)];
            for ((subject, parts), rates) in [&mut one, &mut two].into_iter().zip(parts).zip(&mut rates) {
                let start = Instant::now();
                judge_all(&mut subject.workers, &parts);
                rates.push(PINGS as f64 / start.elapsed().as_secs_f64() / 1e6);
            }
        }
        // The first rounds meet memory that the system has yet to provide; the median is not among them.
        let [one, two] = rates.map(median);
        table.row(&[name.to_string(), format!("{one:.1}"), format!("{two:.1}"), format!("{:.2}", two / one)]);
    }
    table
}

fn routed(pings: &[Ping]) -> Vec<Vec<Ping>> {
    let of = |worker| pings.iter().filter(|ping| worker_of(ping.key, 2) == worker).copied().collect();
    (0..2).map(of).collect()
}

fn judge_all(workers: &mut [Box<dyn Worker>], parts: &[Vec<Ping>]) {
    thread::scope(|scope| {
        for (worker, pings) in workers.iter_mut().zip(parts) {
            scope.spawn(move || duplicates(&mut **worker, pings, &mut Vec::new()));
        }
    });
}
