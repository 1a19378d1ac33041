//! How fast strategies judge, at several shares of duplicates, in batches of 64 and over a full window.
//!
//! Every embedded strategy of the list takes part without being named here. `bare-exact` is the hash set of `exact`
//! in a loop of its own, without the contract around it. Time is virtual: pings come at a fixed rate, so that the
//! window holds as many ids however fast the machine is.

#![allow(missing_docs)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;

use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use dedup_strategies::exact::ExactWindow;
use dedup_strategies::{
    Context, Definition, DeliveryId, Needs, Ping, PingKey, STRATEGIES, Settings, Sizing, Timestamp, Verdict,
    Worker,
};

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Pings a batch.
const BATCH: usize = 64;

/// Pings within a window.
const WINDOW_PINGS: u64 = 1 << 17;

/// Virtual time between two pings.
const INTERVAL: Duration = Duration::from_micros(10);

/// Seed of keys and hashes.
const SEED: u64 = 1;

fn judge(criterion: &mut Criterion) {
    for percent in [0, 10, 90] {
        let mut group = criterion.benchmark_group(format!("judge/duplicates={percent}%"));
        group
            .throughput(Throughput::Elements(BATCH as u64))
            .sample_size(20)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600));
        bare_exact(&mut group, percent);
        for definition in STRATEGIES.iter().filter(|definition| definition.needs == Needs::Nothing) {
            strategy(&mut group, definition, percent);
        }
        group.finish();
    }
}

fn strategy(group: &mut Group, definition: &Definition, percent: u64) {
    let mut worker = worker(definition);
    let mut stream = Stream::new(percent);
    let mut released = Vec::new();
    let mut judge = |pings: &Batch, verdicts: &mut Vec<Verdict>| {
        verdicts.clear();
        worker.judge(&pings.pings, pings.now, verdicts).expect("embedded strategies are always available");
        worker.advance(pings.now, &mut released).expect("embedded strategies are always available");
        released.clear();
    };
    let mut verdicts = Vec::with_capacity(BATCH);
    for _ in 0..2 * WINDOW_PINGS / BATCH as u64 {
        judge(&stream.batch(), &mut verdicts);
    }
    group.bench_function(BenchmarkId::from_parameter(definition.name), |bencher| {
        bencher.iter_batched_ref(
            || stream.batch(),
            |batch| {
                judge(batch, &mut verdicts);
                black_box(&verdicts);
            },
            BatchSize::SmallInput,
        );
    });
}

fn bare_exact(group: &mut Group, percent: u64) {
    let mut seen = ExactWindow::new(window(), SEED);
    let mut stream = Stream::new(percent);
    let mut insert = |batch: &Batch| {
        seen.expire(batch.now);
        batch.pings.iter().filter(|ping| seen.insert(ping.key, batch.now)).count()
    };
    for _ in 0..2 * WINDOW_PINGS / BATCH as u64 {
        insert(&stream.batch());
    }
    group.bench_function("bare-exact", |bencher| {
        bencher.iter_batched_ref(|| stream.batch(), |batch| insert(batch), BatchSize::SmallInput);
    });
}

fn window() -> Duration {
    INTERVAL * WINDOW_PINGS as u32
}

/// The strategy's worker, sized for the stream. A filter that never forgets is sized for sixty-four windows.
fn worker(definition: &Definition) -> Box<dyn Worker> {
    let context = Context {
        workers: NonZeroUsize::MIN,
        seed: SEED,
        state_dir: std::env::temp_dir(),
        sizing: Sizing { window: window(), ids_in_window: WINDOW_PINGS, ids_total: 64 * WINDOW_PINGS },
        memory_limit: 4 << 30,
        redis: None,
        store_time_factor: 1.0,
    };
    let settings = Settings::resolve(definition, &[], &context.sizing).expect("defaults are valid");
    let strategy = (definition.build)(&settings, &context).expect("defaults fit");
    strategy.worker(0).expect("embedded strategies are always available")
}

/// Pings without end: random keys, a share of them repeats from the last half window.
struct Stream {
    percent: u64,
    random: u64,
    recent: Vec<PingKey>,
    sent: u64,
}

struct Batch {
    now: Timestamp,
    pings: Vec<Ping>,
}

impl Stream {
    fn new(percent: u64) -> Self {
        let first = PingKey::from_u128(0);
        Stream { percent, random: SEED, recent: vec![first; WINDOW_PINGS as usize / 2], sent: 0 }
    }

    fn batch(&mut self) -> Batch {
        let now = Timestamp::from_secs(1_700_000_000).plus(INTERVAL * 64 * (self.sent / BATCH as u64) as u32);
        let pings = (0..BATCH).map(|_| self.ping(now)).collect();
        Batch { now, pings }
    }

    fn ping(&mut self, now: Timestamp) -> Ping {
        let place = (self.sent % self.recent.len() as u64) as usize;
        let key = if self.next() % 100 < self.percent && self.sent >= self.recent.len() as u64 {
            let at = self.next() % self.recent.len() as u64;
            self.recent[at as usize]
        } else {
            PingKey::from_u128(u128::from(self.next()) << 64 | u128::from(self.next()))
        };
        self.recent[place] = key;
        self.sent += 1;
        Ping { key, event_time: now, arrival: now, delivery: DeliveryId(self.sent) }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

criterion_group!(benches, judge);
criterion_main!(benches);
