//! The patterns of all clients: how much memory they take, and how long a day's shift of them does, on one core.
//!
//! `cargo run --release -p dedup-impact --example patterns [CLIENTS] [ROUNDS]`: by default 100 M clients, nine rounds for each share of
//! clients that are active. Seconds are those of the wall: leave the machine alone meanwhile.

use std::time::Instant;

use dedup_impact::{ClientSet, Patterns};

type Failed = Box<dyn std::error::Error>;

/// Shares of clients that are active on a day, one in so many.
const ONE_IN: [u64; 3] = [50, 3, 1];

fn main() -> Result<(), Failed> {
    let argument = |n: usize, default: u32| std::env::args().nth(n).map_or(Ok(default), |text| text.parse());
    let (clients, rounds) = (argument(1, 100_000_000)?, argument(2, 9)?.max(1));
    let before = resident_bytes()?;
    let mut patterns = Patterns::unseen(clients);
    // Pages are there once they are written to.
    patterns.next_day(&ClientSet::default());
    let bytes = resident_bytes()? - before;
    println!(
        "{clients} clients: {} MB, {:.2} bytes each",
        bytes / 1_000_000,
        bytes as f64 / f64::from(clients)
    );
    for one_in in ONE_IN {
        let active = active(clients, one_in);
        let shift = median(rounds, || patterns.next_day(&active));
        println!(
            "one in {one_in} active: a day's shift {:.3} s ({:.3} to {:.3}), {:.0} M clients a second",
            shift[1],
            shift[0],
            shift[2],
            f64::from(clients) / shift[1] / 1e6
        );
        // Else nobody would look at what is timed.
        if patterns.active_in_last(1) != active.count() {
            return Err("the day's bits are not those of its clients".into());
        }
    }
    let count = median(rounds, || {
        std::hint::black_box(patterns.active_in_last(28));
    });
    println!("counting those active in 28 days {:.3} s ({:.3} to {:.3})", count[1], count[0], count[2]);
    Ok(())
}

/// By a multiplicative hash of their numbers.
fn active(clients: u32, one_in: u64) -> ClientSet {
    let mut set = ClientSet::default();
    let is_active =
        |client: &u32| (u64::from(*client).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % one_in == 0;
    (0..clients).filter(is_active).for_each(|client| set.insert(client, clients));
    set
}

/// Least, median and most seconds.
fn median(rounds: u32, mut work: impl FnMut()) -> [f64; 3] {
    let mut took: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    [took[0], took[took.len() / 2], took[took.len() - 1]]
}

/// Memory that this process holds (proc(5)).
fn resident_bytes() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
