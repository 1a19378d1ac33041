//! A virtual day at Mozilla's documented rate, 16,000 pings a second, through one strategy: the time it takes and the
//! memory it holds, stream, pipeline and truth included.
//!
//! `cargo run --release -p dedup-benches --example full_day [STRATEGY[:SETTINGS]] [HOURS] [PIPELINES]`
//!
//! There are four workers. With two pipelines, the default, each has two of them, half of the pings, half of the `ids` that are
//! given, a state of its own, and a thread on which it makes the stream and takes its half: that is how a strategy whose pings
//! are routed by key is spread over two cores. With one pipeline the stream is made on the second core, as in the verify pass.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::strategies::structures::id_catalogue::bytes_for;
use dedup_harness::strategies::{Context, Definition, Footprint, Routing, STRATEGIES, Strategy};
use dedup_stream::scenario::{PipelineConfig, Scenario};
use dedup_stream::stream::{Ahead, Event, Origin, Source, SourceError};
use dedup_stream::truth::{Counts, Truth};

const RATE: f64 = 16_000.0;
const WORKERS: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let strategy = arguments.next().unwrap_or_else(|| "pubsubio".to_string());
    let hours: f64 = arguments.next().map_or(24.0, |hours| hours.parse().expect("hours are a number"));
    let pipelines: usize = arguments.next().map_or(2, |count| count.parse().expect("pipelines are a number"));
    assert!([1, 2, 4].contains(&pipelines), "four workers are shared out to 1, 2 or 4 pipelines");
    let chosen = Chosen::of(&strategy, pipelines as u64);
    let name = chosen.definition.name;
    let scenario = scenario(hours);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let began = Instant::now();
    let parts: Vec<Part> = std::thread::scope(|scope| {
        let start = |index| {
            let (chosen, scenario, directory) = (&chosen, &scenario, directory.path());
            scope.spawn(move || run(chosen, scenario, directory, index, pipelines))
        };
        let running: Vec<_> = (0..pipelines).map(start).collect();
        running.into_iter().map(|part| part.join().expect("no pipeline panics")).collect()
    });
    let took = began.elapsed().as_secs_f64();
    let sum = |count: fn(&Counts) -> u64| parts.iter().map(|part| count(&part.counts)).sum::<u64>();
    let pings = sum(|counts| counts.pings);
    println!(
        "{name}: {} M pings in {took:.1} s by {pipelines} pipelines, {:.1} M/s, {:.0} ns a ping; missed {}, in window {}, \
         lost {}",
        pings / 1_000_000,
        pings as f64 / took / 1e6,
        took * 1e9 / pings as f64,
        sum(|counts| counts.missed),
        sum(|counts| counts.missed_in_window),
        sum(|counts| counts.lost),
    );
    let ids: u64 = parts.iter().map(|part| part.most.ids).sum();
    let bytes: u64 = parts.iter().map(|part| part.most.bytes).sum();
    println!(
        "most held: {} M ids in {} MB, {:.1} B an id",
        ids / 1_000_000,
        bytes / 1_000_000,
        bytes as f64 / ids.max(1) as f64
    );
    if name == "pubsubio" {
        let needed = bytes_for((RATE * 600.0) as u64);
        println!(
            "a 10-minute window needs {} MB by its formula; held {:.3} of that",
            needed / 1_000_000,
            bytes as f64 / needed as f64
        );
    }
}

/// A strategy, and the settings of one pipeline's share of it.
struct Chosen {
    definition: &'static Definition,
    given: Vec<(String, String)>,
}

impl Chosen {
    fn of(text: &str, pipelines: u64) -> Self {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let definition = STRATEGIES.iter().find(|definition| definition.name == name);
        let given = settings.split(',').filter_map(|setting| setting.split_once('=')).map(|(name, value)| {
            let value = match name {
                "ids" => {
                    let ids: u64 = value.replace('_', "").parse().expect("ids are a number");
                    (ids / pipelines).to_string()
                }
                _ => value.to_string(),
            };
            (name.to_string(), value)
        });
        Chosen { definition: definition.expect("a strategy's name"), given: given.collect() }
    }
}

/// What one pipeline came to.
struct Part {
    counts: Counts,
    most: Footprint,
}

fn run(chosen: &Chosen, scenario: &Scenario, directory: &Path, index: usize, pipelines: usize) -> Part {
    let workers = NonZeroUsize::new(WORKERS / pipelines).expect("a pipeline has a worker");
    let strategy = build(chosen, scenario, workers, directory.join(index.to_string()));
    let whole = Box::new(scenario.stream(1));
    let mut stream: Box<dyn Source> = match pipelines {
        1 => Box::new(Ahead::of(whole)),
        _ => {
            assert!(
                strategy.routing() == Routing::ByKey,
                "{} needs all keys together",
                chosen.definition.name
            );
            Box::new(Share { whole, events: Vec::new(), index: index as u64, of: pipelines as u64 })
        }
    };
    let promise = strategy.promise();
    let truth =
        Truth::new(promise.window, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let config = PipelineConfig { workers, ..scenario.pipeline };
    let mut pipeline = Pipeline::new(&config, strategy.as_ref(), truth, Box::new(Free), scenario.start())
        .unwrap_or_else(|error| panic!("{error}"));
    let (mut most, began) = (strategy.footprint(), Instant::now());
    while pipeline.run(stream.as_mut(), 1 << 24).unwrap_or_else(|error| panic!("{error}")) {
        let held = strategy.footprint();
        if held.bytes > most.bytes {
            most = held;
        }
        eprintln!(
            "pipeline {index}: {:>6.0} M pings, {:>5.1} s, {} M ids held",
            pipeline.truth().counts().pings as f64 / 1e6,
            began.elapsed().as_secs_f64(),
            held.ids / 1_000_000
        );
    }
    let ended = pipeline.finish().unwrap_or_else(|error| panic!("{error}"));
    Part { counts: *ended.truth.counts(), most }
}

/// Every second ping of a stream, say, with all of its copies, numbered anew: a truth keeps something for each number.
struct Share<S> {
    whole: Box<S>,
    events: Vec<Event>,
    index: u64,
    of: u64,
}

impl<S: Source> Source for Share<S> {
    fn causes(&self) -> &[String] {
        self.whole.causes()
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        let before = events.len();
        while events.len() == before {
            self.events.clear();
            self.whole.fill(limit, &mut self.events)?;
            if self.events.is_empty() {
                return Ok(());
            }
            let ours = self.events.iter().filter(|event| event.origin.unique % self.of == self.index);
            events.extend(ours.map(|event| {
                let origin = Origin { unique: event.origin.unique / self.of, ..event.origin };
                Event { origin, ..*event }
            }));
        }
        Ok(())
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

fn build(
    chosen: &Chosen,
    scenario: &Scenario,
    workers: NonZeroUsize,
    state_dir: std::path::PathBuf,
) -> Box<dyn Strategy> {
    let sizing = scenario.sizing();
    let context = Context {
        workers,
        seed: 1,
        state_dir,
        sizing,
        memory_limit: 16 << 30,
        redis: None,
        server: None,
        store_time_factor: 1.0,
    };
    let settings =
        chosen.definition.resolve(&chosen.given, &sizing).unwrap_or_else(|error| panic!("{error}"));
    (chosen.definition.build)(&settings, &context).unwrap_or_else(|error| panic!("{error}"))
}
