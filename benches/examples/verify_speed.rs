//! How fast the verify pass is with nothing to deduplicate: stream, pipeline and truth around `noop`, on one core.
//!
//! `cargo run --release -p dedup-benches --example verify_speed [SCENARIO]`

use std::time::Instant;

use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::strategies::strategies::noop::Noop;
use dedup_harness::strategies::{Strategy, Window};
use dedup_stream::scenario;
use dedup_stream::stream::Source;
use dedup_stream::truth::Truth;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mozilla-client-retry".to_string());
    let found = scenario::find(&name).unwrap_or_else(|error| panic!("{error}"));
    let scenario = &found[0];
    let mut rates: Vec<f64> = (0..5).map(|round| run(scenario, round)).collect();
    rates.sort_by(f64::total_cmp);
    let [least, .., most] = rates[..] else { unreachable!("five rounds") };
    println!(
        "{}: noop through verify {:.1} M pings/s (median of 5; {least:.1} to {most:.1})",
        scenario.name, rates[2]
    );
}

fn run(scenario: &scenario::Scenario, seed: u64) -> f64 {
    let mut stream = scenario.stream(seed);
    let window: Window = Noop.promise().window;
    let truth = Truth::new(window, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let began = Instant::now();
    let mut pipeline = Pipeline::new(&scenario.pipeline, &Noop, truth, Box::new(Free), scenario.start())
        .unwrap_or_else(|error| panic!("{error}"));
    while pipeline.run(&mut stream, 1 << 20).unwrap_or_else(|error| panic!("{error}")) {}
    let ended = pipeline.finish().unwrap_or_else(|error| panic!("{error}"));
    ended.truth.counts().pings as f64 / began.elapsed().as_secs_f64() / 1e6
}
