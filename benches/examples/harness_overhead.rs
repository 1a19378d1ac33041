//! What the harness's closed loop adds to a strategy: `exact` in the time pass's own loop, against the same table in
//! a bare loop over the same ids. Both in turns, so that a machine whose speed drifts slows both.
//!
//! `cargo run --release -p dedup-benches --example harness_overhead`

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dedup_harness::passes::time::{Partitions, WarmUp, closed_loop};
use dedup_harness::pipeline::{Free, Pace};
use dedup_harness::strategies::strategies::exact::{DEFINITION, ExactWindow};
use dedup_harness::strategies::{Context, DeliveryId, Ping, PingKey, Routing, Sizing, Timestamp};

const PINGS: u64 = 4_000_000;
const ROUNDS: usize = 11;
const WINDOW: Duration = Duration::from_secs(600);
const BATCH: usize = 64;

fn main() {
    let mut ratios = Vec::new();
    for round in 0..ROUNDS as u64 {
        let pings = pings(round);
        let (bare, harness) = match round % 2 {
            0 => {
                let bare = bare_loop(&pings);
                (bare, in_the_harness(&pings))
            }
            _ => {
                let harness = in_the_harness(&pings);
                (bare_loop(&pings), harness)
            }
        };
        println!(
            "round {round:>2}: bare {bare:>6.1} ns/id, harness {harness:>6.1} ns/id, ratio {:.3}",
            harness / bare
        );
        ratios.push(harness / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "exact in the time pass takes {:.3} of the bare loop's time (median of {ROUNDS}; {:.3} to {:.3})",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
}

/// A tenth of them repeated a second later; 10 minutes hold 600,000.
fn pings(round: u64) -> Vec<Ping> {
    let scrambled =
        |n: u64| u128::from(n + round * PINGS).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let ping = |n: u64| {
        let unique = if n % 10 == 9 { n.saturating_sub(1000) } else { n };
        let at = Timestamp::from_millis(n);
        Ping {
            key: PingKey::from_u128(scrambled(unique)),
            event_time: at,
            arrival: at,
            delivery: DeliveryId(n),
        }
    };
    (0..PINGS).map(ping).collect()
}

/// The table of `exact` and nothing else: no contract, no verdicts, no clock but the pings' own. It expires as often as
/// the strategy does, so that both do the same work on the table.
fn bare_loop(pings: &[Ping]) -> f64 {
    let mut seen = ExactWindow::new(WINDOW, 1);
    let began = Instant::now();
    let mut new = 0u64;
    for (index, ping) in pings.iter().enumerate() {
        if index % BATCH == 0 {
            seen.expire(ping.arrival);
        }
        new += u64::from(seen.insert(ping.key, ping.arrival));
    }
    let took = began.elapsed();
    assert!(new >= PINGS / 10 * 9);
    took.as_nanos() as f64 / pings.len() as f64
}

fn in_the_harness(pings: &[Ping]) -> f64 {
    let sizing = Sizing { window: WINDOW, ids_in_window: PINGS, ids_total: PINGS };
    let settings = DEFINITION.resolve(&[], &sizing).expect("defaults are allowed");
    let context = Context {
        workers: NonZeroUsize::MIN,
        seed: 1,
        state_dir: PathBuf::new(),
        sizing,
        memory_limit: u64::MAX,
        redis: None,
        server: None,
        store_time_factor: 1.0,
    };
    let strategy = (DEFINITION.build)(&settings, &context).expect("exact needs nothing");
    let partitions = Partitions::new(pings, Routing::ByKey, NonZeroUsize::MIN, BATCH);
    let paces: Vec<Box<dyn Pace>> = vec![Box::new(Free)];
    let ran = closed_loop(strategy.as_ref(), &partitions, paces, Duration::from_secs(600), WarmUp::None)
        .expect("exact is always there");
    ran.took.as_nanos() as f64 / ran.judged as f64
}
