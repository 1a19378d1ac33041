//! The exact table against the set that one would take for it, in one run: speed, bytes an id, two threads, and
//! whether the tenth window is as fast as the first.
//!
//! `cargo run --release -p dedup-benches --example exact_targets [-- MILLIONS_OF_PINGS [ROUNDS]]`
//!
//! All contestants hold their tables at the same time and take turns after every 65,536 pings, so that a machine whose
//! memory is slow for a while is slow for all of them; ratios are medians of those within a round. Every contestant begins
//! empty, with room for its ids, and pays for its own page faults. The clock runs while batches are judged and stands while
//! pings are made. It is the thread's own, which stands while other programs have the processor; for two threads it is the
//! wall's, so that only a quiet machine gives that figure.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use dedup_harness::alloc;
use dedup_harness::strategies::hardware::Pages;
use dedup_harness::strategies::strategies::{exact, exact_compact, fingerprint_64};
use dedup_harness::strategies::window_set::{ExactSet, Room, Slot, WindowSet};
use dedup_harness::strategies::{
    Context, Definition, DeliveryId, Ping, PingKey, Sizing, Strategy, Timestamp, Verdict, Worker, worker_of,
};
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// Pings a call, as in the harness.
const BATCH: usize = 64;

/// Pings made at once, outside the clock.
const CHUNK: u64 = 1 << 16;

/// One ping in this many repeats one of the last half window.
const REPEATS: u64 = 10;

/// Virtual time between two pings.
const INTERVAL: Duration = Duration::from_micros(10);

/// Makes a contestant for so many pings, with a seed.
type Entry = fn(u64, u64) -> Box<dyn Contestant>;

/// Who takes part in the comparison of speed.
trait Contestant {
    fn judge(&mut self, batch: &[Ping]);
    /// Ids that it remembers.
    fn ids(&self) -> u64;
}

fn main() {
    alloc::start_counting();
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |default| match numbers.next() {
        None => default,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            eprintln!("error: give whole numbers above zero: [MILLIONS_OF_PINGS [ROUNDS]]");
            std::process::exit(2);
        }
    };
    let (pings, rounds) = (number(20) * 1_000_000, number(5));
    speed(pings, rounds);
    two_threads(pings, rounds);
    steady_state(pings / 5, rounds);
}

/// Nanoseconds a ping, and bytes for each id that is remembered at the end.
#[derive(Clone, Copy)]
struct Cost {
    nanos: f64,
    bytes: f64,
}

fn speed(pings: u64, rounds: u64) {
    let contestants: [(&str, Entry); 6] = [
        ("hashbrown set, presized, no expiry", hashbrown_set),
        ("exact", |pings, round| strategy(&exact::DEFINITION, pings, round)),
        ("exact-compact", |pings, round| strategy(&exact_compact::DEFINITION, pings, round)),
        ("  its table on ordinary pages", |pings, round| table::<u128>(Pages::Ordinary, pings, round)),
        ("fingerprint-64", |pings, round| strategy(&fingerprint_64::DEFINITION, pings, round)),
        ("  its table on ordinary pages", |pings, round| table::<u64>(Pages::Ordinary, pings, round)),
    ];
    println!("{pings} pings, one in {REPEATS} repeated, all in one window, batches of {BATCH}, one thread");
    let mut costs = vec![Vec::new(); contestants.len()];
    for round in 0..rounds {
        let made = contestants.iter().map(|(_, make)| alloc::charged(|| make(pings, round))).collect();
        for (costs, cost) in costs.iter_mut().zip(contest(made, pings, round)) {
            costs.push(cost);
        }
    }
    println!("{:<36}  {:>7}  {:>5}  {:>17}", "", "ns/ping", "B/id", "times as fast as the set");
    for (own, (name, _)) in costs.iter().zip(contestants) {
        let ratios = own.iter().zip(&costs[0]).map(|(own, set)| set.nanos / own.nanos).collect();
        let nanos = median(own.iter().map(|cost| cost.nanos).collect());
        let bytes = median(own.iter().map(|cost| cost.bytes).collect());
        println!("{name:<36}  {nanos:>7.1}  {bytes:>5.1}  {:>17.2}", median(ratios));
    }
}

/// What each of them costs for the same pings.
fn contest(mut contestants: Vec<Box<dyn Contestant>>, pings: u64, round: u64) -> Vec<Cost> {
    let mut spent = vec![Duration::ZERO; contestants.len()];
    each_chunk(0..pings, round, pings, |chunk| {
        for (contestant, spent) in contestants.iter_mut().zip(&mut spent) {
            let start = own_time();
            alloc::charged(|| chunk.chunks(BATCH).for_each(|batch| contestant.judge(batch)));
            *spent += own_time() - start;
        }
    });
    let cost = |(contestant, spent): (Box<dyn Contestant>, Duration)| {
        let (ids, held) = (contestant.ids(), alloc::live_bytes());
        alloc::charged(|| drop(contestant));
        let bytes = (held - alloc::live_bytes()) as f64 / ids as f64;
        Cost { nanos: spent.as_nanos() as f64 / pings as f64, bytes }
    };
    contestants.into_iter().zip(spent).map(cost).collect()
}

fn hashbrown_set(pings: u64, round: u64) -> Box<dyn Contestant> {
    struct Set(HashSet<PingKey, FixedState>, Vec<bool>);

    impl Contestant for Set {
        fn judge(&mut self, batch: &[Ping]) {
            let Set(seen, fresh) = self;
            fresh.clear();
            fresh.extend(batch.iter().map(|ping| seen.insert(ping.key)));
            std::hint::black_box(fresh);
        }

        fn ids(&self) -> u64 {
            self.0.len() as u64
        }
    }

    let seen = HashSet::with_capacity_and_hasher(unique(pings) as usize, FixedState::with_seed(round));
    Box::new(Set(seen, Vec::with_capacity(BATCH)))
}

fn strategy(definition: &Definition, pings: u64, round: u64) -> Box<dyn Contestant> {
    struct OneWorker(Box<dyn Worker>, Box<dyn Strategy>, Vec<Verdict>);

    impl Contestant for OneWorker {
        fn judge(&mut self, batch: &[Ping]) {
            let OneWorker(worker, _, verdicts) = self;
            verdicts.clear();
            worker.judge(batch, batch[0].arrival, verdicts).expect("it is always available");
            std::hint::black_box(verdicts);
        }

        fn ids(&self) -> u64 {
            self.1.footprint().ids
        }
    }

    let strategy = build(definition, pings, 1, round);
    let worker = strategy.worker(0).expect("embedded strategies are always available");
    Box::new(OneWorker(worker, strategy, Vec::with_capacity(BATCH)))
}

fn table<S: Slot>(pages: Pages, pings: u64, round: u64) -> Box<dyn Contestant> {
    struct Compact<S>(WindowSet<S>, Vec<bool>);

    impl<S: Slot> Contestant for Compact<S> {
        fn judge(&mut self, batch: &[Ping]) {
            let Compact(set, fresh) = self;
            fresh.clear();
            let keys = batch.iter().map(|ping| ping.key);
            set.insert_batch(keys, batch[0].arrival, |new| fresh.push(new));
            std::hint::black_box(fresh);
        }

        fn ids(&self) -> u64 {
            self.0.len()
        }
    }

    let set = WindowSet::<S>::with(Room::Little, pages, window(pings), unique(pings), round);
    Box::new(Compact(set, Vec::with_capacity(BATCH)))
}

/// The same pings to one worker, and to two on a thread each, routed by key before the clock starts.
fn two_threads(pings: u64, rounds: u64) {
    println!("\ntwo threads with a worker each, pings routed by key, against one thread with one worker");
    for definition in [&exact_compact::DEFINITION, &fingerprint_64::DEFINITION] {
        let ratios = (0..rounds).map(|round| {
            let one = threads(definition, pings, 1, round);
            one / threads(definition, pings, 2, round)
        });
        println!("{:<36}  {:.2} times as fast", definition.name, median(ratios.collect()));
    }
}

/// Seconds until all workers have judged their shares.
fn threads(definition: &Definition, pings: u64, workers: usize, round: u64) -> f64 {
    let strategy = build(definition, pings, workers, round);
    let mut shares = vec![Vec::new(); workers];
    for ping in (0..pings).map(|n| ping(n, round, pings)) {
        shares[worker_of(ping.key, workers)].push(ping);
    }
    let barrier = Barrier::new(workers + 1);
    std::thread::scope(|scope| {
        let running: Vec<_> = shares
            .iter()
            .enumerate()
            .map(|(index, share)| {
                let mut worker = strategy.worker(index).expect("embedded strategies are always available");
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut verdicts = Vec::with_capacity(BATCH);
                    barrier.wait();
                    for batch in share.chunks(BATCH) {
                        verdicts.clear();
                        worker.judge(batch, batch[0].arrival, &mut verdicts).expect("it is always available");
                        std::hint::black_box(&verdicts);
                    }
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        running.into_iter().for_each(|thread| thread.join().expect("no worker panics"));
        start.elapsed().as_secs_f64()
    })
}

/// Eleven windows, one after the other: the second is the first that begins full.
fn steady_state(pings_in_window: u64, rounds: u64) {
    println!("\neleven windows of {pings_in_window} pings: ns a ping in each, B/id at its end (last round)");
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let before = alloc::live_bytes();
        let mut set = ExactSet::new(window(pings_in_window), unique(pings_in_window), round);
        let mut shown = String::new();
        let mut nanos = Vec::new();
        for nth in 0..11 {
            let range = nth * pings_in_window..(nth + 1) * pings_in_window;
            nanos.push(timed_range(range, round, pings_in_window, |batch| {
                let keys = batch.iter().map(|ping| ping.key);
                alloc::charged(|| {
                    set.insert_batch(keys, batch[0].arrival, |new| {
                        std::hint::black_box(new);
                    })
                });
            }));
            let bytes = (alloc::live_bytes() - before) as f64 / set.len() as f64;
            shown += &format!("  {:.0} ({bytes:.1})", nanos[nth as usize]);
        }
        ratios.push(nanos[1] / nanos[10]);
        if round == rounds - 1 {
            println!("exact-compact{shown}");
        }
    }
    println!(
        "{:<36}  {:.2} times as fast in the tenth full window as in the first",
        "exact-compact",
        median(ratios)
    );
}

/// Has `judge` take the pings of a range in batches; nanoseconds a ping.
fn timed_range(range: Range<u64>, round: u64, in_window: u64, mut judge: impl FnMut(&[Ping])) -> f64 {
    let (mut spent, count) = (Duration::ZERO, range.end - range.start);
    each_chunk(range, round, in_window, |chunk| {
        let start = own_time();
        chunk.chunks(BATCH).for_each(&mut judge);
        spent += own_time() - start;
    });
    spent.as_nanos() as f64 / count as f64
}

fn each_chunk(range: Range<u64>, round: u64, in_window: u64, mut each: impl FnMut(&[Ping])) {
    let mut at = range.start;
    let mut chunk = Vec::with_capacity(CHUNK as usize);
    while at < range.end {
        let end = (at + CHUNK).min(range.end);
        chunk.clear();
        chunk.extend((at..end).map(|n| ping(n, round, in_window)));
        each(&chunk);
        at = end;
    }
}

/// Time that this thread has had a processor.
fn own_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Ping `n` of a stream in which every tenth repeats one of the last half window. No two rounds share a key.
fn ping(n: u64, round: u64, in_window: u64) -> Ping {
    let random = mix(n ^ round << 48);
    let back = random % (in_window / 2);
    // A ping that is itself a repeat is not repeated.
    let of = match n % REPEATS {
        0 if n > back => (n - back) / REPEATS * REPEATS + 1,
        _ => n,
    };
    let of = if of > n { n } else { of };
    let at = Timestamp::from_secs(1_700_000_000).plus(Duration::from_nanos(INTERVAL.as_nanos() as u64 * n));
    let key = u128::from(mix(of ^ round << 48)) << 64 | u128::from(mix(!of ^ round << 48));
    Ping { key: PingKey::from_u128(key), event_time: at, arrival: at, delivery: DeliveryId(n) }
}

fn unique(pings: u64) -> u64 {
    pings - pings / REPEATS
}

fn window(pings: u64) -> Duration {
    Duration::from_nanos(INTERVAL.as_nanos() as u64 * pings)
}

fn build(definition: &Definition, pings: u64, workers: usize, seed: u64) -> Box<dyn Strategy> {
    let context = Context {
        workers: NonZeroUsize::new(workers).expect("there is a worker"),
        seed,
        state_dir: std::env::temp_dir(),
        sizing: Sizing { window: window(pings), ids_in_window: unique(pings), ids_total: unique(pings) },
        memory_limit: 16 << 30,
        redis: None,
        server: None,
        store_time_factor: 1.0,
    };
    let given: &[(String, String)] = &match definition.name {
        "exact" => vec![],
        _ => vec![("ids".to_string(), unique(pings).to_string())],
    };
    let settings = definition.resolve(given, &context.sizing).expect("these are settings of theirs");
    (definition.build)(&settings, &context).expect("it fits")
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
