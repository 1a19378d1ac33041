//! A strategy whose server may end by itself: from then on it is asked nothing any more, whatever it would make of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dedup_strategies::{
    Footprint, Hears, HeldPings, Ping, Promise, Routing, Settled, Strategy, Timestamp, Unavailable, Verdict,
    Worker,
};

use crate::servers::Notes;

/// How often it is looked whether the server is still there, where nothing says that it is not.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What stands for it in errors, until the server's obituary takes their place.
const GONE: &str = "its server ended by itself";

/// The strategy, as long as its server has not ended by itself.
pub(super) struct BesideServer {
    strategy: Box<dyn Strategy>,
    end: End,
}

/// Whether the server has ended by itself, by its guard's account.
#[derive(Clone)]
struct End {
    notes: Notes,
    seen: Arc<AtomicBool>,
}

impl End {
    fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    fn look(&self) -> bool {
        if !self.is_seen() && self.notes.ended().is_some() {
            self.seen.store(true, Ordering::Relaxed);
        }
        self.is_seen()
    }
}

impl BesideServer {
    pub(super) fn new(strategy: Box<dyn Strategy>, notes: Notes) -> BesideServer {
        BesideServer { strategy, end: End { notes, seen: Arc::default() } }
    }
}

impl Strategy for BesideServer {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        // Whoever takes the place of one that is lost is lost as well: that no trouble is over for it is known then.
        let worker = match self.end.look() {
            true => None,
            false => match self.strategy.worker(index) {
                Err(_) if self.end.look() => None,
                opened => Some(opened?),
            },
        };
        Ok(Box::new(BesideServerWorker { worker, end: self.end.clone(), looked: Instant::now() }))
    }

    fn routing(&self) -> Routing {
        self.strategy.routing()
    }

    fn promise(&self) -> Promise {
        self.strategy.promise()
    }

    fn footprint(&self) -> Footprint {
        self.strategy.footprint()
    }

    fn held_pings(&self) -> HeldPings {
        self.strategy.held_pings()
    }

    fn round_trips(&self) -> Option<u64> {
        self.strategy.round_trips()
    }

    fn emitted_twice(&self) -> Option<u64> {
        self.strategy.emitted_twice()
    }

    fn system_version(&self) -> Option<String> {
        self.strategy.system_version()
    }

    fn outside_bytes(&self) -> Option<u64> {
        self.strategy.outside_bytes()
    }
}

struct BesideServerWorker {
    /// None where the server had ended before it was opened.
    worker: Option<Box<dyn Worker>>,
    end: End,
    looked: Instant,
}

impl BesideServerWorker {
    /// What comes of a call, unless the server has ended by itself.
    fn ask(
        &mut self,
        ask: impl FnOnce(&mut dyn Worker) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        let gone = || Err(Unavailable(GONE.to_string()));
        let is_due = self.looked.elapsed() >= LOOK_EVERY;
        if is_due {
            self.looked = Instant::now();
        }
        if self.end.is_seen() || is_due && self.end.look() {
            return gone();
        }
        let Some(worker) = &mut self.worker else { return gone() };
        match ask(worker.as_mut()) {
            Err(_) if self.end.look() => gone(),
            answer => answer,
        }
    }
}

impl Worker for BesideServerWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.ask(|worker| worker.judge(pings, now, verdicts))
    }

    fn unjudged(&self) -> Unavailable {
        self.worker.as_ref().map_or_else(|| Unavailable(GONE.to_string()), |worker| worker.unjudged())
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.ask(|worker| worker.settle(settled, now))
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.ask(|worker| worker.advance(now, released))
    }

    fn hears(&self) -> Hears {
        self.worker.as_ref().map_or(Hears::ALL, |worker| worker.hears())
    }

    fn refused(&self) -> Option<&str> {
        self.worker.as_ref().and_then(|worker| worker.refused())
    }

    fn lost(&self) -> Option<&str> {
        match self.end.is_seen() {
            true => Some(GONE),
            false => self.worker.as_ref().and_then(|worker| worker.lost()),
        }
    }
}
