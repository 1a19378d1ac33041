//! The `redis` strategy beside `redis-benchmark`, by itself and in the closed loop of the harness's time pass, which
//! steps the server's clock before each batch: the same command, key length, batch, number of connections and kind of
//! server, a fresh private server for each, in turns.
//!
//! ```text
//! cargo run --release -p dedup-benches --example redis_pipeline [ROUNDS [COMMANDS]]
//! ```

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use dedup_harness::cell::{Environment, RedisChoice, Timing, Trouble};
use dedup_harness::passes::time::{Lanes, closed_loop};
use dedup_harness::servers::{Launch, PrivateRedis, guard};
use dedup_strategies::redis::claim::DEFINITION;
use dedup_strategies::{
    Context, DeliveryId, Ping, PingKey, Settings, Sizing, Strategy, Timestamp, Verdict, Worker,
};

const BATCH: usize = 64;
const WINDOW_MS: u64 = 600_000;
const CONNECTIONS: [usize; 2] = [1, 4];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    // A private server runs under a guard, which is this same program started again.
    if let Some(code) = guard::dispatch() {
        return code;
    }
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args.next().map_or(Ok(15), |text| text.parse())?;
    let commands: usize = args.next().map_or(Ok(500_000), |text| text.parse())?;
    let launch = Launch::find()?;
    println!("{commands} x SET <16 bytes> \"\" NX PX {WINDOW_MS}, {BATCH} a batch, Unix socket; commands/s");
    for connections in CONNECTIONS {
        println!("\nconnections  round  redis-benchmark  redis strategy  ratio  time pass  ratio");
        let (mut alone, mut timed) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let [theirs, ours, pass] = in_turns(round, &launch, connections, commands)?;
            alone.push(ours / theirs);
            timed.push(pass / theirs);
            println!(
                "{connections:>11}  {round:>5}  {theirs:>15.0}  {ours:>14.0}  {:>5.3}  {pass:>9.0}  {:>5.3}",
                ours / theirs,
                pass / theirs
            );
        }
        for (what, ratios) in [("redis strategy", &mut alone), ("time pass", &mut timed)] {
            ratios.sort_by(f64::total_cmp);
            let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
            println!("{what}: median ratio {:.3} ({least:.3} to {most:.3})", ratios[ratios.len() / 2]);
        }
    }
    Ok(())
}

/// Commands a second of redis-benchmark, of the strategy, and of the harness's time pass. Another one goes first in
/// each round.
fn in_turns(round: usize, launch: &Launch, connections: usize, commands: usize) -> Outcome<[f64; 3]> {
    let mut rates = [0.0; 3];
    for turn in 0..rates.len() {
        let who = (round + turn) % rates.len();
        rates[who] = match who {
            0 => redis_benchmark(&PrivateRedis::start(launch)?, connections, commands)?,
            1 => strategy(&PrivateRedis::start(launch)?, connections, commands, round as u64)?,
            _ => time_pass(connections, commands, round as u64)?,
        };
    }
    Ok(rates)
}

fn redis_benchmark(redis: &PrivateRedis, connections: usize, commands: usize) -> Outcome<f64> {
    let output = Command::new("redis-benchmark")
        .arg("-s")
        .arg(redis.dir().join("redis.sock"))
        .args(["-c", &connections.to_string(), "-P", &BATCH.to_string(), "-n", &commands.to_string()])
        // Four letters and twelve digits: 16 bytes. The range is an int, and large enough that few keys come twice.
        .args(["-r", "2000000000", "--csv"])
        .args(["SET", "key:__rand_int__", "", "NX", "PX", &WINDOW_MS.to_string()])
        .output()
        .map_err(|error| format!("redis-benchmark: {error} (apt-get install redis-tools)"))?;
    let text = String::from_utf8(output.stdout)?;
    let rate = text.lines().last().and_then(|line| line.split("\",\"").nth(1)?.parse().ok());
    rate.ok_or_else(|| format!("redis-benchmark printed no rate: {text}").into())
}

fn strategy(redis: &PrivateRedis, connections: usize, commands: usize, round: u64) -> Outcome<f64> {
    let workers = NonZeroUsize::new(connections).ok_or("no connections")?;
    let strategy = build(redis, workers)?;
    let share = commands / connections;
    let barrier = Barrier::new(connections + 1);
    thread::scope(|scope| {
        let judges: Vec<_> = (0..connections)
            .map(|index| {
                let pings = pings(round, index, share);
                let (strategy, barrier) = (&strategy, &barrier);
                scope.spawn(move || {
                    // Connected before the clock starts, as redis-benchmark is.
                    let worker = strategy.worker(index).and_then(|mut worker| {
                        judge(&mut *worker, &pings[..1])?;
                        Ok(worker)
                    });
                    barrier.wait();
                    judge(&mut *worker?, &pings[1..])
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        for judge in judges {
            judge.join().map_err(|_| "a worker panicked")??;
        }
        Ok((share * connections) as f64 / start.elapsed().as_secs_f64())
    })
}

/// The closed loop of the time pass, on pings that arrive evenly within one window, so that none expires.
fn time_pass(connections: usize, commands: usize, round: u64) -> Outcome<f64> {
    let workers = NonZeroUsize::new(connections).ok_or("no connections")?;
    let directory = std::env::temp_dir().join(format!("dedup-benches-{}", std::process::id()));
    let rate = closed_loop_rate(workers, commands, round, &directory);
    std::fs::remove_dir_all(&directory)?;
    rate
}

fn closed_loop_rate(workers: NonZeroUsize, commands: usize, round: u64, directory: &Path) -> Outcome<f64> {
    let sizing = sizing();
    let mut environment = Environment {
        definition: DEFINITION,
        settings: Settings::resolve(&DEFINITION, &[], &sizing)?,
        seed: 0,
        sizing,
        memory_limit: u64::MAX,
        directory: directory.to_path_buf(),
        redis: RedisChoice::Private,
        time_factor: 1.0,
        nightly: (dedup_harness::nightly::Choice::None, None),
        alive: || {},
        start: Timestamp::ZERO,
        instances: 0,
    };
    let failed = |trouble: Trouble| format!("{trouble:?}");
    let instance = environment.instance(workers, Timing::FullSpeed).map_err(failed)?;
    let mut pings = pings(round, 0, commands);
    let step = sizing.window / commands as u32;
    for (index, ping) in pings.iter_mut().enumerate() {
        ping.arrival = Timestamp::ZERO.plus(step * index as u32);
    }
    let lanes = Lanes::new(&pings, instance.strategy.routing(), workers, BATCH);
    let paces = (0..workers.get()).map(|_| instance.pace()).collect();
    Ok(closed_loop(instance.strategy.as_ref(), &lanes, paces, Duration::from_secs(60))?.per_s())
}

fn judge(worker: &mut dyn Worker, pings: &[Ping]) -> Result<(), dedup_strategies::Unavailable> {
    let mut verdicts = Vec::with_capacity(BATCH);
    for batch in pings.chunks(BATCH) {
        verdicts.clear();
        worker.judge(batch, Timestamp::ZERO, &mut verdicts)?;
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::New), "all keys are distinct");
    }
    Ok(())
}

fn sizing() -> Sizing {
    Sizing { window: Duration::from_millis(WINDOW_MS), ids_in_window: 1, ids_total: 1 }
}

fn build(redis: &PrivateRedis, workers: NonZeroUsize) -> Outcome<Box<dyn Strategy>> {
    let sizing = sizing();
    let context = Context {
        workers,
        seed: 0,
        state_dir: redis.dir().to_path_buf(),
        sizing,
        memory_limit: u64::MAX,
        redis: Some(redis.endpoint()),
        store_time_factor: 1.0,
    };
    Ok((DEFINITION.build)(&Settings::resolve(&DEFINITION, &[], &sizing)?, &context)?)
}

/// Distinct keys that look random: multiplying by an odd number is a bijection.
fn pings(round: u64, worker: usize, count: usize) -> Vec<Ping> {
    (0..count as u64)
        .map(|number| {
            let number = (round << 48 | (worker as u64) << 40 | number) + 1;
            let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let low = (high ^ high >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
            let key = PingKey::from_u128(u128::from(high) << 64 | u128::from(low));
            let at = Timestamp::ZERO;
            Ping { key, event_time: at, arrival: at, delivery: DeliveryId(number) }
        })
        .collect()
}
