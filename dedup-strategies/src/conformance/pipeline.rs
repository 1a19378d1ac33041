//! The least that drives a strategy: workers, one after the other on one thread, that judge, settle and advance.

use std::collections::BTreeMap;

use super::Subject;
use super::load::Batch;
use super::truth::Truth;
use crate::contract::{
    DeliveryId, Outcome, Ping, PingKey, Promise, Routing, Settled, Strategy, Timestamp, Unavailable, Verdict,
    Worker, worker_of,
};

/// Pings whose event happened when they arrived.
pub(super) fn ping(key: PingKey, now: Timestamp, delivery: u64) -> Ping {
    Ping { key, event_time: now, arrival: now, delivery: DeliveryId(delivery) }
}

/// Those of `pings` that were judged [`Verdict::New`], as delivered.
pub(super) fn delivered(pings: &[Ping], verdicts: &[Verdict]) -> Vec<Settled> {
    let new = pings.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::New);
    new.map(|(ping, _)| Settled { ping: *ping, outcome: Outcome::Delivered }).collect()
}

/// A strategy with its workers, what it holds, and the truth about what it was given.
pub(super) struct Pipeline<'a> {
    subject: Subject<'a>,
    pub(super) strategy: Box<dyn Strategy>,
    pub(super) promise: Promise,
    pub(super) truth: Truth,
    /// All that was decided: the verdicts, and the deliveries released, in order.
    pub(super) log: Vec<Decision>,
    workers: Vec<Option<Box<dyn Worker>>>,
    held: BTreeMap<DeliveryId, Ping>,
    offered: u64,
    batches: usize,
}

/// One thing that a strategy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Judged(Verdict),
    Released(DeliveryId),
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(subject: &Subject<'a>, seed: u64, workers: usize) -> Result<Self, String> {
        let strategy = subject.build(seed, workers)?;
        let promise = strategy.promise();
        let mut pipeline = Pipeline {
            subject: *subject,
            strategy,
            promise,
            truth: Truth::new(promise.window),
            log: Vec::new(),
            workers: (0..workers).map(|_| None).collect(),
            held: BTreeMap::new(),
            offered: 0,
            batches: 0,
        };
        (0..workers).try_for_each(|index| pipeline.restart(index))?;
        Ok(pipeline)
    }

    /// Drops a worker's handle, then asks for a new one.
    pub(super) fn restart(&mut self, index: usize) -> Result<(), String> {
        self.workers[index] = None;
        self.workers[index] = Some(self.strategy.worker(index).map_err(in_call("worker"))?);
        Ok(())
    }

    /// Judges a batch, scores it, and lets time pass for every worker. Gives the verdicts in the order of the keys.
    pub(super) fn offer(&mut self, batch: &Batch) -> Result<Vec<Verdict>, String> {
        let now = batch.now;
        self.subject.set_clock(now);
        let pings: Vec<Ping> = batch.keys.iter().map(|key| self.next_ping(*key, now)).collect();
        let mut verdicts = vec![Verdict::InFlight; pings.len()];
        for (worker, share) in self.routed(&pings) {
            let pings: Vec<Ping> = share.iter().map(|at| pings[*at]).collect();
            for (at, verdict) in share.into_iter().zip(self.settled_verdicts(worker, &pings, now)?) {
                verdicts[at] = verdict;
            }
        }
        for (ping, verdict) in pings.iter().zip(&verdicts) {
            self.truth.score(ping, *verdict, now);
            self.log.push(Decision::Judged(*verdict));
        }
        self.truth.settled(now);
        self.advance(now)?;
        self.batches += 1;
        Ok(verdicts)
    }

    pub(super) fn offer_all(&mut self, batches: &[Batch]) -> Result<(), String> {
        batches.iter().try_for_each(|batch| self.offer(batch).map(drop))
    }

    /// Lets time pass for every worker.
    pub(super) fn advance(&mut self, now: Timestamp) -> Result<(), String> {
        for index in 0..self.workers.len() {
            let mut released = Vec::new();
            self.worker(index).advance(now, &mut released).map_err(in_call("advance"))?;
            let settled: Vec<_> =
                released.iter().map(|ping| Settled { ping: *ping, outcome: Outcome::Delivered }).collect();
            for ping in released {
                match self.held.remove(&ping.delivery) {
                    Some(held) if held == ping => self.log.push(Decision::Released(ping.delivery)),
                    Some(held) => return Err(format!("it held {held:?} and released {ping:?} in its place")),
                    None => return Err(format!("it released {ping:?}, which it did not hold (any more)")),
                }
            }
            self.worker(index).settle(&settled, now).map_err(in_call("settle"))?;
        }
        Ok(())
    }

    /// Ends the input: everything held must come out, and nothing after that.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.advance(Timestamp::END)?;
        if let Some(ping) = self.held.values().next() {
            return Err(format!(
                "{} held pings were never released, not at the end of the input either; the first: {ping:?}",
                self.held.len()
            ));
        }
        self.advance(Timestamp::END)
    }

    /// Whether promises about misses and losses were kept so far.
    pub(super) fn check_promises(&self) -> Result<(), String> {
        self.check_missed()?;
        self.check_lost()
    }

    pub(super) fn check_missed(&self) -> Result<(), String> {
        self.truth.missed.check(self.promise.missed, "copies that the promise covers were let through")
    }

    pub(super) fn check_lost(&self) -> Result<(), String> {
        self.truth.lost.check(self.promise.lost, "new keys were dropped as duplicates")
    }

    fn next_ping(&mut self, key: PingKey, now: Timestamp) -> Ping {
        self.offered += 1;
        ping(key, now, self.offered)
    }

    /// Which worker judges which of `pings`: by key, or the next worker in turn. Every worker is given a batch, even
    /// an empty one.
    fn routed(&self, pings: &[Ping]) -> Vec<(usize, Vec<usize>)> {
        let workers = self.workers.len();
        let mut shares: Vec<_> = (0..workers).map(|worker| (worker, Vec::new())).collect();
        for (at, ping) in pings.iter().enumerate() {
            let worker = match self.strategy.routing() {
                Routing::ByKey => worker_of(ping.key, workers),
                Routing::Any => self.batches % workers,
            };
            shares[worker].1.push(at);
        }
        shares
    }

    /// Judges until nothing is in flight: a worker settles what it let through, and what waited for that comes again.
    fn settled_verdicts(
        &mut self,
        worker: usize,
        pings: &[Ping],
        now: Timestamp,
    ) -> Result<Vec<Verdict>, String> {
        let mut verdicts = self.judge(worker, pings, now)?;
        self.worker(worker).settle(&delivered(pings, &verdicts), now).map_err(in_call("settle"))?;
        let waiting: Vec<usize> = (0..pings.len()).filter(|at| verdicts[*at] == Verdict::InFlight).collect();
        if !waiting.is_empty() {
            let again: Vec<Ping> = waiting.iter().map(|at| pings[*at]).collect();
            for (at, verdict) in waiting.into_iter().zip(self.judge(worker, &again, now)?) {
                if verdict != Verdict::Duplicate {
                    let key = pings[at].key.as_u128();
                    return Err(format!(
                        "key {key:032x} was in flight, and {verdict:?} after the other copy had been delivered"
                    ));
                }
                verdicts[at] = verdict;
            }
        }
        Ok(verdicts)
    }

    /// Calls `judge` and checks that it appended one verdict for each ping and left the others alone.
    fn judge(&mut self, worker: usize, pings: &[Ping], now: Timestamp) -> Result<Vec<Verdict>, String> {
        const THERE_BEFORE: [Verdict; 3] = [Verdict::Late, Verdict::Held, Verdict::InFlight];
        let mut verdicts = THERE_BEFORE.to_vec();
        self.worker(worker).judge(pings, now, &mut verdicts).map_err(in_call("judge"))?;
        if !verdicts.starts_with(&THERE_BEFORE) {
            return Err("judge changed verdicts that were there before".into());
        }
        let verdicts = verdicts.split_off(THERE_BEFORE.len());
        if verdicts.len() != pings.len() {
            return Err(format!("judge gave {} verdicts for {} pings", verdicts.len(), pings.len()));
        }
        let held = pings.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Held);
        self.held.extend(held.map(|(ping, _)| (ping.delivery, *ping)));
        Ok(verdicts)
    }

    fn worker(&mut self, index: usize) -> &mut dyn Worker {
        self.workers[index].as_deref_mut().expect("a worker is only missing while it restarts")
    }
}

fn in_call(call: &'static str) -> impl Fn(Unavailable) -> String {
    move |error| format!("{call} failed: {error}")
}
