//! Strategies on Redis beside `redis-benchmark`: the same commands, key length, batch, number of connections and kind of
//! server, a fresh private server for each, in turns. `redis-claim` also in the closed loop of the harness's time pass,
//! which steps the server's clock before each batch.
//!
//! ```text
//! cargo run --release -p dedup-benches --example redis_pipeline [ROUNDS [COMMANDS [PART OF A NAME]]]
//! ```

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use dedup_harness::environment::{CellError, Environment, Timing};
use dedup_harness::passes::time::{Partitions, WarmUp, closed_loop};
use dedup_harness::servers::{Launch, PrivateRedis, guard};
use dedup_strategies::redis::{claim, lease, mozilla, tiered};
use dedup_strategies::{
    Context, Definition, DeliveryId, Outcome, Ping, PingKey, Settled, Sizing, Strategy, Timestamp,
    Unavailable, Verdict, Worker,
};

const BATCH: usize = 64;
const WINDOW_MS: u64 = 600_000;
const CONNECTIONS: [usize; 2] = [1, 4];

type Fallible<T> = Result<T, Box<dyn Error>>;

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

/// What is compared.
struct Case {
    name: &'static str,
    strategy: &'static Definition,
    settings: &'static [(&'static str, &'static str)],
    /// What redis-benchmark sends; KEY stands for 16 bytes that differ.
    command: &'static [&'static str],
    act: Act,
}

/// What the strategy does meanwhile.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Judge,
    Settle,
    /// Judges in the closed loop of the time pass.
    TimePass,
}

const CLAIM: &[&str] = &["SET", KEY, "", "NX", "PX", "600000"];
const KEY: &str = "KEY";

const CASES: [Case; 7] = [
    Case {
        name: "redis-mozilla check",
        strategy: &mozilla::DEFINITION,
        settings: &[],
        command: &["EXISTS", KEY],
        act: Act::Judge,
    },
    Case {
        name: "redis-mozilla mark",
        strategy: &mozilla::DEFINITION,
        settings: &[],
        command: &["SETEX", KEY, "600", ""],
        act: Act::Settle,
    },
    Case {
        name: "redis-claim",
        strategy: &claim::DEFINITION,
        settings: &[],
        command: CLAIM,
        act: Act::Judge,
    },
    Case {
        name: "redis-claim owner",
        strategy: &claim::DEFINITION,
        settings: &[("owner", "delivery")],
        command: &["SET", KEY, "sixteen bytes...", "NX", "PX", "600000"],
        act: Act::Judge,
    },
    Case {
        name: "claim, time pass",
        strategy: &claim::DEFINITION,
        settings: &[],
        command: CLAIM,
        act: Act::TimePass,
    },
    Case {
        name: "redis-lease check",
        strategy: &lease::DEFINITION,
        settings: &[],
        command: &["SET", KEY, "sixteen bytes...", "NX", "GET", "PX", "30000"],
        act: Act::Judge,
    },
    Case {
        name: "tiered, nothing known",
        strategy: &tiered::DEFINITION,
        settings: &[("back", "redis-mozilla")],
        command: &["EXISTS", KEY],
        act: Act::Judge,
    },
];

fn compare() -> Fallible<()> {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args.next().map_or(Ok(15), |text| text.parse())?;
    let commands: usize = args.next().map_or(Ok(500_000), |text| text.parse())?;
    let wanted = args.next().unwrap_or_default();
    let launch = Launch::find()?;
    println!(
        "{commands} commands, {BATCH} a batch, 16 bytes of key, Unix socket; thousand commands/s, medians of {rounds}"
    );
    println!("\n{:<22} {:>5} {:>10} {:>10} {:>7}  from to", "", "conn.", "benchmark", "strategy", "ratio");
    for case in CASES.iter().filter(|case| case.name.contains(&wanted)) {
        for connections in CONNECTIONS {
            let (mut theirs, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..rounds {
                let (benchmark, strategy) = in_turns(case, round, &launch, connections, commands)?;
                theirs.push(benchmark / 1e3);
                ours.push(strategy / 1e3);
                ratios.push(strategy / benchmark);
            }
            let [theirs, ours, ratio] = [&mut theirs, &mut ours, &mut ratios].map(|values| median(values));
            println!(
                "{:<22} {connections:>5} {theirs:>10.0} {ours:>10.0} {ratio:>7.3}  {:.2} {:.2}",
                case.name,
                ratios[0],
                ratios[ratios.len() - 1]
            );
        }
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Commands a second of redis-benchmark, and of the strategy. The other one goes first in each round.
fn in_turns(
    case: &Case,
    round: usize,
    launch: &Launch,
    connections: usize,
    commands: usize,
) -> Fallible<(f64, f64)> {
    let benchmark = || redis_benchmark(&PrivateRedis::start(launch)?, case, connections, commands);
    let ours = || match case.act {
        Act::TimePass => time_pass(connections, commands, round as u64),
        act => strategy(&PrivateRedis::start(launch)?, case, act, connections, commands, round as u64),
    };
    match round % 2 {
        0 => Ok((benchmark()?, ours()?)),
        _ => {
            let ours = ours()?;
            Ok((benchmark()?, ours))
        }
    }
}

fn redis_benchmark(redis: &PrivateRedis, case: &Case, connections: usize, commands: usize) -> Fallible<f64> {
    // Four letters and twelve digits: 16 bytes. The range is an int, and large enough that few keys come twice.
    let words = case.command.iter().map(|word| if *word == KEY { "key:__rand_int__" } else { word });
    let output = Command::new("redis-benchmark")
        .arg("-s")
        .arg(redis.dir().join("redis.sock"))
        .args(["-c", &connections.to_string(), "-P", &BATCH.to_string(), "-n", &commands.to_string()])
        .args(["-r", "2000000000", "--csv"])
        .args(words)
        .output()
        .map_err(|error| format!("redis-benchmark: {error} (apt-get install redis-tools)"))?;
    let text = String::from_utf8(output.stdout)?;
    let rate = text.lines().last().and_then(|line| line.rsplit("\",\"").nth(6)?.parse().ok());
    rate.ok_or_else(|| format!("redis-benchmark printed no rate: {text}").into())
}

fn strategy(
    redis: &PrivateRedis,
    case: &Case,
    act: Act,
    connections: usize,
    commands: usize,
    round: u64,
) -> Fallible<f64> {
    let workers = NonZeroUsize::new(connections).ok_or("no connections")?;
    let strategy = build(redis, case, workers)?;
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
                        carry_out(act, &mut *worker, &pings[..1])?;
                        Ok(worker)
                    });
                    barrier.wait();
                    carry_out(act, &mut *worker?, &pings[1..])
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

fn carry_out(act: Act, worker: &mut dyn Worker, pings: &[Ping]) -> Result<(), Unavailable> {
    if act != Act::Settle {
        return judge(worker, pings);
    }
    let mut settled = Vec::with_capacity(BATCH);
    for batch in pings.chunks(BATCH) {
        settled.clear();
        settled.extend(batch.iter().map(|ping| Settled { ping: *ping, outcome: Outcome::Delivered }));
        worker.settle(&settled, Timestamp::ZERO)?;
    }
    Ok(())
}

/// The closed loop of the time pass, on pings that arrive evenly within one window, so that none expires.
fn time_pass(connections: usize, commands: usize, round: u64) -> Fallible<f64> {
    let workers = NonZeroUsize::new(connections).ok_or("no connections")?;
    let directory = std::env::temp_dir().join(format!("dedup-benches-{}", std::process::id()));
    let rate = closed_loop_rate(workers, commands, round, &directory);
    std::fs::remove_dir_all(&directory)?;
    rate
}

fn closed_loop_rate(workers: NonZeroUsize, commands: usize, round: u64, directory: &Path) -> Fallible<f64> {
    let sizing = sizing();
    let settings = claim::DEFINITION.resolve(&[], &sizing)?;
    let mut environment = Environment::new(claim::DEFINITION, settings, 0, sizing, directory.to_path_buf());
    let failed = |trouble: CellError| format!("{trouble:?}");
    let instance = environment.instance(workers, Timing::FullSpeed).map_err(failed)?;
    let mut pings = pings(round, 0, commands);
    let step = sizing.window / commands as u32;
    for (index, ping) in pings.iter_mut().enumerate() {
        ping.arrival = Timestamp::ZERO.plus(step * index as u32);
    }
    let partitions = Partitions::new(&pings, instance.strategy.routing(), workers, BATCH);
    let paces = (0..workers.get()).map(|_| instance.pace()).collect();
    Ok(closed_loop(instance.strategy.as_ref(), &partitions, paces, Duration::from_secs(60), WarmUp::None)?
        .per_s())
}

fn judge(worker: &mut dyn Worker, pings: &[Ping]) -> Result<(), Unavailable> {
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

fn build(redis: &PrivateRedis, case: &Case, workers: NonZeroUsize) -> Fallible<Box<dyn Strategy>> {
    let sizing = sizing();
    let context = Context {
        workers,
        seed: 0,
        state_dir: redis.dir().to_path_buf(),
        sizing,
        memory_limit: u64::MAX,
        redis: Some(redis.endpoint()),
        server: None,
        store_time_factor: 1.0,
    };
    let given: Vec<_> =
        case.settings.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let settings = case.strategy.resolve(&given, &sizing)?;
    Ok((case.strategy.build)(&settings, &context)?)
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
