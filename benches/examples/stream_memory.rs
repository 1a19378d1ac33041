//! What stream, pipeline and truth take of memory: the peak of a whole verify pass around `noop`, for streams of two
//! lengths, each in a process of its own. It may grow by two bits a unique, and by what is still to be repeated.
//!
//! `cargo run --release -p dedup-benches --example stream_memory [SCENARIO]`

use std::process::Command;

use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::process::peak_rss_bytes;
use dedup_harness::strategies::Window;
use dedup_harness::strategies::strategies::noop::Noop;
use dedup_stream::scenario::{self, Length, Scenario};
use dedup_stream::stream::Source;
use dedup_stream::truth::Truth;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "mozilla-client-retry".to_string());
    match arguments.next() {
        Some(pings) => measure(&name, pings.parse().expect("a number of pings")),
        None => [1_000_000u64, 10_000_000, 100_000_000].iter().for_each(|pings| in_a_process(&name, *pings)),
    }
}

fn in_a_process(name: &str, pings: u64) {
    let program = std::env::current_exe().expect("this program has a path");
    let status = Command::new(program).args([name, &pings.to_string()]).status().expect("it can be started");
    assert!(status.success());
}

fn measure(name: &str, pings: u64) {
    let mut scenario: Scenario = scenario::find(name).unwrap_or_else(|error| panic!("{error}")).remove(0);
    scenario.shape.length = Length::Pings(pings);
    let mut stream = scenario.stream(scenario.seed);
    let truth =
        Truth::new(Window::Nothing, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let mut pipeline = Pipeline::new(&scenario.pipeline, &Noop, truth, Box::new(Free), scenario.start())
        .unwrap_or_else(|error| panic!("{error}"));
    while pipeline.run(&mut stream, 1 << 20).unwrap_or_else(|error| panic!("{error}")) {}
    let uniques = pipeline.truth().counts().uniques;
    println!(
        "{name}: {pings:>11} pings, {uniques:>10} uniques: peak {:.1} MB (two bits a unique are {:.1} MB)",
        peak_rss_bytes() as f64 / 1e6,
        uniques as f64 / 4.0 / 1e6
    );
}
