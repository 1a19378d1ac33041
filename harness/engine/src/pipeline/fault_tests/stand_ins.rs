//! A strategy, its host, a source and a sink, of which everything is known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_strategies::{
    Footprint, Outcome, Ping, PingKey, Promise, Routing, Settled, Strategy, Timestamp, Unavailable, Verdict,
    Window, Worker,
};
use dedup_stream::stream::{Event, Source, SourceError};

use super::WINDOW;
use crate::faults::State;
use crate::pipeline::{Host, Sink};
use crate::servers::StoreControl;

/// When an id is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// At the check, for good.
    Claim,
    /// When it was delivered.
    AfterDelivery,
    /// At the check for some seconds, and for good when it was delivered.
    Lease,
}

/// What was asked of a strategy, and what it said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said {
    Judged { key: PingKey, event_time: Timestamp, verdict: Verdict, now: Timestamp },
    Settled { key: PingKey, now: Timestamp },
    Failed { event_time: Timestamp, now: Timestamp },
    Delivered { unique: u64, event_time: Timestamp, at: Timestamp },
}

#[derive(Clone)]
pub(super) struct Marker {
    mark: Mark,
    /// Until when an id is known, and whether another copy may wait for it.
    known: Arc<Mutex<BTreeMap<PingKey, (Timestamp, bool)>>>,
    log: Arc<Mutex<Vec<Said>>>,
}

impl Marker {
    pub(super) fn new(mark: Mark, log: &Arc<Mutex<Vec<Said>>>) -> Marker {
        Marker { mark, known: Arc::default(), log: Arc::clone(log) }
    }

    fn judge_one(&self, key: PingKey, now: Timestamp) -> Verdict {
        let mut known = self.known.lock().unwrap();
        match known.get(&key).filter(|(until, _)| now < *until) {
            Some((_, true)) => return Verdict::InFlight,
            Some((_, false)) => return Verdict::Duplicate,
            None => {}
        }
        match self.mark {
            Mark::Claim => drop(known.insert(key, (now.plus(WINDOW), false))),
            Mark::Lease => drop(known.insert(key, (now.plus(Duration::from_secs(10)), true))),
            Mark::AfterDelivery => {}
        }
        Verdict::New
    }

    /// The key is nobody's any more, where it was on lease.
    fn give_back(&self, key: PingKey) {
        let mut known = self.known.lock().unwrap();
        if known.get(&key).is_some_and(|(_, leased)| *leased) {
            known.remove(&key);
        }
    }
}

impl Strategy for Marker {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise::remembering(match self.mark {
            Mark::Claim => Window::Since(WINDOW),
            Mark::AfterDelivery | Mark::Lease => Window::SinceMarked(WINDOW),
        })
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Marker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        for ping in pings {
            let verdict = self.judge_one(ping.key, now);
            let said = Said::Judged { key: ping.key, event_time: ping.event_time, verdict, now };
            self.log.lock().unwrap().push(said);
            verdicts.push(verdict);
        }
        Ok(())
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        for Settled { ping, outcome } in settled {
            if *outcome == Outcome::Failed {
                self.log.lock().unwrap().push(Said::Failed { event_time: ping.event_time, now });
                self.give_back(ping.key);
                continue;
            }
            self.log.lock().unwrap().push(Said::Settled { key: ping.key, now });
            if self.mark != Mark::Claim {
                self.known.lock().unwrap().insert(ping.key, (now.plus(WINDOW), false));
            }
        }
        Ok(())
    }
}

/// A strategy that forgets everything when it is built again without its state.
pub(super) struct Hosted {
    pub(super) marker: Marker,
}

impl Host for Hosted {
    fn strategy(&self) -> &dyn Strategy {
        &self.marker
    }

    fn restart(&mut self, state: State) -> Result<(), Unavailable> {
        if state == State::Lost {
            self.marker.known = Arc::default();
        }
        Ok(())
    }

    fn store(&mut self) -> Option<&mut dyn StoreControl> {
        None
    }
}

pub(super) struct Log(pub(super) Arc<Mutex<Vec<Said>>>);

impl Sink for Log {
    fn deliver(&mut self, event: &Event, at: Timestamp) {
        let said = Said::Delivered { unique: event.origin.unique, event_time: event.event_time, at };
        self.0.lock().unwrap().push(said);
    }
}

pub(super) struct Script {
    pub(super) events: std::vec::IntoIter<Event>,
    pub(super) causes: Vec<String>,
}

impl Source for Script {
    fn causes(&self) -> &[String] {
        &self.causes
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        events.extend(self.events.by_ref().take(limit));
        Ok(())
    }
}
