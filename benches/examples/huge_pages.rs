//! What huge pages and batches bring to random probes of a table far beyond the caches:
//! `cargo run --release -p dedup-benches --example huge_pages [MIB]`.
//!
//! The same probes of two tables of the same size, one on huge and one on ordinary pages, in turns; each way of probing
//! is shown as its median time a probe over the rounds. A probe reads one cache line and sets a bit in it.

use std::hint::black_box;
use std::time::Instant;

use dedup_strategies::hardware::{Pages, Table, prefetch};

const PROBES: u64 = 4_000_000;
const BATCH: u64 = 64;
const ROUNDS: usize = 5;

fn main() {
    let mib: usize = std::env::args().nth(1).map_or(1024, |text| text.parse().expect("a number of MiB"));
    let kinds = [Pages::Ordinary, Pages::Huge];
    let mut tables = kinds.map(|pages| filled(pages, mib));
    println!(
        "{mib} MiB, {PROBES} probes, median of {ROUNDS} rounds\n\n{:<28}{:>12}{:>12}{:>8}",
        "ns a probe", "ordinary", "huge", "ratio"
    );
    for (name, probe) in [
        ("one after another", one_by_one as fn(&mut Table<u64>, u64)),
        ("batches of 64, prefetched", in_batches),
    ] {
        let mut times = [const { Vec::new() }; 2];
        for round in 0..ROUNDS {
            for (table, times) in tables.iter_mut().zip(&mut times) {
                let start = Instant::now();
                probe(table, round as u64 * PROBES);
                times.push(start.elapsed().as_nanos() as f64 / PROBES as f64);
            }
        }
        let [ordinary, huge] = times.map(median);
        println!("{name:<28}{ordinary:>12.1}{huge:>12.1}{:>8.2}", ordinary / huge);
    }
}

fn filled(pages: Pages, mib: usize) -> Table<u64> {
    let mut table = Table::on(pages, mib << 17);
    // Every page is provided now, not while the clock runs.
    table.fill(1);
    table
}

/// Each probe's place depends on what the last one found, as where a pipeline judges one ping a call.
fn one_by_one(table: &mut Table<u64>, from: u64) {
    let (mut found, len) = (0, table.len());
    for at in from..from + PROBES {
        let word = &mut table[place(at ^ (found & 1), len)];
        found += *word;
        *word |= 2;
    }
    black_box(found);
}

fn in_batches(table: &mut Table<u64>, from: u64) {
    let (mut found, len) = (0, table.len());
    for batch in (from..from + PROBES).step_by(BATCH as usize) {
        let places = batch..batch + BATCH;
        places.clone().for_each(|at| prefetch(&table[place(at, len)]));
        for at in places {
            let word = &mut table[place(at, len)];
            found += *word;
            *word |= 2;
        }
    }
    black_box(found);
}

/// A place in the table that looks random (the finaliser of SplitMix64).
fn place(at: u64, len: usize) -> usize {
    let z = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = z ^ (z >> 27);
    ((u128::from(z) * len as u128) >> 64) as usize
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
