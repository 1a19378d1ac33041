//! A long stream through every embedded strategy: its memory must be flat.
//!
//! `cargo run -p dedup-strategies --example soak [-- PINGS [SECONDS [NAME]]]`
//!
//! Each strategy has a process of its own, and stops after as many pings (a hundred million) or seconds (30). The first fifth,
//! and three windows at least, fill it. Of what follows, the second half may have a higher peak of resident memory than the first by
//! a twentieth and 4 MiB, no more.

use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use dedup_strategies::driver::{Driver, Tally};
use dedup_strategies::hash::mix;
use dedup_strategies::{
    Context, Definition, DeliveryId, Needs, Ping, PingKey, STRATEGIES, Sizing, Timestamp,
};

const BATCH: u64 = 64;
const IDS_IN_WINDOW: u64 = 100_000;
const WINDOW: Duration = Duration::from_secs(600);
/// One ping in so many repeats one of the last half window.
const REPEATS: u64 = 10;
/// Looks at memory, a run.
const LOOKS: usize = 50;
/// What may come on top of a twentieth: an allocator's own whims.
const SLACK_KIB: u64 = 4096;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| words.get(at).map_or(Ok(otherwise), |word| word.parse());
    let (pings, seconds) = (number(0, 100_000_000)?, number(1, 30)?);
    if let Some(name) = words.get(2) {
        let definition = STRATEGIES.iter().find(|one| one.name == name).ok_or("no such strategy")?;
        return soak(definition, pings, Duration::from_secs(seconds));
    }
    println!(
        "| strategy | pings | peak of the first half, KiB | of the second | |\n|---|---:|---:|---:|---|"
    );
    let mut all_flat = true;
    for definition in STRATEGIES.iter().filter(|one| one.needs == Needs::Nothing) {
        let mut one = Command::new(std::env::current_exe()?);
        let status =
            one.args([pings.to_string(), seconds.to_string(), definition.name.to_string()]).status()?;
        all_flat &= status.success();
    }
    Ok(if all_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn soak(definition: &Definition, most: u64, longest: Duration) -> Result<ExitCode, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let sizing = Sizing { window: WINDOW, ids_in_window: IDS_IN_WINDOW, ids_total: most };
    let context = Context { state_dir: directory.path().to_path_buf(), ..Context::embedded(sizing) };
    let strategy = definition.open(&[], &context)?;
    let mut worker = strategy.worker(0)?;
    let (mut driver, mut held) = (Driver::default(), Tally::default());
    let (began, mut looks, mut pings) = (Instant::now(), Vec::new(), 0);
    let mut batch = Vec::new();
    // By pings or by time, whichever is nearer to its end.
    let done =
        |pings: u64| (pings as f64 / most as f64).max(began.elapsed().as_secs_f64() / longest.as_secs_f64());
    while done(pings) < 1.0 {
        batch.clear();
        batch.extend((pings..pings + BATCH).map(ping));
        let now = batch[BATCH as usize - 1].arrival;
        let _ = driver.judge(worker.as_mut(), &batch, now, &mut held)?.all()?;
        driver.advance(worker.as_mut(), now, &mut held)?;
        pings += BATCH;
        let full = done(pings) >= 0.2 && pings >= 3 * IDS_IN_WINDOW;
        if full && done(pings) >= looks.len() as f64 / LOOKS as f64 * 0.8 + 0.2 {
            looks.push(resident_kib()?);
        }
    }
    let (first, second) = looks.split_at(looks.len() / 2);
    let (Some(first), Some(second)) = (first.iter().max(), second.iter().max()) else {
        println!("| `{}` | {pings} | | | too short to tell |", definition.name);
        return Ok(ExitCode::FAILURE);
    };
    let flat = *second <= first + first / 20 + SLACK_KIB;
    let word = if flat { "flat" } else { "**grows**" };
    println!("| `{}` | {pings} | {first} | {second} | {word} |", definition.name);
    Ok(if flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The `at`-th ping: evenly spaced, most of them new.
fn ping(at: u64) -> Ping {
    let is_copy = at % REPEATS == REPEATS - 1;
    let of = if is_copy { at.saturating_sub(1 + mix(at) % (IDS_IN_WINDOW / 2)) } else { at };
    let arrival = Timestamp::ZERO.plus(spacing(at));
    let key = PingKey::from_u128(u128::from(mix(of)) << 64 | u128::from(of));
    Ping { key, event_time: arrival, arrival, delivery: DeliveryId(at) }
}

/// When it comes: a window has as many pings as ids.
fn spacing(at: u64) -> Duration {
    Duration::from_nanos(at * (WINDOW.as_nanos() as u64 / IDS_IN_WINDOW))
}

fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().next().ok_or("no VmRSS")?.parse()?)
}
