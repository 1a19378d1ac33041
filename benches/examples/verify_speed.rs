//! How fast the verify pass is with nothing to deduplicate: stream, pipeline and truth around `noop`, on one core.
//!
//! `cargo run --release -p dedup-benches --example verify_speed [SCENARIO]`
//!
//! By the clock on the wall, and by the time of the processor, which other work on the machine changes little.

use std::time::{Duration, Instant};

use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::strategies::strategies::noop::Noop;
use dedup_harness::strategies::{Strategy, Window};
use dedup_stream::scenario;
use dedup_stream::stream::Source;
use dedup_stream::truth::Truth;

/// Odd, so that one is in the middle.
const ROUNDS: u64 = 5;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mozilla-client-retry".to_string());
    let found = scenario::find(&name).unwrap_or_else(|error| panic!("{error}"));
    let scenario = &found[0];
    let rounds: Vec<Round> = (0..ROUNDS).map(|seed| run(scenario, seed)).collect();
    println!(
        "{}: noop through verify {} M pings/s, {} ns a ping of processor time (median of {ROUNDS}; least to most)",
        scenario.name,
        spread(rounds.iter().map(|round| round.pings / round.wall.as_secs_f64() / 1e6)),
        spread(rounds.iter().map(|round| round.processor.as_secs_f64() * 1e9 / round.pings)),
    );
}

/// What one stream took.
struct Round {
    pings: f64,
    wall: Duration,
    processor: Duration,
}

fn run(scenario: &scenario::Scenario, seed: u64) -> Round {
    let mut stream = scenario.stream(seed);
    let window: Window = Noop.promise().window;
    let truth = Truth::new(window, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let (began, before) = (Instant::now(), processor_time());
    let mut pipeline = Pipeline::new(&scenario.pipeline, &Noop, truth, Box::new(Free), scenario.start())
        .unwrap_or_else(|error| panic!("{error}"));
    while pipeline.run(&mut stream, 1 << 20).unwrap_or_else(|error| panic!("{error}")) {}
    let ended = pipeline.finish().unwrap_or_else(|error| panic!("{error}"));
    Round {
        pings: ended.truth.counts().pings as f64,
        wall: began.elapsed(),
        processor: processor_time() - before,
    }
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn spread(figures: impl Iterator<Item = f64>) -> String {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let [least, .., most] = figures[..] else { unreachable!("there are several rounds") };
    format!("{:.1} ({least:.1} to {most:.1})", figures[figures.len() / 2])
}
