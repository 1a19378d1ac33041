//! Weigh: what a strategy holds while its window fills, when it is full, and after it has emptied.

mod charged;
mod growth;

use std::time::Duration;

use dedup_strategies::driver::{Driver, Held};
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{DeliveryId, Ping, Promise, Routing, Timestamp, Unavailable, Worker, worker_of};
use dedup_stream::scenario::Routed;
use dedup_stream::stream::{Event, Id, Source, SourceError};
use dedup_stream::workload::Workload;
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::alloc;
use crate::environment::{CellError, Instance, Timing};
use crate::passes::Bench;
use crate::pipeline::{Pace, TICK, any_worker};
use crate::record::{MemoryOverTime, WeighFigures};
pub(super) use charged::{Charged, Payloads};

/// Samples over the stream.
const SAMPLES: u64 = 64;

/// The fewest where a store walks its ids to count them, and how many ids it may walk for each ping that it is given:
/// a walk takes about a fifth of the time that a claim does.
const FEWEST_SAMPLES: u64 = 16;
const WALKED_A_PING: u64 = 2;

/// Runs the pass. The process has to count allocations ([`alloc::start_counting`]) from its start.
pub fn run(bench: Bench<'_>) -> Result<WeighFigures, CellError> {
    let workload = bench.workload;
    let workers = workload.pipeline().workers;
    let instance = alloc::charged(|| bench.environment.instance(workers, Timing::Scenario))?;
    let promise = instance.strategy.promise();
    let mut scale = Scale::new(&instance, workload, workers.get(), bench.environment.alive)?;
    let mut source = workload.source(bench.environment.seed)?;
    // An estimate that takes a while to compute, where the length is in pings.
    let length = workload.length();
    let every = length / samples(&instance, workload) as u32;
    let start = workload.start();
    let mut next_sample = start.plus(every);
    let mut events = Vec::new();
    loop {
        events.clear();
        source.fill(workload.pipeline().batch.get() * workers.get(), &mut events)?;
        let Some(last) = events.last() else { break };
        scale.load(&events)?;
        if last.at >= next_sample {
            scale.sample(last.at.since(start));
            next_sample = last.at.plus(every);
        }
        (bench.progress)(last.at.since(start).as_secs_f64() / length.as_secs_f64());
    }
    let window = promise.window.length().unwrap_or(workload.sizing().window);
    scale.sample(scale.now.since(start));
    let emptied_bytes = scale.empty(window)?;
    let mut figures = figures(scale, &promise, window, emptied_bytes);
    figures.planned_bytes = bench.environment.planned_bytes(workers);
    // What counts the ids must not be there while the strategy is weighed.
    drop(instance);
    if let Some(Fullest { at, bytes, .. }) = Fullest::of(&figures.over_time) {
        let mut stretch = Stretch { end: start.plus(at), window, progress: bench.progress };
        let ids = stretch.ids(workload.source(bench.environment.seed)?.as_mut())?;
        figures.window_ids_count = Some(ids);
        figures.bytes_per_id = (ids > 0).then(|| bytes as f64 / ids as f64);
    }
    Ok(figures)
}

/// A window of the stream, by its end.
struct Stretch<'a> {
    end: Timestamp,
    window: Duration,
    progress: &'a mut dyn FnMut(f64),
}

impl Stretch<'_> {
    /// How many distinct ids it holds. Kept as 64-bit hashes: one of a million ids may be taken for another in one of ten
    /// million counts.
    fn ids(&mut self, source: &mut dyn Source) -> Result<u64, SourceError> {
        let mut seen: HashSet<u64, FixedState> = HashSet::default();
        let mut events = Vec::new();
        loop {
            events.clear();
            source.fill(1 << 12, &mut events)?;
            let Some(last) = events.last() else { break };
            let inside =
                events.iter().filter(|event| event.at <= self.end && self.end.since(event.at) < self.window);
            seen.extend(inside.filter_map(|event| match event.id {
                Id::Key(key) => Some(xxh3_64(&key.0)),
                Id::Missing | Id::Invalid(_) => None,
            }));
            (self.progress)(1.0);
            if last.at > self.end {
                break;
            }
        }
        Ok(seen.len() as u64)
    }
}

/// The sample with the most ids, of which there are some.
pub(super) struct Fullest {
    at: Duration,
    pub(super) ids: u64,
    pub(super) bytes: u64,
}

impl Fullest {
    pub(super) fn of(series: &MemoryOverTime) -> Option<Fullest> {
        let index = (0..series.ids_count.len()).max_by_key(|index| series.ids_count[*index])?;
        let (ids, bytes) = (series.ids_count[index], series.live_bytes[index]);
        (ids > 0).then(|| Fullest { at: Duration::from_nanos(series.t_ns[index]), ids, bytes })
    }
}

/// How many samples to take: fewer where each takes time in proportion to what is held.
fn samples(instance: &Instance, workload: &Workload) -> u64 {
    if instance.server_used_bytes().is_none() {
        return SAMPLES;
    }
    let walks = WALKED_A_PING * workload.expected_pings() / workload.sizing().ids_in_window.max(1);
    walks.clamp(FEWEST_SAMPLES, SAMPLES)
}

/// The strategy on the scale.
struct Scale<'a> {
    instance: &'a Instance,
    routing: Routing,
    routed: Routed,
    workers: Vec<Charged>,
    pace: Box<dyn Pace + 'a>,
    batches: Vec<Vec<Ping>>,
    driver: Driver,
    payloads: Payloads,
    deliveries: u64,
    now: Timestamp,
    next_tick: Timestamp,
    server_before: Option<u64>,
    server_peak: Option<u64>,
    programs_before: Option<u64>,
    programs_peak: Option<u64>,
    over_time: MemoryOverTime,
    /// Pings judged until each sample.
    judged: Vec<u64>,
    /// Called whenever a worker has done something.
    alive: fn(),
    /// Half as many pings as the window has ids, and what was held once they were judged.
    half: u64,
    least_bytes: Option<u64>,
}

impl<'a> Scale<'a> {
    fn new(
        instance: &'a Instance,
        workload: &Workload,
        workers: usize,
        alive: fn(),
    ) -> Result<Self, CellError> {
        let strategy = instance.strategy.as_ref();
        let server_before = instance.server_used_bytes();
        let programs_before = instance.programs_bytes();
        Ok(Scale {
            instance,
            routing: strategy.routing(),
            routed: workload.pipeline().routed,
            workers: alloc::charged(|| {
                (0..workers).map(|index| strategy.worker(index).map(Charged)).collect::<Result<_, _>>()
            })?,
            pace: instance.pace(),
            batches: vec![Vec::new(); workers],
            driver: Driver::default(),
            payloads: Payloads::new(workload.payload_bytes() as usize),
            deliveries: 0,
            now: Timestamp::ZERO,
            next_tick: Timestamp::ZERO,
            server_before,
            server_peak: server_before.map(|_| 0),
            programs_before,
            programs_peak: programs_before.map(|_| 0),
            over_time: MemoryOverTime::default(),
            judged: Vec::new(),
            alive,
            half: workload.sizing().ids_in_window / 2,
            least_bytes: None,
        })
    }

    /// Has the workers judge `events`, a batch each.
    fn load(&mut self, events: &[Event]) -> Result<(), CellError> {
        let Some(last) = events.last() else { return Ok(()) };
        self.now = self.pace.reach(last.at);
        for (index, event) in events.iter().enumerate() {
            let Id::Key(key) = event.id else { continue };
            let delivery = DeliveryId(self.deliveries);
            let worker = match (self.routed, self.routing) {
                (Routed::Random, _) => any_worker(key, delivery, self.workers.len()),
                (Routed::ByKey, Routing::Any) => index * self.workers.len() / events.len(),
                (Routed::ByKey, Routing::ByKey) => worker_of(key, self.workers.len()),
            };
            self.deliveries += 1;
            self.batches[worker].push(Ping {
                key,
                event_time: event.event_time,
                arrival: event.at,
                delivery,
            });
        }
        for (worker, batch) in self.workers.iter_mut().zip(&mut self.batches) {
            self.driver.judge(worker, batch, self.now, &mut self.payloads)?.all()?;
            batch.clear();
            (self.alive)();
        }
        if let Some(what) = self.workers.iter().find_map(|worker| worker.refused()) {
            return Err(Unavailable(what.to_string()).into());
        }
        if self.least_bytes.is_none() && self.deliveries >= self.half {
            self.least_bytes = Some(alloc::live_bytes() + self.server_bytes().unwrap_or(0));
        }
        if self.now >= self.next_tick {
            self.advance(self.now)?;
            self.next_tick = self.now.plus(TICK);
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp) -> Result<(), CellError> {
        for worker in &mut self.workers {
            self.driver.advance(worker, now, &mut self.payloads)?;
            (self.alive)();
        }
        Ok(())
    }

    fn sample(&mut self, at: Duration) {
        // Asked for first: to count its ids, a store lets go of those that have expired. In virtual time its own cycle,
        // which runs on real time, has had next to none for that.
        let ids = self.instance.strategy.footprint().ids;
        let server = self.server_bytes();
        self.server_peak = self.server_peak.max(server);
        let programs = self.instance.programs_bytes().zip(self.programs_before);
        self.programs_peak = self.programs_peak.max(programs.map(|(now, before)| now.saturating_sub(before)));
        self.over_time.t_ns.push(saturating_nanos(at));
        self.over_time.live_bytes.push(alloc::live_bytes() + server.unwrap_or(0));
        self.over_time.ids_count.push(ids);
        self.judged.push(self.deliveries);
    }

    fn server_bytes(&self) -> Option<u64> {
        Some(self.instance.server_used_bytes()?.saturating_sub(self.server_before?))
    }

    /// Lets all windows pass without a ping, and weighs again.
    fn empty(&mut self, window: Duration) -> Result<u64, CellError> {
        // Windowed strategies with a watermark and generations need more than one window, in steps.
        for _ in 0..4 {
            self.now = self.pace.reach(self.now.plus(window));
            self.advance(self.now)?;
            for worker in &mut self.workers {
                self.driver.judge(worker, &[], self.now, &mut self.payloads)?.all()?;
            }
        }
        self.advance(Timestamp::END)?;
        self.payloads.nothing_left()?;
        // As for a sample.
        self.instance.strategy.footprint();
        let server = self.instance.settled_server_bytes().zip(self.server_before);
        Ok(alloc::live_bytes() + server.map_or(0, |(used, before)| used.saturating_sub(before)))
    }
}

fn figures(scale: Scale<'_>, promise: &Promise, window: Duration, emptied_bytes: u64) -> WeighFigures {
    let series = &scale.over_time;
    let fullest = Fullest::of(series);
    WeighFigures {
        // Counted and asked for once nothing is weighed any more.
        bytes_per_id: None,
        window_ids_count: None,
        planned_bytes: None,
        least_bytes: scale.least_bytes,
        peak_ids_count: fullest.map_or(0, |fullest| fullest.ids),
        live_bytes: alloc::peak_bytes(),
        emptied_bytes,
        peak_rss_bytes: crate::process::peak_rss_bytes(),
        server_used_bytes: scale.server_peak,
        programs_bytes: scale.programs_peak,
        judgement: growth::judge(promise, window, series, &scale.judged),
        over_time: scale.over_time,
    }
}
