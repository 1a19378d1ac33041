//! The contract over a flow: a batch of pings and a marker in, and whatever passes comes out before the marker does.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dedup_strategies::protocol::{Hello, Reply, Request};
use dedup_strategies::{
    DeliveryId, Footprint, Hears, Ping, Promise, Routing, Strategy, Timestamp, Unavailable, Verdict, Worker,
};
use parking_lot::Mutex;

use crate::passed::{Came, Passed};
use crate::process::{NotStarted, Process, Start};

/// Pings that go in one frame, at most: what a reader has to hold at once.
const IN_A_FRAME: usize = 1 << 14;

/// A system in the shape *flow*: one process, which deals pings out to workers of its own.
pub(crate) struct Flow {
    start: Arc<Start>,
    hello: Hello,
    promise: Promise,
    version: Option<String>,
    stream: Arc<Mutex<Stream>>,
    round_trips: Arc<AtomicU64>,
}

impl Flow {
    /// Starts the process: one that cannot be started is known before the first ping.
    pub(crate) fn open(start: Arc<Start>, hello: Hello, promise: Promise) -> Result<Flow, NotStarted> {
        let stream = Stream::open(&start, &hello)?;
        let version = stream.process.welcome.system.clone();
        let stream = Arc::new(Mutex::new(stream));
        Ok(Flow { start, hello, promise, version, stream, round_trips: Arc::default() })
    }
}

impl Strategy for Flow {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let mut stream = self.stream.lock();
        if stream.process.is_lost() {
            let twice = stream.passed.twice;
            *stream = Stream::open(&self.start, &self.hello)?;
            stream.passed.twice = twice;
        }
        drop(stream);
        let (stream, round_trips) = (Arc::clone(&self.stream), Arc::clone(&self.round_trips));
        Ok(Box::new(FlowWorker { stream, round_trips, lost: None }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        self.promise
    }

    fn footprint(&self) -> Footprint {
        self.stream.lock().footprint()
    }

    fn round_trips(&self) -> Option<u64> {
        Some(self.round_trips.load(Ordering::Relaxed))
    }

    fn emitted_twice(&self) -> Option<u64> {
        Some(self.stream.lock().passed.twice)
    }

    fn system_version(&self) -> Option<String> {
        self.version.clone()
    }

    fn outside_bytes(&self) -> Option<u64> {
        self.stream.lock().process.resident_bytes()
    }
}

/// What one process was told, and what came out of it.
struct Stream {
    process: Process,
    /// Why the batch before could not be done: that stands in the place of its marker.
    failed: Option<Unavailable>,
    passed: Passed,
    markers: u64,
    now: Timestamp,
    footprint: Footprint,
}

impl Stream {
    fn open(start: &Arc<Start>, hello: &Hello) -> Result<Stream, NotStarted> {
        Ok(Stream {
            process: Process::start(start, hello)?,
            failed: None,
            passed: Passed::default(),
            markers: 0,
            now: Timestamp::ZERO,
            footprint: Footprint::default(),
        })
    }

    /// Puts `pings` in with a marker behind them. What has not come out once the marker has is dropped.
    fn put(&mut self, pings: &[Ping], now: Timestamp) -> Result<(), Unavailable> {
        // Threads that judge at once may come in another order than their times.
        self.now = self.now.max(now);
        let (now, first) = (self.now, self.passed.next());
        self.passed.begin(pings.len());
        self.markers += 1;
        let numbered: Vec<Ping> = (first..)
            .zip(pings)
            .map(|(number, ping)| Ping { delivery: DeliveryId(number), ..*ping })
            .collect();
        let frames =
            numbered.chunks(IN_A_FRAME).map(|pings| Request::Pings { now, pings: Cow::Borrowed(pings) });
        let marker = Request::Marker { now, number: self.markers };
        let requests: Vec<Request> = frames.chain([marker]).collect();
        let otherwise = format!("did not let marker {} out", self.markers);
        let failed = self.failed.take();
        let answer = self.asked(&requests, &otherwise);
        self.failed = answer.as_ref().err().cloned();
        match answer? {
            Reply::Marker(number) if number == self.markers => Ok(()),
            Reply::Marker(other) => {
                failed.into_iter().for_each(|why| self.process.blame(why));
                let what = format!("let marker {other} out where {} is allowed", self.markers);
                Err(self.process.lost(&what))
            }
            other => Err(self.process.unasked(&other, &["passed", "marker"])),
        }
    }

    /// Asks, takes down what comes out meanwhile, and gives what is said that is no ping.
    fn asked(&mut self, requests: &[Request], otherwise: &str) -> Result<Reply, Unavailable> {
        self.process.tell(requests)?;
        loop {
            match self.process.hear(otherwise)? {
                Reply::Passed(numbers) => numbers.into_iter().try_for_each(|number| self.out(number.0))?,
                other => return Ok(other),
            }
        }
    }

    fn out(&mut self, number: u64) -> Result<(), Unavailable> {
        match self.passed.out(number) {
            Came::Right => Ok(()),
            Came::NeverPut => {
                Err(self.process.lost(&format!("let ping {number} out, which was never put in")))
            }
            Came::AfterItsMarker => {
                Err(self.process.lost(&format!("let ping {number} out after the marker behind it")))
            }
        }
    }

    /// What the process says of itself; what it said last, where it cannot be asked.
    fn footprint(&mut self) -> Footprint {
        if self.process.welcome.calls.footprint
            && let Ok(Reply::Footprint(footprint)) =
                self.asked(&[Request::Footprint], "did not say its footprint")
        {
            self.footprint = footprint;
        }
        self.footprint
    }
}

struct FlowWorker {
    stream: Arc<Mutex<Stream>>,
    round_trips: Arc<AtomicU64>,
    /// Why the process will answer nothing any more.
    lost: Option<String>,
}

impl Worker for FlowWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let stream = &mut *self.stream.lock();
        let put = stream.put(pings, now);
        self.lost = stream.process.why_lost();
        put?;
        verdicts.extend(stream.passed.batch().map(|passed| match passed {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        let stream = &mut *self.stream.lock();
        // The first that asks moves the time of all.
        if !stream.process.welcome.calls.advance || now <= stream.now {
            return Ok(());
        }
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let put = stream.put(&[], now);
        self.lost = stream.process.why_lost();
        put
    }

    fn hears(&self) -> Hears {
        Hears { settle: false, advance: self.stream.lock().process.welcome.calls.advance }
    }

    fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }
}
