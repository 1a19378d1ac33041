//! The contract, a call a frame.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dedup_strategies::protocol::{Hello, Reply, Request};
use dedup_strategies::{
    DeliveryId, Footprint, Hears, Ping, Promise, Routing, Settled, Strategy, Timestamp, Unavailable, Verdict,
    Worker,
};
use parking_lot::Mutex;

use crate::process::{NotStarted, Process, Start};

/// A system in the shape *judge*: a process for each worker.
///
/// A worker that crashes is a thread that ends: the process stays, as the state of an embedded strategy does. What ends the
/// processes is a restart, for which the strategy is built anew.
pub(crate) struct Judge {
    start: Arc<Start>,
    /// What each worker is greeted with, but for its number.
    hello: Hello,
    routing: Routing,
    promise: Promise,
    version: Option<String>,
    slots: Vec<Arc<Mutex<Slot>>>,
    round_trips: Arc<AtomicU64>,
}

/// The process of one worker, if it was started, and what it holds.
#[derive(Default)]
struct Slot {
    process: Option<Process>,
    held: BTreeMap<DeliveryId, Ping>,
    footprint: Footprint,
}

impl Judge {
    /// Starts all processes: what cannot be started is known before the first ping, and what a process takes before it
    /// holds anything is not weighed.
    pub(crate) fn open(
        start: Arc<Start>,
        hello: Hello,
        routing: Routing,
        promise: Promise,
    ) -> Result<Judge, NotStarted> {
        let slots = (0..hello.workers).map(|worker| Slot::start(&start, &Hello { worker, ..hello.clone() }));
        let slots: Vec<Slot> = slots.collect::<Result<_, _>>()?;
        let version = slots.first().and_then(|slot| slot.process.as_ref()?.welcome.system.clone());
        let slots = slots.into_iter().map(|slot| Arc::new(Mutex::new(slot))).collect();
        Ok(Judge { start, hello, routing, promise, version, slots, round_trips: Arc::default() })
    }
}

impl Strategy for Judge {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let slot = Arc::clone(&self.slots[index]);
        let mut here = slot.lock();
        if here.process.as_ref().is_none_or(Process::is_lost) {
            // The old process is gone before the new one opens the same files.
            *here = Slot::default();
            *here = Slot::start(&self.start, &Hello { worker: index, ..self.hello.clone() })?;
        }
        drop(here);
        Ok(Box::new(JudgeWorker {
            slot,
            unjudged: None,
            lost: None,
            round_trips: Arc::clone(&self.round_trips),
        }))
    }

    fn routing(&self) -> Routing {
        self.routing
    }

    fn promise(&self) -> Promise {
        self.promise
    }

    fn footprint(&self) -> Footprint {
        let mut all = self.slots.iter().map(|slot| slot.lock().footprint());
        match self.routing {
            Routing::ByKey => all.fold(Footprint::default(), |sum, one| Footprint {
                ids: sum.ids + one.ids,
                bytes: sum.bytes + one.bytes,
            }),
            // Each sees all of it.
            Routing::Any => all.next().unwrap_or_default(),
        }
    }

    fn round_trips(&self) -> Option<u64> {
        Some(self.round_trips.load(Ordering::Relaxed))
    }

    fn system_version(&self) -> Option<String> {
        self.version.clone()
    }

    fn outside_bytes(&self) -> Option<u64> {
        let bytes = |slot: &Arc<Mutex<Slot>>| slot.lock().process.as_ref().and_then(Process::resident_bytes);
        Some(self.slots.iter().filter_map(bytes).sum())
    }
}

impl Slot {
    fn start(start: &Arc<Start>, hello: &Hello) -> Result<Slot, NotStarted> {
        Ok(Slot { process: Some(Process::start(start, hello)?), ..Slot::default() })
    }

    /// What the process says of itself; what it said last, where it cannot be asked.
    fn footprint(&mut self) -> Footprint {
        let process = self.process.as_mut().filter(|process| process.welcome.calls.footprint);
        if let Some(Ok(Reply::Footprint(footprint))) = process.map(|process| process.ask(&Request::Footprint))
        {
            self.footprint = footprint;
        }
        self.footprint
    }

    /// A verdict for each ping, and why some have none.
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
    ) -> Result<(Vec<Verdict>, Option<String>), Unavailable> {
        let process = self.process();
        let (given, unjudged) = match process.ask(&Request::Judge { now, pings: Cow::Borrowed(pings) })? {
            Reply::Verdicts { verdicts, unjudged } => (verdicts, unjudged),
            other => return Err(process.unasked(&other, &["verdicts"])),
        };
        if unjudged.is_some() && !given.contains(&Verdict::Unjudged) {
            return Err(process.lost("said why some pings have no verdict, and gave each of them one"));
        }
        if given.len() != pings.len() {
            return Err(process.lost(&format!("gave {} verdicts for {} pings", given.len(), pings.len())));
        }
        let held = pings.iter().zip(&given).filter(|(_, verdict)| **verdict == Verdict::Held);
        self.held.extend(held.map(|(ping, _)| (ping.delivery, *ping)));
        Ok((given, unjudged))
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        let process = self.process();
        match process.ask(&Request::Settle { now, settled: Cow::Borrowed(settled) })? {
            Reply::Done => Ok(()),
            other => Err(process.unasked(&other, &["done"])),
        }
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        let Slot { process: Some(process), held, .. } = self else { return Ok(()) };
        let deliveries = match process.ask(&Request::Advance { now })? {
            Reply::Released(deliveries) => deliveries,
            other => return Err(process.unasked(&other, &["released"])),
        };
        for delivery in deliveries {
            let what = || format!("released delivery {}, which it did not hold (any more)", delivery.0);
            released.push(held.remove(&delivery).ok_or_else(|| process.lost(&what()))?);
        }
        Ok(())
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a worker is handed out with its process")
    }
}

struct JudgeWorker {
    slot: Arc<Mutex<Slot>>,
    unjudged: Option<String>,
    /// Why its process will answer nothing any more.
    lost: Option<String>,
    round_trips: Arc<AtomicU64>,
}

impl JudgeWorker {
    /// Asks, and notes whether there is anything to wait for where that fails.
    fn ask<T>(&mut self, ask: impl FnOnce(&mut Slot) -> Result<T, Unavailable>) -> Result<T, Unavailable> {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let slot = &mut *self.slot.lock();
        let asked = ask(slot);
        self.lost = slot.process.as_ref().and_then(Process::why_lost);
        asked
    }
}

impl Worker for JudgeWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        let (given, unjudged) = self.ask(|slot| slot.judge(pings, now))?;
        self.unjudged = unjudged;
        verdicts.extend_from_slice(&given);
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        let why = self.unjudged.as_deref().unwrap_or("could not judge some pings, and does not say why");
        self.slot.lock().process().says(why)
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        if settled.is_empty() || !self.hears().settle {
            return Ok(());
        }
        self.ask(|slot| slot.settle(settled, now))
    }

    fn hears(&self) -> Hears {
        match &self.slot.lock().process {
            Some(Process { welcome, .. }) => {
                Hears { settle: welcome.calls.settle, advance: welcome.calls.advance }
            }
            None => Hears::ALL,
        }
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        if !self.hears().advance {
            return Ok(());
        }
        self.ask(|slot| slot.advance(now, released))
    }

    fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }
}
