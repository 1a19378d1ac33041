//! Our nightly job beside DuckDB's, on the same files, in turns.
//!
//! `cargo run --release -p dedup-benches --example nightly_speed [ROWS] [ROUNDS] [THREADS] [MEMORY_BYTES]`: by default 20 M
//! rows of 16-byte ids over two days, 30 % of them copies, five rounds, two threads, 1 GiB.

#[path = "live_table/mod.rs"]
mod live_table;

use std::time::Instant;

use dedup_harness::nightly::{Columns, Day, Duckdb, Keep, Night, Table, copy_deduplicated};
use dedup_harness::process::peak_rss_bytes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n: usize, default: u64| std::env::args().nth(n).map_or(Ok(default), |text| text.parse());
    let (rows, rounds) = (argument(1, 20_000_000)?, argument(2, 5)?);
    let (threads, memory_bytes) = (argument(3, 2)? as usize, argument(4, 1 << 30)?);
    let dir = tempfile::tempdir()?;
    let began = Instant::now();
    let live = live_table::write(&dir.path().join("live"), rows)?;
    let written = began.elapsed().as_secs_f64();
    let night = Night {
        columns: Columns::default(),
        keep: Keep::First,
        preceding_days: 0,
        slices: 1,
        memory_bytes,
        threads,
        scratch: dir.path().to_path_buf(),
        stop: Default::default(),
    };
    let duckdb = Duckdb::find()?;
    println!("{rows} rows in {} days, {threads} threads, duckdb {}", live.days.len(), duckdb.version);
    println!("written in {written:.2} s, {:.0} ns a row", written * 1e9 / rows as f64);
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let nightly = timed(&live, |day| copy_deduplicated(&live, day, &ours, &night))?;
        let nightly_duckdb = timed(&live, |day| duckdb.copy_deduplicated(&live, day, &theirs, &night))?;
        ratios.push(nightly_duckdb.0 / nightly.0);
        println!(
            "round {round}: nightly {:.2} s ({} rows left)   nightly-duckdb {:.2} s ({} rows left)",
            nightly.0, nightly.1, nightly_duckdb.0, nightly_duckdb.1
        );
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    println!(
        "nightly is {median:.2} times as fast (median); its process peaked at {} MiB",
        peak_rss_bytes() >> 20
    );
    Ok(())
}

/// Seconds for all days, and rows left.
fn timed<E>(
    live: &Table,
    night: impl Fn(Day) -> Result<dedup_harness::nightly::DayDone, E>,
) -> Result<(f64, u64), E> {
    let began = Instant::now();
    let mut left = 0;
    for day in live.days.keys() {
        left += night(*day)?.stable_rows;
    }
    Ok((began.elapsed().as_secs_f64(), left))
}
