//! A virtual day at Mozilla's documented rate, 16,000 pings a second, through one strategy: the time it takes and the
//! memory it holds, stream, pipeline and truth included.
//!
//! `cargo run --release -p dedup-benches --example full_day [STRATEGY] [HOURS]`

use std::num::NonZeroUsize;
use std::time::Instant;

use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::scenario::Scenario;
use dedup_harness::strategies::pubsubio::bytes_for;
use dedup_harness::strategies::{Context, STRATEGIES, Settings, Strategy};
use dedup_harness::stream::Source;
use dedup_harness::truth::Truth;

const RATE: f64 = 16_000.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "pubsubio".to_string());
    let hours: f64 = arguments.next().map_or(24.0, |hours| hours.parse().expect("hours are a number"));
    let scenario = scenario(hours);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let strategy = build(&name, &scenario, directory.path().to_path_buf());
    let mut stream = scenario.stream(1);
    let (began, promise) = (Instant::now(), strategy.promise());
    let truth =
        Truth::new(promise.window, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let mut pipeline =
        Pipeline::new(&scenario.pipeline, strategy.as_ref(), truth, Box::new(Free), scenario.start())
            .unwrap_or_else(|error| panic!("{error}"));
    let (mut most, mut fed) = (strategy.footprint(), 0u64);
    while pipeline.run(&mut stream, 1 << 24).unwrap_or_else(|error| panic!("{error}")) {
        fed += 1 << 24;
        let held = strategy.footprint();
        if held.bytes > most.bytes {
            most = held;
        }
        eprintln!(
            "{:>6.0} M pings, {:>5.1} s, {} M ids held",
            fed as f64 / 1e6,
            began.elapsed().as_secs_f64(),
            held.ids / 1_000_000
        );
    }
    let ended = pipeline.finish().unwrap_or_else(|error| panic!("{error}"));
    let (counts, took) = (ended.truth.counts(), began.elapsed().as_secs_f64());
    println!(
        "{name}: {} M pings in {took:.1} s, {:.1} M/s, {:.0} ns a ping; missed {}, in window {}, lost {}",
        counts.pings / 1_000_000,
        counts.pings as f64 / took / 1e6,
        took * 1e9 / counts.pings as f64,
        counts.missed,
        counts.missed_in_window,
        counts.lost,
    );
    println!(
        "most held: {} M ids in {} MB, {:.1} B an id",
        most.ids / 1_000_000,
        most.bytes / 1_000_000,
        most.bytes as f64 / most.ids.max(1) as f64
    );
    if name == "pubsubio" {
        let needed = bytes_for((RATE * 600.0) as u64);
        println!(
            "a 10-minute window needs {} MB by its formula; held {:.3} of that",
            needed / 1_000_000,
            most.bytes as f64 / needed as f64
        );
    }
}

fn scenario(hours: f64) -> Scenario {
    let minutes = (hours * 60.0).round();
    let text = format!(
        "about = \"\"\"\nA virtual day at the rate that Mozilla's notes on pain points give: 16,000 pings a second, one in a \
         thousand of them sent again with the delays measured for Firefox nightly. For measuring how long a strategy \
         takes over it, and what it holds meanwhile; nothing else is to be learnt from it.\n\"\"\"\n\
         duration = \"{minutes}m\"\nwindow = \"10m\"\n[arrival]\nprocess = \"poisson\"\nrate = \"{RATE}/s\"\n\
         [[repeat]]\ncause = \"client retry\"\nshare = 0.001\nlag.cdf = [[\"10m\", 0.33], [\"1h\", 0.49], \
         [\"4h\", 0.64], [\"12h\", 0.77], [\"24h\", 0.95], [\"48h\", 1.0]]\n"
    );
    Scenario::from_toml("full-day.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn build(name: &str, scenario: &Scenario, state_dir: std::path::PathBuf) -> Box<dyn Strategy> {
    let definition = STRATEGIES.iter().find(|definition| definition.name == name).expect("a strategy's name");
    let sizing = scenario.sizing();
    let context = Context {
        workers: NonZeroUsize::new(4).expect("four"),
        seed: 1,
        state_dir,
        sizing,
        memory_limit: 16 << 30,
        redis: None,
        store_time_factor: 1.0,
    };
    let settings = Settings::resolve(definition, &[], &sizing).unwrap_or_else(|error| panic!("{error}"));
    (definition.build)(&settings, &context).unwrap_or_else(|error| panic!("{error}"))
}
