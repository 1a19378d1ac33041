//! Weigh: what a strategy holds while its window fills, when it is full, and after it has emptied.

mod charged;
mod growth;

use std::time::Duration;

use dedup_strategies::driver::{Driver, Held};
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{DeliveryId, Ping, Promise, Routing, Timestamp, Unavailable, Worker, worker_of};
use dedup_stream::stream::{Event, Id};
use dedup_stream::workload::Workload;

use crate::alloc;
use crate::environment::{CellError, Instance, Timing};
use crate::passes::Bench;
use crate::pipeline::{Pace, TICK};
use crate::record::{MemoryOverTime, WeighFigures};
use charged::{Charged, Payloads};

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
    let mut scale = Scale::new(&instance, workload.payload_bytes(), workers.get(), bench.environment.alive)?;
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
    Ok(figures(scale, &promise, window, emptied_bytes))
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
    over_time: MemoryOverTime,
    /// Pings judged until each sample.
    judged: Vec<u64>,
    /// Called whenever a worker has done something.
    alive: fn(),
}

impl<'a> Scale<'a> {
    fn new(
        instance: &'a Instance,
        payload_bytes: u64,
        workers: usize,
        alive: fn(),
    ) -> Result<Self, CellError> {
        let strategy = instance.strategy.as_ref();
        let server_before = instance.server_used_bytes();
        Ok(Scale {
            instance,
            routing: strategy.routing(),
            workers: alloc::charged(|| {
                (0..workers).map(|index| strategy.worker(index).map(Charged)).collect::<Result<_, _>>()
            })?,
            pace: instance.pace(),
            batches: vec![Vec::new(); workers],
            driver: Driver::default(),
            payloads: Payloads::new(payload_bytes as usize),
            deliveries: 0,
            now: Timestamp::ZERO,
            next_tick: Timestamp::ZERO,
            server_before,
            server_peak: server_before.map(|_| 0),
            over_time: MemoryOverTime::default(),
            judged: Vec::new(),
            alive,
        })
    }

    /// Has the workers judge `events`, a batch each.
    fn load(&mut self, events: &[Event]) -> Result<(), CellError> {
        let Some(last) = events.last() else { return Ok(()) };
        self.now = self.pace.reach(last.at);
        for (index, event) in events.iter().enumerate() {
            let Id::Key(key) = event.id else { continue };
            let worker = match self.routing {
                Routing::Any => index * self.workers.len() / events.len(),
                Routing::ByKey => worker_of(key, self.workers.len()),
            };
            let delivery = DeliveryId(self.deliveries);
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
    let fullest = (0..series.ids_count.len()).max_by_key(|index| series.ids_count[*index]);
    let (ids, bytes) = fullest.map_or((0, 0), |index| (series.ids_count[index], series.live_bytes[index]));
    WeighFigures {
        bytes_per_id: (ids > 0).then(|| bytes as f64 / ids as f64),
        peak_ids_count: ids,
        live_bytes: alloc::peak_bytes(),
        emptied_bytes,
        peak_rss_bytes: crate::process::peak_rss_bytes(),
        server_used_bytes: scale.server_peak,
        judgement: growth::judge(promise, window, series, &scale.judged),
        over_time: scale.over_time,
    }
}
